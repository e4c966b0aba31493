//! Domain values as the API shows them. Nothing is decided or worded here that the domain words.

use jiff::Timestamp;
use mainstay_api::{HoldView, PauseView, ReleaseView, RolloutView, RootView, StageView, WaveView};
use mainstay_artifact::document_file;
use mainstay_release::{Hold, HoldState, Release, Stage, StageName};
use mainstay_rollout::{Phase, Rollout, Verdict, why};
use mainstay_store::StoredRoot;
use mainstay_telemetry::WaveHealth;
use mainstay_trust::{Refusal, Root};

use crate::figures::not_just_now;
use crate::pages::fill::Picture;
use crate::standing::moment;

/// A release.
pub(super) fn release(release: &Release) -> ReleaseView {
    let facts = &release.facts;
    let history = release.stage.history();
    let stages = history.iter().map(|entry| StageView {
        stage: entry.stage.id().to_owned(),
        by: entry.by.map(ToString::to_string),
        at: entry.at,
        detail: detail(&release.stage, entry.stage),
    });
    ReleaseView {
        id: release.id.to_string(),
        class: facts.class.to_string(),
        version: facts.version.to_string(),
        sequence: facts.sequence,
        manifest: facts.manifest.to_string(),
        image: facts.image.to_string(),
        image_bytes: facts.image_bytes,
        returns_to: facts.returns_to.iter().map(ToString::to_string).collect(),
        track: facts.track.to_string(),
        stage: release.stage.name().id().to_owned(),
        history: stages.collect(),
    }
}

/// What else is to know about one stage of the history.
fn detail(stage: &Stage, entry: StageName) -> Option<String> {
    match entry {
        StageName::Approved => stage
            .approved()
            .map(|a| format!("under plan {}", a.plan_revision)),
        StageName::Scheduled => stage
            .scheduled()
            .map(|s| format!("as rollout {}", s.rollout)),
        StageName::Halted => halted_because(stage),
        StageName::Revoked => match stage {
            Stage::Revoked(revoked) => Some(revoked.because.clone()),
            _ => None,
        },
        StageName::Superseded => match stage {
            Stage::Superseded(superseded) => Some(format!("by {}", superseded.newer)),
            _ => None,
        },
        _ => None,
    }
}

fn halted_because(stage: &Stage) -> Option<String> {
    match stage {
        Stage::Halted(halted) => Some(halted.reason.clone()),
        Stage::RolledBack(back) => Some(back.halted.reason.clone()),
        Stage::Revoked(revoked) => halted_because(&revoked.before),
        _ => None,
    }
}

/// A rollout and how its devices do; so many of them are `unverified`.
pub(super) fn rollout(
    rollout: &Rollout,
    picture: &Picture,
    unverified: u32,
    now: Timestamp,
) -> RolloutView {
    let health = picture.summary(rollout);
    let is_halted = matches!(rollout.phase, Phase::Halted { .. });
    let candidate = &rollout.candidate;
    let Ending {
        at: ended_at,
        halted_because,
        withdrawn_because,
    } = Ending::of(rollout);
    let unreached: u32 = health.waves.iter().map(|wave| wave.tally.unreached).sum();
    RolloutView {
        id: rollout.id.0,
        release: format!("{}@{}", candidate.class, candidate.version),
        version: candidate.version.clone(),
        phase: phase(rollout).to_owned(),
        wave: rollout.current_wave(),
        started_at: rollout.started_at,
        ended_at,
        halted_because,
        withdrawn_because,
        paused_because: paused_because(rollout, now),
        pauses: pauses(rollout),
        plan_revision: rollout.plan_revision.clone(),
        // Of one that hasn't begun nobody knows yet how large they are.
        waves: match rollout.is_starting() {
            true => Vec::new(),
            false => health.waves.iter().map(wave).collect(),
        },
        returned: picture.returned() as usize,
        still_on_it: match is_halted {
            true => picture.run_it() as usize,
            false => 0,
        },
        unreached: unreached as usize,
        unverified: unverified as usize,
        counted_at: not_just_now(picture.at(), now),
    }
}

fn phase(rollout: &Rollout) -> &'static str {
    match rollout.phase {
        Phase::Rolling { .. } if rollout.is_starting() => "starting",
        Phase::Rolling { .. } => "rolling",
        Phase::AwaitsHuman { .. } => "awaits-human",
        Phase::Halted { .. } => "halted",
        Phase::Complete { .. } => "complete",
        Phase::Withdrawn { .. } => "withdrawn",
    }
}

fn paused_because(rollout: &Rollout, now: Timestamp) -> Option<String> {
    let paused = rollout.paused.as_ref().filter(|_| !rollout.is_over())?;
    Some(why::paused(paused.at, &paused.who, &paused.why, now))
}

/// All pauses that are remembered, in their order; the one in force is the last.
fn pauses(rollout: &Rollout) -> Vec<PauseView> {
    let past = rollout.pauses.iter();
    let past = past.map(|pause| (&pause.paused, Some((pause.until, &pause.resumed_by))));
    let all = past.chain(rollout.paused.iter().map(|paused| (paused, None)));
    all.map(|(paused, end)| PauseView {
        at: paused.at,
        by: paused.who.clone(),
        why: paused.why.clone(),
        until: end.map(|(until, _)| until),
        resumed_by: end.map(|(_, by)| by.clone()),
    })
    .collect()
}

/// How a rollout ended; all none while it goes on.
#[derive(Default)]
struct Ending {
    at: Option<Timestamp>,
    halted_because: Option<String>,
    withdrawn_because: Option<String>,
}

impl Ending {
    fn of(rollout: &Rollout) -> Self {
        let (at, halted_because, withdrawn_because) = match &rollout.phase {
            Phase::Halted { at, reason, .. } => (at, Some(why::halted(rollout, reason)), None),
            Phase::Withdrawn { at, who, why } => (at, None, Some(why::withdrawn(who, why))),
            Phase::Complete { at } => (at, None, None),
            Phase::Rolling { .. } | Phase::AwaitsHuman { .. } => return Self::default(),
        };
        Self {
            at: Some(*at),
            halted_because,
            withdrawn_because,
        }
    }
}

fn wave(health: &WaveHealth) -> WaveView {
    let stages = &health.stages;
    WaveView {
        name: health.name.clone(),
        opened_at: health.opened_at,
        members: health.tally.members as usize,
        updated: stages.verified as usize,
        failed: stages.failed as usize,
        under_way: (stages.installing + stages.on_trial) as usize,
        began: health.tally.began as usize,
        verdict: verdict(health.monitor.verdict).to_owned(),
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Continue => "continue",
        Verdict::Accept { .. } => "accept",
        Verdict::Reject { .. } => "reject",
    }
}

/// A root.
///
/// # Errors
/// If what is stored can't be read.
pub(super) fn root(stored: &StoredRoot) -> Result<RootView, Refusal> {
    let root: Root<'_> = document_file::read(&stored.signed)?;
    Ok(RootView {
        version: stored.version,
        expires: moment(root.expires),
        by: stored.by.as_ref().map(ToString::to_string),
        at: stored.at,
    })
}

/// A hold, and the devices that run the release.
pub(super) fn hold(hold: &Hold, running: Vec<String>) -> HoldView {
    let (state, asked_by, released_by) = match &hold.state {
        HoldState::InForce => ("in-force", None, None),
        HoldState::ReleaseAsked(asked) => ("release-asked", Some(&asked.by), None),
        HoldState::Released { asked, by, .. } => ("released", Some(&asked.by), Some(by)),
    };
    HoldView {
        release: hold.release.to_string(),
        manifest: hold.manifest.to_string(),
        by: hold.by.to_string(),
        at: hold.at,
        reason: hold.reason.clone(),
        state: state.to_owned(),
        asked_by: asked_by.map(ToString::to_string),
        released_by: released_by.map(ToString::to_string),
        running,
    }
}
