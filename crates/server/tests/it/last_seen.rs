//! When devices were last heard of outlives a crash, but for the last seconds.
//!
//! What a crash leaves is what another connection reads: commits are durable, and all else is gone with the process. A real process is
//! killed in `benches/checkin`.

use std::time::Duration;

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_server::jobs::write_last_seen::WRITTEN_EVERY;
use mainstay_store::Devices as _;
use reqwest::{Method, StatusCode};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tokio::time::timeout;

use crate::gadget::{Gadget, register};
use crate::house::{self, House, PLAN, packed};
use crate::patience::until;

/// A device that said what it runs, and was heard of again later.
async fn heard_twice(house: &House) -> Gadget {
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(house, &["th-1"], &old).await.remove(0);
    gadget.check_in(house, &[]).await;
    house.later(7);
    gadget.check_in(house, &[]).await;
    gadget
}

/// What a server would find that was started after a crash now.
async fn written(house: &House, gadget: &Gadget) -> Option<Timestamp> {
    let id = DeviceId::new(gadget.id.as_str()).unwrap();
    let store = house.data.store().await.unwrap();
    let device = store.device(&id).await.unwrap();
    store.close().await;
    device.expect("it is registered").last_seen
}

#[tokio::test]
async fn it_is_written_within_seconds_whatever_rollouts_do() {
    let house = House::new().await;
    let gadget = heard_twice(&house).await;
    let heard = Some(house.app.now());
    let is_written = async || written(&house, &gadget).await == heard;
    let waited = timeout(WRITTEN_EVERY * 2, until("it is written", is_written)).await;
    assert!(waited.is_ok(), "a crash loses more than ten seconds");
}

/// Another program that writes, so that the server can't, until it is closed.
async fn writes(house: &House) -> SqliteConnection {
    let file = SqliteConnectOptions::new().filename(house.data.database());
    let mut other = SqliteConnection::connect_with(&file).await.unwrap();
    let begun = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await;
    begun.unwrap();
    other
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_any_more_is_done_again() {
    let house = House::unfelt(PLAN).await;
    let gadget = heard_twice(&house).await;
    let other = writes(&house).await;
    let flushed = timeout(Duration::from_millis(100), house.app.flush_last_seen()).await;
    assert!(flushed.is_err(), "somebody else writes");
    other.close().await.unwrap();
    assert_ne!(written(&house, &gadget).await, Some(house.app.now()));
    house.app.flush_last_seen().await;
    assert_eq!(written(&house, &gadget).await, Some(house.app.now()));
}

/// Where when a device was heard of is shown, or counted, and what is to be found there; `NOW` is that moment.
const SHOW_IT: [(&str, &str); 10] = [
    ("/", "<strong>1</strong> reachable"),
    ("/", "NOW"),
    ("/devices", "NOW"),
    ("/devices/th-1", "NOW"),
    ("/api/v1/devices", "NOW"),
    ("/api/v1/devices/th-1", "NOW"),
    ("/api/v1/devices?query=last_seen%20%3E%201m%20ago", "NOW"),
    ("/api/v1/releases/thermo-v2@1.0.0/devices", "NOW"),
    ("/api/v1/service-levels", "\"unreachable\":0"),
    ("/rollouts/1", "1.1.0"),
];

/// Here nobody can write at all, and what everybody sees is true all the same. A month ago it was heard of before.
#[tokio::test]
async fn whoever_looks_sees_it_at_once_and_waits_for_no_write() {
    let house = House::unfelt(PLAN).await;
    let old = house.submit(&house.built("1.0.0", 1, &[])).await;
    assert_eq!(old.status(), StatusCode::CREATED);
    let mut gadget = heard_twice(&house).await;
    house.roll_out(&house.built("1.1.0", 2, &[])).await;
    house.later(40 * 24 * 60);
    gadget.check_in(&house, &[]).await;
    let other = writes(&house).await;
    let now = house.app.now();
    let look = async |path: &str| {
        let asked = house.request(Method::GET, path, &house.tokens.engineer);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    };
    for (path, expected) in SHOW_IT {
        let shown = timeout(Duration::from_secs(5), look(path)).await;
        let shown = shown.unwrap_or_else(|_| panic!("{path} waits for whoever writes"));
        let expected = expected.replace("NOW", &now.to_string());
        assert!(shown.contains(&expected), "{path}: {shown}");
    }
    other.close().await.unwrap();
    assert_ne!(written(&house, &gadget).await, Some(now), "nobody wrote it");
}
