//! Devices whose clients can't say what they run, where the plan takes them at their word (`without_version_word`).
//!
//! Such a device counts as updated some time after its client's success, at a poll: then it lives, at least. After a halt of what it installed it does so at once, so that it is sent
//! back. Read [`at_its_word`].

use mainstay_fleet::{ReleaseDigest, Running};
use mainstay_plan::WithoutWord;
use mainstay_rollout::order::{Order, OrderState, close};
use mainstay_rollout::{Candidate, Ending, Kind, Phase, Progress};
use mainstay_store::Known;
use mainstay_telemetry::{DeviceEvent, taken_at_its_word};

use super::login::Client;
use super::{errand, revision, version};
use crate::App;
use crate::device_protocol::reported;
use crate::problem::Refused;

/// What such a device is said to run before its first order: nobody can tell.
const UNKNOWN: &str = "unknown";

/// Lets a device that nothing is known of, and that can say nothing, be drawn for a rollout; returns whether it is such a device.
///
/// # Errors
/// If the store fails.
pub(super) async fn introduce(app: &App, client: &Client) -> Result<bool, Refused> {
    let believes = matches!(
        client.rules.without_version_word,
        WithoutWord::TakenAtItsWord { .. }
    );
    let can_say = client.rules.version_attribute.is_some();
    match client.device.running {
        None if believes && !can_say => {
            version::strange(app, client, UNKNOWN, false).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Ends an installed order, if it is time; returns whether it did.
///
/// # Errors
/// If the store fails.
pub(super) async fn at_its_word(
    app: &App,
    client: &Client,
    order: &Order,
) -> Result<bool, Refused> {
    let OrderState::Installed { at } = order.state else {
        return Ok(false);
    };
    let Some(rollout) = app.store.rollout(order.rollout).await? else {
        return Ok(false);
    };
    let rules = revision::of_rollout(app, client, &rollout).await?;
    let has_named = client.controller.version_words.is_some();
    let due = taken_at_its_word(&rules, at, has_named);
    // What was halted may run on it by now; only who counts as running it is sent back. One on its way back has nothing to gain by haste: it
    // would count as back before it has restarted.
    let is_halted = matches!(rollout.phase, Phase::Halted { .. });
    let is_urgent = is_halted && order.offer.kind == Kind::Forward;
    let is_due = due.is_some_and(|due| is_urgent || due <= client.now);
    let release = order.offer.release;
    let found = app.store.release_by_manifest(&release).await?;
    let Some(found) = found.filter(|_| is_due) else {
        return Ok(false);
    };
    let running = Running {
        release,
        version: found.facts.version.to_string(),
        sequence: found.facts.sequence,
        verified: true,
        last_resort: false,
        since: at,
    };
    confirm(app, client, &running).await?;
    // If this is lost, it is done again at the next poll: a confirmation that is repeated changes nothing.
    let over = close(order.clone(), Ending::TakenAtItsWord, client.now);
    errand::saved(app, client, order, &over).await?;
    Ok(true)
}

async fn confirm(app: &App, client: &Client, running: &Running) -> Result<(), Refused> {
    let at = client.now;
    let release: ReleaseDigest = running.release;
    let fold = move |candidate: &Candidate, progress: Progress, known: Known| {
        let confirmed = DeviceEvent::Confirmed { release };
        reported::folded([&confirmed], None, candidate, progress, known, at)
    };
    app.store
        .record(&client.device.id, Some(running), at, &[], &fold)
        .await?;
    Ok(())
}
