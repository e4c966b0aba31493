//! Who is answered without a look at the store, and when that ends.
//!
//! Whether a device was looked at is seen by taking its token away behind the server's back: from memory it is let in all the same.

use std::sync::Arc;

use futures_util::FutureExt as _;
use jiff::SignedDuration;
use mainstay_access::Email;
use mainstay_fleet::{DeviceId, ReleaseDigest};
use mainstay_protocol::{CHECK_IN_PATH, Event, SelfTest};
use mainstay_server::jobs::advance_rollouts;
use mainstay_server::{Advance, App, AppConfig, Parts, SeededEntropy};
use mainstay_store::{FolderBlobs, SqliteStore, StoredSchedule};
use mainstay_trust::Digest;
use reqwest::{RequestBuilder, StatusCode};

use crate::database;
use crate::gadget::{Gadget, register};
use crate::house::{self, Artifact, House, PLAN, packed};

const TAKEN: &str = "CREATE TABLE hidden AS SELECT key, token_hash FROM devices;
     UPDATE devices SET token_hash = randomblob(32)";
const GIVEN_BACK: &str = "UPDATE devices SET token_hash =
       (SELECT token_hash FROM hidden WHERE hidden.key = devices.key);
     DROP TABLE hidden";

/// Whether the server looks the device up that sends this.
pub async fn is_looked_at(house: &House, request: RequestBuilder) -> bool {
    database::change(house, TAKEN).await;
    let response = request.send().await.unwrap();
    database::change(house, GIVEN_BACK).await;
    match response.status() {
        StatusCode::UNAUTHORIZED => true,
        status => {
            assert!(status.is_success(), "{status}");
            false
        }
    }
}

fn check_in(house: &House, gadget: &mut Gadget) -> RequestBuilder {
    let body = gadget.check_in_message(&[]);
    house
        .request(reqwest::Method::POST, CHECK_IN_PATH, &gadget.token)
        .body(body)
}

async fn looks_at(house: &House, gadget: &mut Gadget) -> bool {
    let request = check_in(house, gadget);
    is_looked_at(house, request).await
}

/// Lets the server feel the pulse, and look at the device until it knows all of it.
async fn prime(house: &House, gadget: &mut Gadget) {
    house.app.feel_pulse().await.unwrap();
    gadget.check_in(house, &[]).await;
    gadget.check_in(house, &[]).await;
    assert!(!looks_at(house, gadget).await, "it has nothing to do");
}

/// Two devices that have said what they run; the first of them.
async fn scene_under(plan: &str) -> (House, Gadget) {
    let house = House::unfelt(plan).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(&house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    (house, gadgets.remove(0))
}

async fn scene() -> (House, Gadget) {
    scene_under(PLAN).await
}

/// A second server on the same store.
pub async fn another(house: &House) -> Arc<App> {
    let parts = Parts {
        store: Arc::new(SqliteStore::open(&house.data.database()).await.unwrap()),
        blobs: Arc::new(FolderBlobs::open(house.data.blobs()).await.unwrap()),
        clock: Arc::new(house.clock.clone()),
        entropy: Arc::new(SeededEntropy::new(2)),
        status_signer: Arc::new(house::status_key().signer().unwrap()),
        roots: vec![house.root.clone()],
        lock: None,
    };
    let config = AppConfig {
        advance: Advance::ByCaller,
        ..AppConfig::default()
    };
    Arc::new(App::new(parts, config).unwrap())
}

#[tokio::test]
async fn who_has_nothing_to_do_is_answered_from_memory() {
    let (house, mut gadget) = scene().await;
    let looked_at = gadget.check_in(&house, &[]).await;
    assert!(
        looks_at(&house, &mut gadget).await,
        "nobody has felt the pulse"
    );
    prime(&house, &mut gadget).await;
    let remembered = gadget.check_in(&house, &[]).await;
    assert_eq!(remembered, looked_at, "the answer is the same");
    house.later(59);
    assert!(!looks_at(&house, &mut gadget).await);
    house.later(1);
    assert!(looks_at(&house, &mut gadget).await, "once an hour");
    prime(&house, &mut gadget).await;
    house.later(-1);
    assert!(
        looks_at(&house, &mut gadget).await,
        "the clock was set back"
    );
}

/// It is heard of, and its health is known, as if it had been looked at.
#[tokio::test]
async fn a_device_is_heard_of_all_the_same() {
    let (house, mut gadget) = scene().await;
    prime(&house, &mut gadget).await;
    house.later(7);
    gadget.health.uptime_s = 12_345;
    assert!(
        !looks_at(&house, &mut gadget).await,
        "its health isn't news"
    );
    house.app.flush_last_seen().await;
    let id = DeviceId::new(gadget.id.as_str()).unwrap();
    let device = house.app.store().device(&id).await;
    let device = device.unwrap().expect("it is registered");
    assert_eq!(device.last_seen, Some(house.app.now()));
}

/// Whoever waits until it is written may give up before it is.
#[tokio::test]
async fn who_leaves_while_it_is_written_loses_nothing() {
    let (house, mut gadget) = scene().await;
    house.later(7);
    gadget.check_in(&house, &[]).await;
    let left = house.app.flush_last_seen().now_or_never();
    assert!(left.is_none(), "nothing is written at once");
    house.app.flush_last_seen().await;
    let id = DeviceId::new(gadget.id.as_str()).unwrap();
    let device = house.app.store().device(&id).await;
    let device = device.unwrap().expect("it is registered");
    assert_eq!(device.last_seen, Some(house.app.now()));
}

#[tokio::test]
async fn what_a_device_says_itself_ends_it() {
    let (house, mut gadget) = scene().await;
    prime(&house, &mut gadget).await;
    let report = gadget.report(Event::Installed {
        manifest: Digest([9; 32]),
    });
    gadget.send(&house, &[report]).await;
    assert!(looks_at(&house, &mut gadget).await, "it reported something");
    prime(&house, &mut gadget).await;
    gadget.health.self_test = SelfTest::Failed;
    assert!(looks_at(&house, &mut gadget).await, "it isn't well");
    gadget.health.self_test = SelfTest::Passed;
    prime(&house, &mut gadget).await;
    gadget.runs.1 = 9;
    assert!(
        looks_at(&house, &mut gadget).await,
        "it runs something else"
    );
    gadget.runs.1 = 1;
    prime(&house, &mut gadget).await;
    gadget.hold(2, None);
    assert!(looks_at(&house, &mut gadget).await, "it holds another root");
}

/// What people decide here counts for the very next poll, whoever has felt what.
#[tokio::test]
async fn what_people_do_here_ends_it_at_once() {
    let (house, mut gadget) = scene().await;
    let new = house.built("1.1.0", 2, &[]);
    let (kim, sam) = (&house.tokens.operations, &house.tokens.manager);
    let release = "/api/v1/releases/thermo-v2@1.1.0";
    let why = || br#"{"why":"smoke"}"#.to_vec();
    let acts = [
        (
            "/api/v1/releases?track=maintenance".to_owned(),
            &house.tokens.engineer,
            new.file(),
        ),
        (format!("{release}/approval"), sam, house.approved(&new)),
        (format!("{release}/rollout"), kim, Vec::new()),
        ("/api/v1/rollouts/1/pause".to_owned(), kim, why()),
        ("/api/v1/rollouts/1/resume".to_owned(), kim, Vec::new()),
        (
            format!("{release}/hold"),
            kim,
            br#"{"reason":"smoke"}"#.to_vec(),
        ),
        ("/api/v1/rollouts/1/halt".to_owned(), kim, why()),
    ];
    for (path, token, body) in acts {
        prime(&house, &mut gadget).await;
        let done = house.post(&path, token, body).await;
        assert!(
            done.status().is_success(),
            "{path}: {}",
            done.text().await.unwrap()
        );
        assert!(looks_at(&house, &mut gadget).await, "{path}");
    }
}

/// Rolls 1.1.0 out, so far that one step opens its first wave.
async fn about_to_open(house: &House) -> Artifact {
    let new = house.built("1.1.0", 2, &[]);
    house.roll_out(&new).await;
    new
}

#[tokio::test]
async fn a_wave_that_opens_is_offered_at_the_next_poll() {
    let (house, mut gadget) = scene().await;
    about_to_open(&house).await;
    prime(&house, &mut gadget).await;
    house.advance().await;
    house.later(1);
    let told = gadget.check_in(&house, &[]).await;
    assert!(told.install.is_some(), "{told:?}");
    house.app.feel_pulse().await.unwrap();
    let again = gadget.check_in(&house, &[]).await;
    assert_eq!(
        again.install, told.install,
        "a promise is never from memory"
    );
}

/// What another server changes counts here from the next time on that this one feels the pulse.
#[tokio::test]
async fn what_another_server_does_ends_it_when_it_is_felt() {
    let (house, mut gadget) = scene().await;
    about_to_open(&house).await;
    let there = another(&house).await;
    prime(&house, &mut gadget).await;
    advance_rollouts::run(&there, there.now()).await.unwrap();
    house.later(1);
    assert_eq!(gadget.check_in(&house, &[]).await.install, None);
    house.app.feel_pulse().await.unwrap();
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
}

/// Nobody is kept from a turn that comes by itself: the device is looked at from a poll before it on.
#[tokio::test]
async fn a_turn_that_comes_by_itself_is_not_missed() {
    let night = PLAN
        .replacen("00:00-24:00", "22:00-04:00", 1)
        .replacen("jitter       = \"1s\"", "jitter = \"1h\"", 1)
        .replacen("poll         = \"1h\"", "poll = \"10m\"", 1);
    let (house, mut gadget) = scene_under(&night).await;
    about_to_open(&house).await;
    house.advance().await;
    house.app.feel_pulse().await.unwrap();
    let mut from_memory = 0;
    for _ in 0..300 {
        from_memory += u32::from(!looks_at(&house, &mut gadget).await);
        let told = gadget.check_in(&house, &[]).await;
        if told.install.is_some() {
            assert!(from_memory > 10, "{from_memory}");
            return;
        }
        let after = SignedDuration::from_secs(i64::from(told.poll_after_s.max(1)));
        house.clock.set(house.app.now() + after);
    }
    panic!("its turn never came");
}

/// A token that is taken away lets nobody in any more, once this server has felt it.
#[tokio::test]
async fn a_token_that_was_taken_away_is_refused() {
    let (house, mut gadget) = scene().await;
    prime(&house, &mut gadget).await;
    database::change(
        &house,
        "UPDATE devices SET token_hash = randomblob(32); UPDATE pulse SET beat = beat + 1",
    )
    .await;
    let request = check_in(&house, &mut gadget);
    house.app.feel_pulse().await.unwrap();
    let refused = request.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
}

/// The server feels the pulse by itself, within moments.
#[tokio::test]
async fn a_running_server_feels_what_others_do() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(&house, &["th-1", "th-2"], &old).await.remove(0);
    gadget.check_in(&house, &[]).await;
    let there = another(&house).await;
    let schedule = StoredSchedule {
        release: ReleaseDigest([1; 32]),
        class: [1; 16],
        signed: Vec::new(),
        at: house.app.now(),
        by: Email::new("kim@northwind.example").unwrap(),
    };
    // Until it has remembered the device once, and forgotten it again.
    for wanted in [false, true] {
        let mut tries = 0;
        while looks_at(&house, &mut gadget).await != wanted {
            tries += 1;
            assert!(tries < 2400, "looked at: {wanted}");
            if wanted {
                there.store().add_schedule(&schedule).await.unwrap();
            } else {
                gadget.check_in(&house, &[]).await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}
