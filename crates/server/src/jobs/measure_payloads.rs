//! Reads every payload, at the start and once a day: to notice what a disk has lost, and to sum up those that came before sums were
//! kept.
//!
//! It reads no faster than [`BYTES_PER_SECOND`], so that devices which download don't feel it. What is damaged is read
//! again every [`ROUND`], as a backup may have brought it back; what was handed in again is known to be whole at once. Read [`run`].

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use mainstay_artifact::{Summed, Summing};
use mainstay_keys::HostPrimitives;
use mainstay_store::{ReleasePayload, StoreError};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, sleep};

use super::{answered, stopped_at_tick};
use crate::App;
use crate::app_config::Advance;
use crate::soundness::{Damage, NotAsked};

/// How fast payloads are read here: a gigabyte in a quarter of a minute, and a small part of what a disk gives.
const BYTES_PER_SECOND: u64 = 64 * 1024 * 1024;
/// From one look at what is damaged to the next.
const ROUND: Duration = Duration::from_secs(10 * 60);
/// So many rounds from one reading of everything to the next: a day.
const ROUNDS: u32 = 144;

/// Reads payloads until told to stop; nothing, if a caller moves the server on in its own time.
pub(crate) async fn keep_measuring(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    if matches!(app.config.advance, Advance::ByCaller) {
        return;
    }
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round = 0;
    while !stopped_at_tick(&mut stopped, &mut rounds).await {
        let read = match round {
            0 => run(&app).await,
            _ => run_again(&app).await,
        };
        round = match read {
            Ok(()) => (round + 1) % ROUNDS,
            Err(error) => {
                tracing::error!(id = error.id(), %error, "payloads not read; all are at the next round");
                0
            }
        };
    }
}

/// Reads the payload of every release, the newest first.
///
/// # Errors
/// If the store fails. What is wrong with a payload is no error: it is noted.
pub async fn run(app: &App) -> Result<(), StoreError> {
    for payload in answered(app.store.payloads_of_releases()).await? {
        examine(app, payload).await?;
    }
    Ok(())
}

/// Reads those that are damaged, and those that couldn't be asked about.
async fn run_again(app: &App) -> Result<(), StoreError> {
    let again = app.soundness.to_read_again();
    if again.is_empty() {
        return Ok(());
    }
    for payload in answered(app.store.payloads_of_releases()).await? {
        if again.contains(&payload.image) {
            examine(app, payload).await?;
        }
    }
    Ok(())
}

async fn examine(app: &App, payload: ReleasePayload) -> Result<(), StoreError> {
    let image = payload.image;
    let began = app.soundness.begin(&image);
    // Whether it is there, before there is anything to read: what can't be asked isn't damaged, and is asked again at the next round.
    let looked = app.look_at(payload).await;
    let read = match looked {
        Err(NotAsked) => {
            app.soundness.note_unread(image);
            return Ok(());
        }
        Ok(Some(Damage::Missing | Damage::Size { .. })) => return Ok(()),
        // Only a reading can tell that the others have come right.
        Ok(_) => read(app, payload).await,
    };
    app.soundness
        .note_reading(image, began, read.as_ref().err().copied());
    match (read, answered(app.store.payload_of(&image)).await?) {
        (Ok(summed), None) => answered(app.store.note_payload(&summed.into())).await,
        _ => Ok(()),
    }
}

/// Reads one payload whole.
async fn read(
    app: &App,
    ReleasePayload { image, bytes }: ReleasePayload,
) -> Result<Summed, Damage> {
    let told = |error: &dyn std::fmt::Display| {
        tracing::error!(%image, %error, "a payload can't be read");
        Damage::Unreadable
    };
    let opened = app.blobs.read(&image, 0..bytes).await;
    let opened = opened.map_err(|error| told(&error))?;
    let mut pieces = opened.ok_or(Damage::Missing)?;
    let mut summing = Summing::new(&HostPrimitives);
    while let Some(piece) = pieces.try_next().await.map_err(|error| told(&error))? {
        let micros = piece.len() as u64 * 1_000_000 / BYTES_PER_SECOND;
        let summed = spawn_blocking(move || {
            summing.update(&piece);
            summing
        });
        summing = summed.await.map_err(|error| told(&error))?;
        sleep(Duration::from_micros(micros)).await;
    }
    let summed = summing.finish();
    match summed.image.digest == image {
        true => Ok(summed),
        false => Err(Damage::Bytes),
    }
}
