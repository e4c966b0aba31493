//! The version word: what a device with another update client says that it runs. Nothing else ends an installed order as verified.
//!
//! Whether a word is believed is decided by [`mainstay_telemetry::version_word`]; what was said is folded as a check-in is. Read [`heed`].

use mainstay_fleet::{ReleaseDigest, Running};
use mainstay_plan::ClassId;
use mainstay_release::ReleaseId;
use mainstay_rollout::order::{ORDERS_LOOKED_AT, Order, OrderState, Word};
use mainstay_rollout::{Candidate, Kind, Progress};
use mainstay_store::{Enrolled, Known, StoreError};
use mainstay_telemetry::version_word::{Named, Situation, Source, is_of_the_moment};
use mainstay_telemetry::{self as telemetry, NoStatement, PastWords, Said, Statement};
use mainstay_trust::manifest::VERSION_BYTES_MAX;
use sha2::{Digest as _, Sha256};

use super::heard::{self, Spoken};
use super::login::Client;
use super::revision;
use crate::App;
use crate::device_protocol::reported;
use crate::problem::Refused;

/// The release of the device's class that has this version, if it is here.
///
/// # Errors
/// If the store fails.
pub(super) async fn release(
    app: &App,
    client: &Client,
    version: &str,
) -> Result<Option<Named>, StoreError> {
    let parsed = (ClassId::new(&client.device.class), version.parse());
    let (Ok(class), Ok(version)) = parsed else {
        return Ok(None);
    };
    let found = app.store.release(&ReleaseId::new(&class, &version)).await?;
    Ok(found.map(|release| Named {
        release: ReleaseDigest(release.facts.manifest.0),
        sequence: release.facts.sequence,
    }))
}

/// Heeds the word: `named` is the release that has `version`.
///
/// # Errors
/// If the store fails.
pub(super) async fn heed(
    app: &App,
    client: &Client,
    version: &str,
    named: Option<Named>,
    source: Source,
) -> Result<(), Refused> {
    let word = telemetry::Word { named, source };
    let open = app.store.open_order(&client.device.id).await?;
    let rules = revision::rules(app, client, open.as_ref()).await?;
    let running = client.device.running.as_ref();
    let situation = Situation {
        past: client.controller.version_words,
        running: running.map(|running| Named {
            release: running.release,
            sequence: running.sequence,
        }),
        installed: installed(app, open.as_ref()).await?,
        unfetched: unfetched(app, client, named).await?,
        rules: &rules,
    };
    match telemetry::heed(&situation, &word) {
        Statement::Said(said) => keep(app, client, version, said).await?,
        Statement::Nothing(NoStatement::UnknownVersion) => {
            strange(app, client, version, is_of_the_moment(&situation, source)).await?;
        }
        Statement::Nothing(why) => {
            tracing::info!(device = %client.device.id, version, "a version word counts for nothing: {}", why.sentence());
        }
    }
    let words = PastWords::after(&situation, &word);
    match words.filter(|_| words != situation.past) {
        Some(words) => Ok(app
            .store
            .keep_version_words(&client.device.id, &words)
            .await?),
        None => Ok(()),
    }
}

/// What the device's client says that it has installed, and the device hasn't confirmed.
async fn installed(app: &App, open: Option<&Order>) -> Result<Option<Named>, StoreError> {
    let order = open.filter(|order| matches!(order.state, OrderState::Installed { .. }));
    let Some(order) = order else {
        return Ok(None);
    };
    let found = app.store.release_by_manifest(&order.offer.release).await?;
    Ok(found.map(|release| Named {
        release: order.offer.release,
        sequence: release.facts.sequence,
    }))
}

/// What is named, if it is what the device is to install, or to go back to, by an order or once its turn comes, and it has never fetched anything of
/// it to that end.
async fn unfetched(
    app: &App,
    client: &Client,
    named: Option<Named>,
) -> Result<Option<ReleaseDigest>, StoreError> {
    let (device, Some(named)) = (&client.device.id, named) else {
        return Ok(None);
    };
    let orders = app.store.recent_orders(device, ORDERS_LOOKED_AT).await?;
    let of_it = |order: &&Order| order.offer.release == named.release && order.seen.has_fetched();
    let fetched: Vec<_> = orders.iter().filter(of_it).collect();
    let has_returned = fetched.iter().any(|order| order.offer.kind == Kind::Return);
    let waits = |enrolled: &Enrolled| {
        let progress = &enrolled.device.progress;
        let is_it = enrolled.rollout.candidate.release == named.release;
        let goes_on = is_it && !enrolled.rollout.is_over() && progress.began().is_none();
        let goes_back = matches!(progress, Progress::Returning { to, .. } if *to == named.release);
        goes_on && fetched.is_empty() || goes_back && !has_returned
    };
    let enrolments = app.store.enrolments_of(device).await?;
    Ok(enrolments.iter().any(waits).then_some(named.release))
}

/// A version of no release that is here: what a fleet runs that has just come from another server. Where nothing better is known it is what
/// the device runs, older than all that is here, so that it can be drawn for a rollout. A word that `moves` says so of any device: one that ran a release
/// of ours, and names something else now, has gone back to what it had before.
///
/// # Errors
/// If the store fails.
pub(super) async fn strange(
    app: &App,
    client: &Client,
    version: &str,
    moves: bool,
) -> Result<(), Refused> {
    let plain = version.bytes().all(|byte| byte.is_ascii_graphic());
    let fits = plain && (1..=VERSION_BYTES_MAX).contains(&version.len());
    let known = client.device.running.as_ref();
    if !fits || !moves && known.is_some_and(|known| known.sequence > 0) {
        return Ok(());
    }
    let mut name = Sha256::new();
    name.update("mainstay.version-elsewhere");
    name.update(client.device.class.as_bytes());
    name.update("@");
    name.update(version);
    let said = Said {
        release: ReleaseDigest(name.finalize().into()),
        sequence: 0,
        confirmed: true,
        safe_mode: false,
        last_resort: false,
        unwell: false,
    };
    keep(app, client, version, said).await
}

/// Makes durable what was said: with the open order, if there is one, which it may end.
async fn keep(app: &App, client: &Client, version: &str, said: Said) -> Result<(), Refused> {
    let running = running(client, version, &said);
    let device = &client.device.id;
    let open = app.store.open_order(device).await?;
    // As of a device of ours: what was said before is no news, and the busiest word there is.
    let is_news = client.device.running.as_ref() != Some(&running);
    let is_of_it = |order: &Order| order.offer.release == said.release;
    let may_end_it = open.as_ref().is_some_and(is_of_it);
    if !is_news && !may_end_it {
        return Ok(());
    }
    if let Some(order) = open {
        let word = Word::Runs {
            release: said.release,
        };
        let spoken = Spoken {
            word,
            entry: None,
            runs: Some((&running, said)),
        };
        match heard::heed(app, client, order.number, spoken).await {
            // It was closed a moment ago; what the device runs counts all the same.
            Err(refused) if refused.id() == "ddi.order-closed" => {}
            heeded => return heeded.map(|_| ()),
        }
    }
    let at = client.now;
    let fold = move |candidate: &Candidate, progress: Progress, known: Known| {
        reported::folded(&[], Some(&said), candidate, progress, known, at)
    };
    app.store
        .record(device, Some(&running), at, &[], &fold)
        .await?;
    Ok(())
}

/// What the device runs by this word; since when changes only with the release.
fn running(client: &Client, version: &str, said: &Said) -> Running {
    let known = client.device.running.as_ref();
    let same = known.filter(|known| known.release == said.release && known.verified);
    Running {
        release: said.release,
        version: version.to_owned(),
        sequence: said.sequence,
        verified: said.confirmed,
        last_resort: false,
        since: same.map_or(client.now, |known| known.since),
    }
}
