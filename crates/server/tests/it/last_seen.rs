//! When devices were last heard of outlives a crash, but for the last seconds.
//!
//! What a crash leaves is what another connection reads: commits are durable, and all else is gone with the process. A real process is
//! killed in `benches/checkin`.

use std::time::Duration;

use jiff::Timestamp;
use mainstay_api::{DevicePage, DeviceView};
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

/// In which when a device was heard of is shown, or counted.
const SHOW_IT: [&str; 9] = [
    "/",
    "/devices",
    "/devices/th-1",
    "/rollouts/1",
    "/rollouts/1/devices",
    "/api/v1/devices",
    "/api/v1/rollouts/1",
    "/api/v1/service-levels",
    "/api/v1/releases/thermo-v2@1.1.0/devices",
];

/// Here nobody can write at all, and what everybody sees is true all the same.
#[tokio::test]
async fn whoever_looks_sees_it_at_once_and_waits_for_no_write() {
    let house = House::unfelt(PLAN).await;
    let mut gadget = heard_twice(&house).await;
    house.roll_out(&house.built("1.1.0", 2, &[])).await;
    house.later(7);
    gadget.check_in(&house, &[]).await;
    let other = writes(&house).await;
    let engineer = &house.tokens.engineer;
    let looks = async {
        for path in SHOW_IT {
            let answer = house.request(Method::GET, path, engineer).send().await;
            assert_eq!(answer.unwrap().status(), StatusCode::OK, "{path}");
        }
        let lately = "/api/v1/devices?query=last_seen%20%3E%201m%20ago";
        let meant: DevicePage = house.get(lately, engineer).await;
        let one: DeviceView = house.get("/api/v1/devices/th-1", engineer).await;
        (meant.devices, one.device)
    };
    let looked = timeout(Duration::from_secs(10), looks).await;
    let (meant, one) = looked.expect("they wait for whoever writes");
    other.close().await.unwrap();
    let now = Some(house.app.now());
    assert_eq!(meant, [one.clone()], "it was heard of a moment ago");
    assert_eq!(one.last_seen, now);
    assert_ne!(written(&house, &gadget).await, now, "nobody wrote it");
}
