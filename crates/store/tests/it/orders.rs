//! Orders in a file that an older version wrote, or that has no number left.

use std::path::Path;

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId, ReleaseDigest};
use mainstay_plan::{TrackName, starting_plan};
use mainstay_rollout::order::OrderNumber;
use mainstay_rollout::{Candidate, Enrolment, Kind, Offer, Rollout, RolloutId, Rules};
use mainstay_store::orders::FIRST_ORDER;
use mainstay_store::{
    Devices as _, Orders as _, Promise, PromiseRefusal, Rollouts as _, Roots as _, SqliteStore,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

const CLASS: &str = "gateway-v1";

/// What made a database of format 5, as it was released.
const FORMAT_5: [&str; 5] = [
    include_str!("../../src/sqlite/migrations/0001_first.sql"),
    include_str!("../../src/sqlite/migrations/0002_brakes.sql"),
    include_str!("../../src/sqlite/migrations/0003_under_way.sql"),
    include_str!("../../src/sqlite/migrations/0004_readings.sql"),
    include_str!("../../src/sqlite/migrations/0005_ran_nothing.sql"),
];

const FORWARD: Offer = Offer {
    release: ReleaseDigest([2; 32]),
    kind: Kind::Forward,
};

fn id(n: usize) -> DeviceId {
    DeviceId::new(format!("gw-{n}")).expect("a safe name")
}

fn device(n: usize) -> Device {
    Device {
        id: id(n),
        class: CLASS.to_owned(),
        hardware: "B".to_owned(),
        zone: "Europe/Oslo".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: Timestamp::UNIX_EPOCH,
        last_seen: None,
        running: None,
        attributes: Default::default(),
    }
}

fn rollout(id: RolloutId, enrolments: &[Enrolment]) -> Rollout {
    let plan = mainstay_plan::parse(starting_plan()).expect("the starting plan is in order");
    let track = plan.tracks.get(TrackName::Maintenance);
    let rules = Rules::new(&plan, track.expect("the starting plan has one"));
    let candidate = Candidate {
        release: FORWARD.release,
        version: "1.1.0".to_owned(),
        sequence: 2,
        class: CLASS.to_owned(),
        returns_to: Vec::new(),
        image_bytes: 0,
    };
    let (seed, revision) = (7, "ab".repeat(32));
    let at = Timestamp::UNIX_EPOCH;
    Rollout::start(id, candidate, rules, revision, seed, enrolments, at)
}

/// Registers so many devices and starts a rollout with them.
async fn started(store: &SqliteStore, devices: usize) -> Rollout {
    let enrolments: Vec<_> = (0..devices)
        .map(|n| Enrolment {
            device: id(n),
            wave: 0,
        })
        .collect();
    for n in 0..devices {
        let token = [n as u8 + 1; 32];
        store.register(&device(n), token).await.expect("new");
    }
    let id = store.reserve_rollout().await.expect("a number");
    let rollout = rollout(id, &enrolments);
    let started = store.start_rollout(&rollout, &enrolments, None).await;
    started.expect("a new number and known devices");
    rollout
}

async fn order(
    store: &SqliteStore,
    rollout: &Rollout,
    n: usize,
) -> Result<OrderNumber, PromiseRefusal> {
    let promise = Promise {
        rollout: rollout.id,
        expected_generation: rollout.generation,
        expected_standing: store.standing_generation().await.expect("readable"),
        device: &id(n),
        offer: FORWARD,
        at: Timestamp::UNIX_EPOCH,
        numbered: true,
    };
    let promised = store.promise(&promise).await?;
    Ok(promised.order.expect("it was to be numbered"))
}

async fn opened(path: &Path) -> SqliteStore {
    SqliteStore::open(path).await.expect("a database")
}

#[tokio::test]
async fn a_database_of_format_5_is_brought_up() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mainstay.sqlite");
    let mut old = connection(&path, true).await;
    for step in FORMAT_5 {
        sqlx::raw_sql(step).execute(&mut old).await.expect("SQL");
    }
    let fill = "INSERT INTO devices (id, token_hash, class, hardware, zone, bootloader, registered_at, attributes)
         VALUES ('gw-old', x'00', 'gateway-v1', 'B', 'Europe/Oslo', '1.4.0', 0, '{}')";
    sqlx::raw_sql(fill).execute(&mut old).await.expect("SQL");
    old.close().await.expect("closed");
    let store = opened(&path).await;
    let kept = DeviceId::new("gw-old").expect("a safe name");
    let known = store.device(&kept).await.expect("readable");
    assert_eq!(known.expect("it is kept").class, CLASS);
    assert_eq!(store.open_order(&kept).await.expect("readable"), None);
    let rollout = started(&store, 1).await;
    store.begin_order_numbers(3).await.expect("writable");
    let number = order(&store, &rollout, 0).await.expect("promised");
    assert_eq!(number.get(), FIRST_ORDER + 4);
}

#[tokio::test]
async fn after_the_last_number_nothing_is_promised() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mainstay.sqlite");
    let store = SqliteStore::create(&path).await.expect("a new database");
    let rollout = started(&store, 2).await;
    store.begin_order_numbers(0).await.expect("writable");
    let mut by_hand = connection(&path, false).await;
    let last_but_one = "UPDATE order_numbers SET last = 2147483646";
    sqlx::raw_sql(last_but_one)
        .execute(&mut by_hand)
        .await
        .expect("SQL");
    by_hand.close().await.expect("closed");
    let last = order(&store, &rollout, 0).await.expect("promised");
    assert_eq!(last.get(), 2_147_483_647);
    for _ in 0..2 {
        let refused = order(&store, &rollout, 1).await.expect_err("used up");
        assert_eq!(refused.id(), "store.numbers-used-up");
    }
    let enrolled = store.enrolment(rollout.id, &id(1)).await.expect("readable");
    assert_eq!(enrolled.expect("enrolled").progress.id(), "waiting");
    let again = order(&store, &rollout, 0).await.expect("it has its number");
    assert_eq!(again, last);
}

async fn connection(path: &Path, create: bool) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create);
    SqliteConnection::connect_with(&options)
        .await
        .expect("a file of SQLite's")
}
