//! The loop from telemetry back to the rollout, closed in this one file.
//!
//! What devices reported is in the store already, folded into their progress. Here each rollout is
//! shown its devices, decides (`rollout::step`), and the decision is saved with all that follows from
//! it in one transaction: the devices that go back, the incident, the release's stage. What rollouts still want to be read is
//! left in memory for the next check-ins. The simulator runs this very function in virtual time. Where several servers share the store,
//! one of them runs it, and the others `follow_rollouts.rs`. Read [`steps`] first.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::ReleaseDigest;
use mainstay_release::StageName;
use mainstay_rollout::rest::may_end_a_wait;
use mainstay_rollout::{Action, Phase, Rollout, RolloutId, Step};
use mainstay_store::{NextStep, StoreError, UnderWatch};
use mainstay_telemetry::{Incident, IncidentId};
use mainstay_trust::Digest;
use mainstay_trust::status::HELD_MAX;

use super::begin_rollouts;
use super::look::{Decided, Look, at_fleet};
use super::other_classes;
use super::release_stage::{self, Move};
use super::withdraw;
use crate::App;
use crate::readings::Watch;

/// A halted rollout whose devices are all back is watched for so long: one that was fetching the
/// release at the halt, and was then switched off, may still turn up with it. Later ones are sent
/// back at their check-in all the same; only the incident's count no longer follows.
const WATCHED_AFTER_ROLLBACK: SignedDuration = SignedDuration::from_hours(30 * 24);
/// One whose devices aren't all back after that time is looked at so often: each look reads all of its devices, and some may never
/// be heard of again.
const LOOKED_AT_LATER: SignedDuration = SignedDuration::from_hours(1);

/// What one turn did, for whoever runs it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Turn {
    /// Every action taken, in order, with the rollout it belongs to.
    pub actions: Vec<(RolloutId, Action)>,
}

/// Advances every rollout by one step, and lets those begin that are starting: all that a server does by itself for its rollouts, for
/// whoever does it in their own time.
///
/// # Errors
/// As [`steps`]; or the first failure to let one begin.
pub async fn run(app: &App, now: Timestamp) -> Result<Turn, StoreError> {
    let stepped = steps(app, now).await;
    let begun = begin_rollouts::run(app).await;
    let turn = stepped?;
    begun.map(|()| turn)
}

/// Advances every rollout by one step, in the order of their numbers. Those that are starting have none: `begin_rollouts.rs` lets them
/// begin.
///
/// It may be called at any time and as often as one likes: without news it changes nothing.
///
/// What fails keeps nothing else from being done: a rollout that can't be read doesn't keep another one from being halted, nor
/// halted releases out of the status.
///
/// # Errors
/// The first failure of the store, after all else was done; what was saved stays saved, and the next turn goes on from there.
pub(super) async fn steps(app: &App, now: Timestamp) -> Result<Turn, StoreError> {
    // A server that can't write is to leave the steps to another one before there is something to halt.
    let mut failed = app.contacts.write_a_few(&*app.store).await.err();
    failed = failed.or(withdraw::catch_up(app, now).await.err());
    let UnderWatch { rollouts, unread } = under_watch(app).await?;
    failed = failed.or(unread);
    let withdrawn = withdrawn(app, &rollouts).await?;
    let (mut turn, mut in_flight) = (Turn::default(), BTreeMap::new());
    let mut watches = Vec::new();
    for rollout in rollouts {
        let advanced = match advance(app, &rollout, &withdrawn, now).await {
            Ok(advanced) => advanced,
            Err(error) => {
                tracing::error!(rollout = %rollout.id, id = error.id(), %error, "rollout not advanced");
                failed = failed.or(Some(error));
                Advanced::default()
            }
        };
        in_flight.insert(rollout.id, advanced.in_flight);
        watches.extend(advanced.watches);
        let actions = advanced.actions.into_iter();
        turn.actions
            .extend(actions.map(|action| (rollout.id, action)));
    }
    app.memory.count_anew(in_flight);
    app.watched.watch_anew(watches);
    // Over a large fleet that took seconds, in which others may have halted something, too.
    failed = failed.or(under_watch(app).await.err());
    failed.map_or(Ok(turn), Err)
}

/// The rollouts that are looked after. What is halted among them is on hold from now on.
///
/// # Errors
/// If the store fails.
pub(super) async fn under_watch(app: &App) -> Result<UnderWatch, StoreError> {
    let look = app.memory.begins_to_look();
    let watched = app.store.rollouts_under_watch().await?;
    let halted = watched.rollouts.iter().filter_map(held);
    app.memory.hold(look, newest(halted));
    Ok(watched)
}

/// The releases that nobody installs any more, not even to go back, as far as can be read: a brake works without them, and what can't be
/// read is told at each turn.
pub(crate) async fn withdrawn_now(app: &App) -> Vec<ReleaseDigest> {
    let read = async {
        let watched = app.store.rollouts_under_watch().await?;
        withdrawn(app, &watched.rollouts).await
    };
    read.await.unwrap_or_else(|error: StoreError| {
        tracing::error!(id = error.id(), %error, "it isn't known what was withdrawn");
        Vec::new()
    })
}

/// The releases that nobody installs any more: those of halted rollouts, and the revoked ones.
async fn withdrawn(app: &App, rollouts: &[Rollout]) -> Result<Vec<ReleaseDigest>, StoreError> {
    let halted = rollouts.iter().filter_map(held);
    let mut withdrawn: Vec<_> = halted.map(|digest| ReleaseDigest(digest.0)).collect();
    withdrawn.extend(app.store.revoked_releases().await?);
    Ok(withdrawn)
}

/// The release, if the rollout is halted.
fn held(rollout: &Rollout) -> Option<Digest> {
    let is_halted = matches!(rollout.phase, Phase::Halted { .. });
    is_halted.then_some(Digest(rollout.candidate.release.0))
}

/// The newest halted releases are on hold in every status: a device that fetched one before the halt
/// refuses it at the last moment.
fn newest(halted: impl DoubleEndedIterator<Item = Digest>) -> Vec<Digest> {
    halted.rev().take(HELD_MAX as usize).collect()
}

/// What came of one step.
#[derive(Default)]
struct Advanced {
    actions: Vec<Action>,
    /// Devices that are downloading.
    in_flight: u32,
    /// What is still to be read on devices that are compared.
    watches: Vec<Watch>,
}

/// One step of one rollout.
async fn advance(
    app: &App,
    rollout: &Rollout,
    withdrawn: &[ReleaseDigest],
    now: Timestamp,
) -> Result<Advanced, StoreError> {
    if rollout.is_starting() || may_rest(app, rollout, now).await? {
        return Ok(Advanced::default());
    }
    let mut fleet = other_classes::look(app, rollout).await?;
    fleet.withdrawn = withdrawn.to_vec();
    let before = rollout.clone();
    let look = at_fleet(app, fleet, move |fleet| Look::at(&before, fleet, now)).await?;
    let halts = held(&look.decided.step.rollout).filter(|_| held(rollout).is_none());
    let saved = save(app, rollout, look.decided, now).await;
    if let (Ok(_), Some(halted)) = (&saved, halts) {
        app.memory.hold_too(halted);
    }
    let actions = match saved {
        // Somebody else has changed it meanwhile; the next turn sees what they did.
        Err(StoreError::Conflict { .. }) => Vec::new(),
        saved => saved?,
    };
    app.memory.looked_at(rollout.id, now);
    Ok(Advanced {
        actions,
        in_flight: look.in_flight,
        watches: look.watches,
    })
}

/// Whether a halted rollout needs no look now: its devices are back since long, or it was looked at within the hour.
async fn may_rest(app: &App, rollout: &Rollout, now: Timestamp) -> Result<bool, StoreError> {
    let Phase::Halted { at, .. } = rollout.phase else {
        return Ok(false);
    };
    if now.duration_since(at) < WATCHED_AFTER_ROLLBACK {
        return Ok(false);
    }
    let looked_at = app.memory.last_look_at(rollout.id);
    if looked_at.is_some_and(|at| now >= at && now.duration_since(at) < LOOKED_AT_LATER) {
        return Ok(true);
    }
    let release = app
        .store
        .release_by_manifest(&rollout.candidate.release)
        .await?;
    let settled = [StageName::RolledBack, StageName::Revoked];
    Ok(release.is_some_and(|release| settled.contains(&release.stage.name())))
}

/// Saves a step with everything that follows from it, in one transaction, and returns the actions
/// taken.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody else has changed the rollout, or its release, meanwhile.
pub(crate) async fn save(
    app: &App,
    before: &Rollout,
    decided: Decided,
    now: Timestamp,
) -> Result<Vec<Action>, StoreError> {
    let Step {
        rollout, actions, ..
    } = decided.step;
    let moved = release_stage::follow(app, &rollout, decided.out, now).await?;
    if actions.is_empty() && before.generation == rollout.generation && moved.is_none() {
        return Ok(actions);
    }
    let incidents: Vec<Incident> = actions
        .iter()
        .filter_map(|a| incident(&rollout, a))
        .collect();
    let next = NextStep {
        rollout: &rollout,
        expected_generation: before.generation,
        actions: &actions,
        incidents: &incidents,
        release: moved.as_ref().map(Move::change),
        gives: !actions.is_empty() || moved.is_some() || may_end_a_wait(before, &rollout),
        at: now,
    };
    app.store.save_step(&next).await?;
    actions.iter().for_each(|action| tell(&rollout, action));
    if let Some(moved) = moved {
        moved.tell_and_supersede(app, now).await?;
    }
    Ok(actions)
}

/// Saves a word that changes the rollout alone: an answer, a pause, its end. The next turn acts on it.
pub(crate) async fn save_word(
    app: &App,
    before: &Rollout,
    told: &Rollout,
    now: Timestamp,
) -> Result<(), StoreError> {
    let next = NextStep {
        rollout: told,
        expected_generation: before.generation,
        actions: &[],
        incidents: &[],
        release: None,
        gives: true,
        at: now,
    };
    app.store.save_step(&next).await.map(|_no_incidents| ())
}

fn incident(rollout: &Rollout, action: &Action) -> Option<Incident> {
    // The store gives the number.
    let unnumbered = IncidentId(0);
    match action {
        Action::OpenIncident(evidence) => {
            Some(Incident::open(unnumbered, rollout, (**evidence).clone()))
        }
        _ => None,
    }
}

fn tell(rollout: &Rollout, action: &Action) {
    let (id, version) = (rollout.id, &rollout.candidate.version);
    match action {
        Action::OpenWave { wave } => tracing::info!(rollout = %id, version, wave, "wave opens"),
        Action::Halt { reason } => {
            let why = mainstay_rollout::why::halted(rollout, reason);
            tracing::warn!(rollout = %id, version, why, "rollout halted");
        }
        Action::AskHuman(question) => {
            let asks = mainstay_rollout::why::asked(rollout, question);
            tracing::warn!(rollout = %id, version, asks, "rollout waits for a person");
        }
        Action::CannotReturn { device, why } => {
            tracing::warn!(rollout = %id, version, %device, %why, "device can't go back");
        }
        Action::Return { device, .. } => {
            tracing::info!(rollout = %id, version, %device, "device goes back");
        }
        Action::OpenIncident(_) => tracing::warn!(rollout = %id, version, "incident opened"),
        Action::Complete => tracing::info!(rollout = %id, version, "rollout complete"),
    }
}
