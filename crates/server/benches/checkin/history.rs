//! What lies behind the devices: their clients are known, and many an order ended well, long ago, as with a server that has worked for
//! years.
//!
//! Not by the store itself, which would make each of them durable: that would take longer than all of the bench. Read [`acquaint`] and
//! [`write`].

use std::path::Path;

use jiff::Timestamp;
use mainstay_rollout::order::{Order, OrderNumber, close};
use mainstay_rollout::{Candidate, Ending, Kind, Offer, Phase, Rollout, Rules};
use mainstay_store::Store;
use mainstay_store::orders::FIRST_ORDER;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::fleet::{RUNS, SEQUENCE, VERSION, name, with_clients};
use crate::ours::{PLAN, SQLITE};

/// All clients have been seen, and have said what they were asked for.
const ACQUAINTED: &str =
    "UPDATE controllers SET profile = 'generic', profile_by = 'detected', wants_attributes = FALSE";

/// Lets the clients of all devices be known, in the file `database` or in PostgreSQL at an address.
///
/// # Errors
/// If it can't be written.
pub async fn acquaint(store: &str, database: &Path) -> anyhow::Result<()> {
    if store == SQLITE {
        let mut database = connect(database).await?;
        sqlx::query(ACQUAINTED).execute(&mut database).await?;
        return Ok(database.close().await?);
    }
    let mut database = PgConnection::connect(store).await?;
    sqlx::query(ACQUAINTED).execute(&mut database).await?;
    // What autovacuum does to such a table after a minute would fall into the measurement.
    sqlx::query("VACUUM ANALYZE").execute(&mut database).await?;
    Ok(database.close().await?)
}

/// Writes `count` finished orders, over all of so many `devices` with another client in turn, into the file of `store`.
///
/// # Errors
/// If it can't be written.
pub async fn write(
    store: &dyn Store,
    database: &Path,
    devices: u32,
    count: u32,
) -> anyhow::Result<()> {
    let rollout = finished(store).await?;
    let first = OrderNumber::new(FIRST_ORDER).expect("numbers begin there");
    let offer = Offer {
        release: RUNS,
        kind: Kind::Forward,
    };
    let now = Timestamp::now();
    let devices = with_clients(devices);
    let order = close(
        Order::open(first, rollout.id, offer, now),
        Ending::Verified,
        now,
    );
    let mut database = connect(database).await?;
    sqlx::query(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
         INSERT INTO orders (number, device, rollout, is_open, value)
         SELECT ?2 + i, (SELECT key FROM devices WHERE id = ?3) + i % ?4, ?5, FALSE,
           json_set(?6, '$.number', ?2 + i) FROM n",
    )
    .bind(count)
    .bind(first.get())
    .bind(name(devices.start))
    .bind(devices.end - devices.start)
    .bind(rollout.id.0)
    .bind(serde_json::to_string(&order)?)
    .execute(&mut database)
    .await?;
    Ok(database.close().await?)
}

async fn connect(database: &Path) -> anyhow::Result<SqliteConnection> {
    let file = SqliteConnectOptions::new().filename(database);
    Ok(SqliteConnection::connect_with(&file).await?)
}

/// A rollout that is over, of a class that no device is of.
async fn finished(store: &dyn Store) -> anyhow::Result<Rollout> {
    let plan = mainstay_plan::parse(PLAN).map_err(|why| anyhow::anyhow!("the plan: {why:?}"))?;
    let track = plan.tracks.get(mainstay_plan::TrackName::Maintenance);
    let rules = Rules::new(&plan, track.expect("the plan has one"));
    let candidate = Candidate {
        release: RUNS,
        version: VERSION.to_owned(),
        sequence: SEQUENCE,
        class: "of-long-ago".to_owned(),
        returns_to: Vec::new(),
        image_bytes: 0,
    };
    let (id, now) = (store.reserve_rollout().await?, Timestamp::now());
    let mut rollout = Rollout::start(id, candidate, rules, "00".repeat(32), 7, &[], now);
    rollout.phase = Phase::Complete { at: now };
    store.start_rollout(&rollout, &[], None).await?;
    Ok(rollout)
}
