//! What a crash loses of when devices were last heard of: the server is killed while it is asked, and its database is read. Read [`print`].

use std::path::Path;

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use crate::child::Child;
use crate::contender::Contender;
use crate::figures::Figures;
use crate::scale::Scale;
use crate::{fleet, ours};

/// Never longer than this, whatever the machine does.
const LOST_MAX_S: f64 = 10.0;

/// Asks the devices of `contender` for a while, kills the server, and prints how old the oldest instant is that its database has of any of
/// them. Each was asked some moments before.
///
/// # Errors
/// If the database can't be read, or it is older than [`LOST_MAX_S`] where that holds on any machine.
pub fn print(
    contender: &Contender,
    server: Child,
    folder: &Path,
    scale: &Scale,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    contender.keep_asking(scale.until_crash)?;
    server.kill()?;
    let killed = Timestamp::now();
    let oldest = oldest(folder, scale.devices)?;
    let lost_s = killed.duration_since(oldest).as_secs_f64();
    figures.put("last_seen_lost_in_a_crash", lost_s, "s");
    anyhow::ensure!(
        scale.has_goals || lost_s <= LOST_MAX_S,
        "a crash loses {lost_s} s of when devices were last heard of"
    );
    Ok(())
}

fn oldest(folder: &Path, devices: u32) -> anyhow::Result<Timestamp> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let file = SqliteConnectOptions::new().filename(ours::data(folder).database());
    let native = fleet::native(devices);
    let (oldest_us,): (i64,) = runtime.block_on(async {
        let mut database = SqliteConnection::connect_with(&file).await?;
        // A device without a contact was lost since it was registered: all of them count.
        let read = sqlx::query_as("SELECT min(coalesce(heard, last_seen, 0)) FROM devices LEFT JOIN contacts ON device = key WHERE id BETWEEN ?1 AND ?2")
            .bind(fleet::name(native.start))
            .bind(fleet::name(native.end - 1))
            .fetch_one(&mut database)
            .await?;
        database.close().await?;
        anyhow::Ok(read)
    })?;
    Ok(Timestamp::from_microsecond(oldest_us)?)
}
