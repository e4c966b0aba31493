//! The background jobs, and what they leave in memory for the handlers.
//!
//! Read [`advance_rollouts`]: it closes the loop from telemetry back to the rollout.
//!
//! | job | who does it, where several servers share one store |
//! |---|---|
//! | [`advance_rollouts`] | one of them, by its [`lease`]; whoever pulls a brake takes a turn at once, whichever server that is |
//! | [`begin_rollouts`] | the same one, in a task of its own: no step waits for a fleet to be drawn; what it leaves undone, any of them |
//! | `follow_rollouts` | all others |
//! | [`feel_load`], [`feel_pulse`], [`write_last_seen`] | each: it is about what this server has in memory |
//! | [`share_line`] | each: it is about what this server sends |
//! | [`hear_store`] | each: it is about this server's own way to the store |
//! | `tell_webhooks` | one of them, by a lease of its own, as long as anybody is to be told |
//! | `watch_events` | each: it is about who listens to this server |
//! | [`measure_payloads`] | each: which payloads are damaged must be known to whoever hands them out |

pub mod advance_rollouts;
pub(crate) mod begin_rollouts;
pub(crate) mod feel_load;
pub(crate) mod feel_pulse;
mod follow_rollouts;
pub(crate) mod hear_store;
pub(crate) mod lease;
mod look;
pub mod measure_payloads;
mod memory;
pub(crate) mod other_classes;
mod release_stage;
pub(crate) mod share_line;
pub(crate) mod tell_webhooks;
pub(crate) mod watch_events;
mod withdraw;
pub mod write_last_seen;

use std::sync::Arc;
use std::time::Duration;

use mainstay_store::StoreError;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, sleep_until, timeout};

use crate::App;
use crate::app_config::Advance;

pub(crate) use look::{Decided, at_fleet};
pub use memory::RolloutMemory;

/// A rollout is looked at no more often than this: each look reads all enrolled devices.
pub const PERIOD_MIN: Duration = Duration::from_millis(200);
/// And no more rarely: a halt should never wait longer for its turn.
pub const PERIOD_MAX: Duration = Duration::from_secs(10);
/// A turn takes seconds; who waits so long waits for an answer that won't come.
const TURN_MAX: Duration = Duration::from_secs(300);
/// Following reads less than a turn does; and as long as it waits this server can do nothing with a job that falls to it.
const FOLLOW_MAX: Duration = Duration::from_secs(30);
/// The store gives a few rows; who waits for them for so long waits for an answer that won't come, and what comes after it gets another connection.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// So many looks between two polls of one device: news is acted on well before it asks again.
const LOOKS_PER_POLL: u32 = 20;

/// The turn before the first request: until then this server knows of no hold that follows from a halt, and a
/// status that lets it be would let devices install what was halted.
pub(crate) async fn catch_up(app: &App) {
    if !matches!(app.config.advance, Advance::ByCaller) {
        turn(app).await;
    }
}

/// Advances rollouts until told to stop, or follows them while another server does. One failed turn is logged and the next one tried.
pub(crate) async fn keep_running(app: Arc<App>, stopped: watch::Receiver<bool>) {
    let Some(period) = period(&app).await else {
        return;
    };
    // One task for both: what keeps the turns from going on keeps the lease from being renewed.
    tokio::select! {
        () = app.lease.keep(&*app.store, &*app.clock) => {}
        () = take_turns(&app, period, stopped) => {}
    }
    app.lease.give_back(&*app.store).await;
}

/// Takes a turn at each tick, as soon as this server has got the job or lost it, and when something has changed that could give a device something:
/// another server's step, or what people told another server.
async fn take_turns(app: &App, period: Duration, mut stopped: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut taken, mut changed) = (app.lease.taken(), app.quiet.changed());
    let mut rested = Instant::now();
    loop {
        let wakes = async {
            sleep_until(rested).await;
            changed.changed().await
        };
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            _ = ticks.tick() => {}
            _ = taken.changed() => {}
            _ = wakes => {}
        }
        // What changes from now on may not be seen in this turn.
        changed.mark_unchanged();
        let began = Instant::now();
        scheduled_turn(app).await;
        // Turns that changes call for take half of the time at most: one over a large fleet takes seconds.
        rested = Instant::now() + began.elapsed().max(PERIOD_MIN);
    }
}

/// The steps, unless another server takes them for all; then a look at what they are.
async fn scheduled_turn(app: &App) {
    let _at_work = app.lease.at_work();
    if !app.lease.is_anothers() {
        let went_well = turn(app).await;
        return app.lease.worked(went_well, &*app.store).await;
    }
    let followed = timeout(FOLLOW_MAX, follow_rollouts::run(app, app.now())).await;
    let followed =
        followed.unwrap_or_else(|silence| Err(StoreError::Unreachable(Box::new(silence))));
    if let Err(error) = followed {
        tracing::error!(id = error.id(), %error, "rollouts not followed; tried again at the next turn");
    }
}

/// What the store answers, or that it says nothing.
async fn answered<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let answered = timeout(ANSWER_MAX, asked).await;
    answered.unwrap_or_else(|silence| Err(StoreError::Unreachable(Box::new(silence))))
}

/// Waits for the next tick; true if told to stop before it.
async fn stopped_at_tick(stopped: &mut watch::Receiver<bool>, ticks: &mut Interval) -> bool {
    tokio::select! {
        _ = stopped.wait_for(|stop| *stop) => true,
        _ = ticks.tick() => false,
    }
}

/// One turn, also right after a brake was pulled, whoever has the job: what fails in it is another rollout's, and is done again at the
/// next one. Whether all went well.
///
/// Only scheduled turns count as work of who has the job: a brake's turn that hangs keeps nothing from being renewed, since the next
/// scheduled one would hang as well.
pub(crate) async fn turn(app: &App) -> bool {
    // A database whose machine has vanished never answers; the turn after this one gets another connection.
    let advanced = timeout(TURN_MAX, advance_rollouts::steps(app, app.now())).await;
    let advanced =
        advanced.unwrap_or_else(|silence| Err(StoreError::Unreachable(Box::new(silence))));
    if let Err(error) = &advanced {
        tracing::error!(id = error.id(), %error, "rollouts not advanced; tried again at the next turn");
    }
    advanced.is_ok()
}

/// The period between two turns; none when the caller does it.
async fn period(app: &App) -> Option<Duration> {
    match app.config.advance {
        Advance::ByCaller => None,
        Advance::Every(period) => Some(period.max(PERIOD_MIN)),
        Advance::ByPlan => Some(planned_period(app).await),
    }
}

/// How often a server looks after its rollouts; by the plan's poll, if a caller does it in its own time.
pub(crate) async fn look_every(app: &App) -> Duration {
    match period(app).await {
        Some(period) => period,
        None => planned_period(app).await,
    }
}

async fn planned_period(app: &App) -> Duration {
    let plan = app.plan().await.ok().flatten();
    let poll = plan.and_then(|active| Duration::try_from(active.plan.rollout.poll).ok());
    let looks = poll.unwrap_or(PERIOD_MAX) / LOOKS_PER_POLL;
    looks.clamp(PERIOD_MIN, PERIOD_MAX)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_store_that_says_nothing_is_waited_for_for_a_minute() {
        let began = Instant::now();
        let error = answered(pending::<Result<(), _>>()).await.unwrap_err();
        assert_eq!(error.id(), "store.unreachable");
        assert_eq!(began.elapsed().as_secs(), ANSWER_MAX.as_secs());
        assert!(answered(async { Ok(7) }).await.is_ok_and(|it| it == 7));
    }
}
