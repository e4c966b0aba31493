//! What is an event, and how it reads: pure functions from what changed to what is told of it. Read [`of_step`].

use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_fleet::ReleaseDigest;
use mainstay_release::{Hold, HoldState, Release, StageName};
use mainstay_rollout::{Action, HaltReason, Phase, Rollout, why};
use mainstay_telemetry::{Incident, IncidentId};

use super::{EventKind, Happened};

/// So many devices that can't go back are named; an incident lists them all.
const STUCK_NAMED_MAX: usize = 20;

/// A release was handed in.
#[must_use]
pub fn of_added_release(release: &Release) -> Happened {
    let drafted = release.stage.drafted();
    let what = format!("{} was handed in", release.id);
    about_release(EventKind::ReleaseAdded, release, drafted.at, what).by(Some(&drafted.by))
}

/// A release came to another stage, at this moment; none if it is where it was.
#[must_use]
pub fn of_moved_release(
    release: &Release,
    from: StageName,
    at: Option<Timestamp>,
) -> Option<Happened> {
    let stage = release.stage.name();
    if stage == from {
        return None;
    }
    let history = release.stage.history();
    // A release whose rollout was withdrawn is where it was long ago, and who brought it there then did nothing now.
    let newest = history.last().filter(|entry| entry.stage == stage);
    let said = newest.map(|entry| entry.at);
    let at = at.or(said).unwrap_or(release.stage.drafted().at);
    let what = format!("{} is {stage} (it was {from})", release.id);
    let happened = about_release(EventKind::ReleaseMoved, release, at, what)
        .by(newest
            .filter(|entry| entry.at == at)
            .and_then(|entry| entry.by))
        .fact("from", from.id());
    Some(happened)
}

fn about_release(kind: EventKind, release: &Release, at: Timestamp, what: String) -> Happened {
    Happened::new(kind, at, release_subject(release.id.as_str()), what)
        .fact("release", release.facts.manifest)
        .fact("version", &release.facts.version)
        .fact("class", release.facts.class.as_str())
        .fact("stage", release.stage.name().id())
}

fn release_subject(name: &str) -> String {
    format!("release/{name}")
}

/// A rollout was started; or asked for, if its devices are still to be drawn.
#[must_use]
pub fn of_start(rollout: &Rollout) -> Happened {
    let class = &rollout.candidate.class;
    if rollout.is_starting() {
        let what = format!("{} was asked for, for {class}", named(rollout));
        return about(
            EventKind::RolloutStarting,
            rollout,
            rollout.started_at,
            what,
        )
        .fact("revision", &rollout.plan_revision);
    }
    let members: u32 = rollout.waves.iter().map(|wave| wave.members).sum();
    let what = format!(
        "{} was started for {class}, with {members} devices",
        named(rollout)
    );
    about(EventKind::RolloutStarted, rollout, rollout.started_at, what)
        .fact("devices", members)
        .fact("revision", &rollout.plan_revision)
}

/// What a step of a rollout, or a person's word about it, changed; in the order in which it is to be read.
#[must_use]
pub fn of_step(
    before: &Rollout,
    after: &Rollout,
    actions: &[Action],
    at: Timestamp,
) -> Vec<Happened> {
    let mut told = Vec::new();
    told.extend(answered(before, after, at));
    told.extend(resumed(before, after, at));
    for (index, wave) in after.waves.iter().enumerate() {
        let was_open = before.waves.get(index).and_then(|wave| wave.opened_at);
        if wave.opened_at.is_some() && was_open.is_none() {
            let what = format!("the {} wave of {} opened", wave.wave, named(after));
            let happened = about(EventKind::RolloutWaveOpened, after, at, what)
                .fact("wave", index)
                .fact("devices", wave.members);
            told.push(happened);
        }
    }
    told.extend(paused(before, after, at));
    if before.phase != after.phase {
        told.extend(moved(before, after, at));
    }
    told.extend(stuck(after, actions, at));
    told
}

/// "rollout 3 of 1.1.0".
fn named(rollout: &Rollout) -> String {
    format!("rollout {} of {}", rollout.id, rollout.candidate.version)
}

fn about(kind: EventKind, rollout: &Rollout, at: Timestamp, what: String) -> Happened {
    Happened::new(kind, at, format!("rollout/{}", rollout.id), what)
        .fact("rollout", rollout.id)
        .fact("release", rollout.candidate.release)
        .fact("version", &rollout.candidate.version)
        .fact("class", &rollout.candidate.class)
}

fn answered(before: &Rollout, after: &Rollout, at: Timestamp) -> Option<Happened> {
    let waves = before.waves.iter().zip(&after.waves);
    let new = waves
        .filter(|(before, after)| after.answers.len() > before.answers.len())
        .find_map(|(_, after)| after.answers.last())?;
    let what = format!(
        "{} answered that {} goes on: {}",
        new.who,
        named(after),
        new.why
    );
    let happened = about(EventKind::RolloutAnswered, after, at, what);
    Some(happened.by(Some(&new.who)))
}

fn resumed(before: &Rollout, after: &Rollout, at: Timestamp) -> Option<Happened> {
    before.paused.as_ref()?;
    if after.paused.is_some() {
        return None;
    }
    let who = after.pauses.last().map(|pause| &pause.resumed_by);
    let what = format!("{} goes on after a pause", named(after));
    Some(about(EventKind::RolloutResumed, after, at, what).by(who))
}

fn paused(before: &Rollout, after: &Rollout, at: Timestamp) -> Option<Happened> {
    let paused = after.paused.as_ref()?;
    if before.paused.as_ref() == Some(paused) {
        return None;
    }
    let what = format!("{} paused {}: {}", paused.who, named(after), paused.why);
    let happened = about(EventKind::RolloutPaused, after, at, what);
    Some(happened.by(Some(&paused.who)))
}

/// The phase that a rollout has come to. That it rolls again needs no word of its own: somebody answered, or the question went away.
fn moved(before: &Rollout, after: &Rollout, at: Timestamp) -> Option<Happened> {
    let name = named(after);
    match &after.phase {
        Phase::Rolling { .. } => None,
        Phase::AwaitsHuman {
            question,
            wave,
            since,
        } => {
            // The same question goes on with newer numbers.
            if matches!(&before.phase, Phase::AwaitsHuman { since: same, .. } if same == since) {
                return None;
            }
            let what = format!("{name} asks operations: {}", why::asked(after, question));
            Some(about(EventKind::RolloutAsks, after, at, what).fact("wave", wave))
        }
        Phase::Halted { wave, reason, .. } => {
            let what = format!("{name} was halted: {}", why::halted(after, reason));
            let who = match reason {
                HaltReason::Person { who, .. } => Some(who),
                _ => None,
            };
            let happened = about(EventKind::RolloutHalted, after, at, what);
            Some(happened.by(who).fact("wave", wave))
        }
        Phase::Complete { .. } => {
            let what = format!("{name} is complete");
            Some(about(EventKind::RolloutCompleted, after, at, what))
        }
        Phase::Withdrawn { who, why, .. } => {
            let what = format!("{who} withdrew {name} before a wave opened: {why}");
            Some(about(EventKind::RolloutWithdrawn, after, at, what).by(Some(who)))
        }
    }
}

fn stuck(after: &Rollout, actions: &[Action], at: Timestamp) -> Option<Happened> {
    let devices = actions.iter().filter_map(|action| match action {
        Action::CannotReturn { device, .. } => Some(device.as_str()),
        _ => None,
    });
    let devices: Vec<_> = devices.collect();
    if devices.is_empty() {
        return None;
    }
    let what = match devices.len() {
        1 => format!("a device of {} can't go back by itself", named(after)),
        many => format!(
            "{many} devices of {} can't go back by themselves",
            named(after)
        ),
    };
    let named = &devices[..devices.len().min(STUCK_NAMED_MAX)];
    let happened = about(EventKind::RolloutDevicesStuck, after, at, what)
        .fact("count", devices.len())
        .fact("devices", named.join(" "));
    Some(happened)
}

/// An incident opened, under this number.
#[must_use]
pub fn of_opening(id: IncidentId, incident: &Incident) -> Happened {
    let what = format!("{id} opened: {}", incident.title);
    let who = incident.reopens.as_ref().map(|reopens| &reopens.by);
    about_incident(
        EventKind::IncidentOpened,
        id,
        incident,
        incident.opened_at,
        what,
    )
    .by(who)
}

/// An incident was closed; none if it wasn't, or was before.
#[must_use]
pub fn of_closing(before: &Incident, after: &Incident) -> Option<Happened> {
    if !before.is_open() || after.is_open() {
        return None;
    }
    let last = after.log.last()?;
    let id = after.id;
    let what = format!("{} closed {id}: {}", last.by, after.title);
    let happened = about_incident(EventKind::IncidentClosed, id, after, last.at, what);
    Some(happened.by(Some(&last.by)))
}

fn about_incident(
    kind: EventKind,
    id: IncidentId,
    incident: &Incident,
    at: Timestamp,
    what: String,
) -> Happened {
    Happened::new(kind, at, format!("incident/{id}"), what)
        .fact("rollout", incident.rollout)
        .fact("release", incident.release)
        .fact("version", &incident.version)
}

/// A plan was put into force; `revision` is the digest of its text, hexadecimal.
#[must_use]
pub fn of_activation(revision: &str, by: &Email, at: Timestamp) -> Happened {
    let what = format!("{by} put a plan into force");
    Happened::new(EventKind::PlanActivated, at, "plan".to_owned(), what)
        .by(Some(by))
        .fact("revision", revision)
}

/// What became of a hold.
#[must_use]
pub fn of_hold(hold: &Hold) -> Happened {
    let release = &hold.release;
    let (kind, at, by, what) = match &hold.state {
        HoldState::InForce => (
            EventKind::HoldPlaced,
            hold.at,
            &hold.by,
            format!("{} put {release} on hold: {}", hold.by, hold.reason),
        ),
        HoldState::ReleaseAsked(asked) => (
            EventKind::HoldReleaseAsked,
            asked.at,
            &asked.by,
            format!("{} asks to end the hold on {release}", asked.by),
        ),
        HoldState::Released { asked, by, at } => (
            EventKind::HoldReleased,
            *at,
            by,
            format!("{} and {by} ended the hold on {release}", asked.by),
        ),
    };
    Happened::new(kind, at, release_subject(release.as_str()), what)
        .by(Some(by))
        .fact("release", hold.manifest)
}

/// A root was handed in.
#[must_use]
pub fn of_root(version: u32, by: Option<&Email>, at: Timestamp) -> Happened {
    let what = format!("root {version} is in force");
    Happened::new(EventKind::RootPublished, at, "root".to_owned(), what)
        .by(by)
        .fact("version", version)
}

/// Revocations were handed in.
#[must_use]
pub fn of_revocations(epoch: u32, seq: u64, by: &Email, at: Timestamp) -> Happened {
    let what = format!("revocations {seq} of epoch {epoch} are in force");
    let subject = "revocations".to_owned();
    Happened::new(EventKind::RevocationsPublished, at, subject, what)
        .by(Some(by))
        .fact("epoch", epoch)
        .fact("seq", seq)
}

/// A schedule was handed in, for the release of this name.
#[must_use]
pub fn of_schedule(name: &str, release: &ReleaseDigest, by: &Email, at: Timestamp) -> Happened {
    let what = format!("{name} has a schedule");
    Happened::new(
        EventKind::SchedulePublished,
        at,
        release_subject(name),
        what,
    )
    .by(Some(by))
    .fact("release", release)
}
