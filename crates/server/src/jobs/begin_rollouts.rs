//! Beginning rollouts that were asked for over many devices: they are drawn and enrolled behind whoever asked.
//!
//! It is a task of its own: no other rollout's step or halt, and nobody who pulls a brake, waits for a fleet to be drawn, and what is
//! written comes in short transactions. Whatever ends this server between two of them leaves the rollout as it was then, and whichever
//! server looks next goes on from there. What can't begin is taken back with the reason. Read [`run`].

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::Terms;
use mainstay_release::{Release, StageName};
use mainstay_rollout::starting::{self, Starting};
use mainstay_rollout::{Rollout, RolloutId, Urn};
use mainstay_store::StoreError;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, sleep, timeout};

use super::{Decided, PERIOD_MIN, advance_rollouts, other_classes};
use crate::{App, apart};

/// So many devices are enrolled in one transaction: some twenty milliseconds, for which other writes wait on SQLite.
const PART_DEVICES: usize = 1000;
/// So many are read at once while they are drawn: some megabytes.
const PAGE_DEVICES: u32 = 2000;
/// A try takes so long at most: a million devices take some minutes, and what is enrolled stays so for the next try.
const TRY_MAX: Duration = Duration::from_secs(15 * 60);
/// So long a rollout that was asked for is left to the server that has the job.
const LEFT_FOR: SignedDuration = SignedDuration::from_mins(15);
/// After a failure the next try waits so long, and so much longer with each further one: it may read a whole fleet.
const WAIT_MORE: SignedDuration = SignedDuration::from_secs(10);
/// What fails is taken back when it has failed so often ...
const TRIES: u32 = 5;
/// ... and for so long: a database that was away, or a disk that was full, is mended by then, or people know of it.
const TRIED_FOR: SignedDuration = SignedDuration::from_mins(30);

/// What a person reads of a rollout on which this program broke.
const BROKE: &str =
    "the server broke while it drew its devices, which is a defect of it; its log says where";

/// Lets rollouts begin until told to stop, unless another server does it for all: whoever takes the steps, and for a while.
pub(crate) async fn keep_beginning(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let Some(period) = super::period(&app).await else {
        return;
    };
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut taken, mut changed) = (app.lease.taken(), app.quiet.changed());
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            _ = ticks.tick() => {}
            _ = taken.changed() => {}
            _ = changed.changed() => {}
        }
        // What is asked for from now on may not be seen in this look.
        changed.mark_unchanged();
        if let Err(error) = run(&app).await {
            tracing::error!(id = error.id(), %error, "a rollout didn't begin; tried again at the next look");
        }
        sleep(PERIOD_MIN).await;
    }
}

/// Lets every rollout begin that is starting, one after the other; but for those that are left to another server.
///
/// It may be called at any time, and by several servers at once: each part is enrolled once, and one of them begins.
///
/// # Errors
/// The first failure of the store, after all others were tried.
pub(super) async fn run(app: &App) -> Result<(), StoreError> {
    // What can't be read is told by who takes the steps.
    let watched = app.store.rollouts_under_watch().await?;
    let mut failed = None;
    let is_due = |one: &&Rollout| {
        let failing = app.memory.failing(one.id);
        let is_left = app.lease.is_anothers() && is_recent(one.started_at, app.now());
        one.is_starting() && !is_left && failing.is_none_or(|failing| failing.is_due(app.now()))
    };
    for rollout in watched.rollouts.iter().filter(is_due) {
        match try_once(app, rollout).await {
            Ok(()) => app.memory.begins(rollout.id),
            // It was taken back or paused meanwhile, or another server was faster: the next look sees what became of it.
            Err(StoreError::Conflict { because, .. }) => {
                tracing::debug!(rollout = %rollout.id, because, "rollout changed while it starts");
            }
            Err(error) => {
                tracing::error!(rollout = %rollout.id, id = error.id(), %error, "rollout didn't begin");
                failed = failed.or(Some(error));
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Whether a rollout that was asked for then is left to the server that has the job. It may be one of the version before, which knows
/// nothing of it, or its task may hang; that two of them do it costs a second reading.
fn is_recent(asked: Timestamp, now: Timestamp) -> bool {
    now.duration_since(asked) < LEFT_FOR
}

/// One try; what has failed for too long is taken back.
async fn try_once(app: &App, rollout: &Rollout) -> Result<(), StoreError> {
    let begins = AssertUnwindSafe(begin(app, rollout)).catch_unwind();
    let error = match timeout(TRY_MAX, begins).await {
        Ok(Err(_broken)) => return take_back(app, rollout.id, BROKE).await,
        Ok(Ok(Err(error))) if !matches!(error, StoreError::Conflict { .. }) => error,
        Ok(Ok(outcome)) => return outcome,
        Err(silence) => StoreError::Unreachable(Box::new(silence)),
    };
    let failing = app.memory.fails_to_begin(rollout.id, app.now());
    if failing.is_enough(app.now()) {
        tracing::error!(rollout = %rollout.id, id = error.id(), %error, "rollout didn't begin");
        return take_back(app, rollout.id, &failing.told(&error)).await;
    }
    Err(error)
}

/// How often it failed to let a rollout begin, as far as this server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failing {
    /// When it did first.
    pub since: Timestamp,
    /// When it did last.
    pub last: Timestamp,
    /// How often it did.
    pub times: u32,
}

impl Failing {
    /// Whether it is time for another try; also if the clock was set back.
    fn is_due(self, now: Timestamp) -> bool {
        let waits = WAIT_MORE.saturating_mul(i32::try_from(self.times).unwrap_or(i32::MAX));
        now < self.last || now.duration_since(self.last) >= waits
    }

    /// Whether it isn't tried again.
    fn is_enough(self, now: Timestamp) -> bool {
        self.times >= TRIES && now.duration_since(self.since) >= TRIED_FOR
    }

    /// The reason, without what the log alone may hold.
    fn told(self, error: &StoreError) -> String {
        let Self { since, times, .. } = self;
        format!(
            "its devices couldn't be kept ({}): the server tried {times} times since {since:.0}, and its log says more",
            error.id()
        )
    }
}

/// Draws the devices unless they are, enrols those that aren't, and lets the rollout begin; or takes it back and says why.
async fn begin(app: &App, rollout: &Rollout) -> Result<(), StoreError> {
    let drawn = match rollout.starting {
        Some(Starting::ToDraw) => drawn(app, rollout).await?,
        Some(Starting::ToEnrol) | None => Ok(rollout.clone()),
    };
    let drawn = match drawn {
        Ok(drawn) => drawn,
        Err(because) => return take_back(app, rollout.id, &because).await,
    };
    while app.store.enrol_part(&drawn).await? {}
    if let Err(because) = release(app, &drawn).await? {
        return take_back(app, drawn.id, &because).await;
    }
    let others = other_classes::counted(app, &drawn.rules.prerequisites).await?;
    let begun = starting::begun(&drawn, &others, app.now());
    match app.store.begin_rollout(&begun, drawn.generation).await {
        // A server of the version before doesn't see that one is starting.
        Err(StoreError::Conflict {
            what: "device class",
            because,
            ..
        }) => return take_back(app, drawn.id, &because).await,
        saved => saved?,
    }
    let devices: u32 = begun.waves.iter().map(|wave| wave.members).sum();
    let version = &begun.candidate.version;
    tracing::info!(rollout = %begun.id, version, devices, "rollout begins");
    Ok(())
}

/// The rollout with its devices drawn, which are kept; or why nobody is.
async fn drawn(app: &App, rollout: &Rollout) -> Result<Result<Rollout, String>, StoreError> {
    let terms = match terms(app, rollout).await? {
        Ok(terms) => terms,
        Err(because) => return Ok(Err(because)),
    };
    let urn = shown(app, rollout, terms).await?;
    // Sorting a million devices keeps a processor for seconds. The canary is enrolled first, and of each wave together what lies together.
    let drawing = apart::worked_out(move || urn.draw_as_shown());
    let enrolments = match drawing.await? {
        Ok(enrolments) => enrolments,
        Err(refusal) => return Ok(Err(refusal.to_string())),
    };
    let next = starting::drawn(rollout, &enrolments);
    let parts: Vec<_> = enrolments.chunks(PART_DEVICES).collect();
    let kept = app.store.keep_draw(&next, rollout.generation, &parts);
    kept.await?;
    Ok(Ok(next))
}

/// All devices of the class, read page by page: so many as a class may have would be gigabytes.
async fn shown(app: &App, rollout: &Rollout, terms: Terms) -> Result<Urn, StoreError> {
    let class = rollout.candidate.class.as_str();
    let mut urn = Urn::new(terms, rollout.rules.clone(), rollout.seed, app.now());
    let mut after = None;
    loop {
        let page = app.store.class_after(class, after.as_ref(), PAGE_DEVICES);
        let page = page.await?;
        page.iter().for_each(|device| urn.show(device));
        match page.into_iter().next_back() {
            Some(last) => after = Some(last.id),
            None => return Ok(urn),
        }
    }
}

/// What the release asks of devices, by the plan that the rollout was asked for under; or why that isn't known any more.
async fn terms(app: &App, rollout: &Rollout) -> Result<Result<Terms, String>, StoreError> {
    let candidate = &rollout.candidate;
    let release = match release(app, rollout).await? {
        Ok(release) => release,
        Err(because) => return Ok(Err(because)),
    };
    let plan = match app.plan_of_revision(&rollout.plan_revision).await {
        Err(StoreError::Damaged { .. }) => None,
        plan => plan?,
    };
    let class = plan
        .as_ref()
        .and_then(|plan| plan.class_named(&candidate.class));
    Ok(match class {
        Some(class) => Ok(mainstay_rollout::terms(
            candidate,
            class,
            release.facts.track,
        )),
        None => Err("its class can't be read in the plan that it was asked for under".to_owned()),
    })
}

/// The release, as long as it is the rollout's to carry out.
async fn release(app: &App, rollout: &Rollout) -> Result<Result<Release, String>, StoreError> {
    let found = app.store.release_by_manifest(&rollout.candidate.release);
    Ok(match found.await? {
        None => Err("its release isn't here any more".to_owned()),
        Some(release) => match release.stage.name() {
            StageName::Scheduled => Ok(release),
            other => Err(format!("its release is {} by now", other.phrase())),
        },
    })
}

/// Takes a rollout back that is still starting.
async fn take_back(app: &App, id: RolloutId, because: &str) -> Result<(), StoreError> {
    let found = app.store.rollout(id).await?;
    let Some(before) = found.filter(Rollout::is_starting) else {
        return Ok(());
    };
    let step = starting::could_not_begin(&before, because, app.now());
    advance_rollouts::save(app, &before, Decided::of_nobody(step), app.now()).await?;
    let version = &before.candidate.version;
    tracing::warn!(rollout = %id, version, because, "rollout could not start");
    app.memory.begins(id);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(times: u32) -> Failing {
        Failing {
            since: Timestamp::UNIX_EPOCH,
            last: Timestamp::UNIX_EPOCH,
            times,
        }
    }

    #[test]
    fn what_whoever_has_the_job_leaves_undone_is_done_by_others() {
        let asked = Timestamp::UNIX_EPOCH;
        let is_left = |seconds| is_recent(asked, asked + SignedDuration::from_secs(seconds));
        assert!(is_left(0) && is_left(899) && !is_left(900));
        assert!(is_left(-5), "the clocks of two servers differ");
    }

    #[test]
    fn what_fails_is_tried_again_ever_more_rarely() {
        let is_due = |times, seconds| {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
            failing(times).is_due(now)
        };
        assert!(!is_due(1, 9) && is_due(1, 10));
        assert!(!is_due(12, 119) && is_due(12, 120));
        assert!(is_due(12, -1), "the clock was set back");
        assert!(!is_due(u32::MAX, 1 << 30));
    }

    #[test]
    fn what_fails_is_given_up_after_many_tries_and_a_long_time() {
        let since = Timestamp::UNIX_EPOCH;
        let is_enough = |times, minutes| {
            let now = since + SignedDuration::from_mins(minutes);
            failing(times).is_enough(now)
        };
        assert!(!is_enough(1, 600), "it may have been one bad moment");
        assert!(!is_enough(1000, 29), "the disk may be full for a while");
        assert!(!is_enough(4, 30));
        assert!(is_enough(5, 30));
        let told = failing(5).told(&StoreError::Full);
        assert_eq!(
            told,
            "its devices couldn't be kept (store.full): the server tried 5 times since 1970-01-01T00:00:00Z, and its log says more"
        );
    }
}
