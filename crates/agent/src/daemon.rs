//! `mainstay-agent run`: step after step, for ever. It may be killed at any moment.

use std::convert::Infallible;
use std::thread::sleep;
use std::time::Duration;

use mainstay_protocol::InstallFailure;

use crate::agent::{Agent, Next};
use crate::clock::jitter;
use crate::config::Slots;
use crate::fault::Fault;
use crate::log::{self, Level};
use crate::status::Doing;

/// How long it sleeps at once, before it looks for bundles and tells systemd that it lives.
const NAP: Duration = Duration::from_secs(1);
/// The first wait after something failed that isn't the server's doing; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LAST_PAUSE: Duration = Duration::from_secs(600);
/// How long the system may take to go down once it was told to.
const GOING_DOWN: Duration = Duration::from_secs(300);

/// Runs an agent until it is killed.
///
/// # Errors
/// If the machine can't even be started again.
pub fn run(mut agent: Agent) -> Result<Infallible, Fault> {
    agent.notify.ready();
    log::line(Level::Info, "ready");
    let mut pause = FIRST_PAUSE;
    loop {
        match agent.step() {
            Ok(Next::Step) => pause = FIRST_PAUSE,
            Ok(Next::SleepUntil(until_ms)) => rest(&mut agent, until_ms),
            Ok(Next::Restart) => restart(&mut agent)?,
            Err(_) => {
                nap(&mut agent, pause);
                pause = (pause * 2).min(LAST_PAUSE);
                agent.again()?;
            }
        }
    }
}

/// Sleeps until `until_ms`, and a random while longer. A bundle ends it.
fn rest(agent: &mut Agent, until_ms: u64) {
    let now_ms = agent.clock.now_ms();
    let wait = Duration::from_millis(until_ms.saturating_sub(now_ms));
    let until_ms = until_ms.saturating_add(u64::try_from(jitter(wait).as_millis()).unwrap_or(0));
    loop {
        let left = Duration::from_millis(until_ms.saturating_sub(agent.clock.now_ms()));
        if left.is_zero() {
            return;
        }
        agent.notify.alive();
        agent.deferred_s();
        sleep(left.min(NAP));
        if agent.is_free() {
            agent.look_for_bundles();
            if agent.core().is_installing() {
                return;
            }
        }
    }
}

fn nap(agent: &mut Agent, wait: Duration) {
    let until_ms = agent.clock.elapsed_ms() + u64::try_from(wait.as_millis()).unwrap_or(0);
    while agent.clock.elapsed_ms() < until_ms {
        agent.notify.alive();
        sleep(NAP.min(wait));
    }
}

/// Restarts the device, or what the link points to where there is no boot loader.
fn restart(agent: &mut Agent) -> Result<(), Fault> {
    agent.stick = None;
    agent.tell(Doing::Restarting);
    log::line(Level::Notice, "restarts");
    if matches!(agent.settings.slots, Slots::Directory { .. }) {
        return agent.again();
    }
    let Some(program) = agent.settings.restart.clone() else {
        return Ok(());
    };
    match program.run("restart", &[]) {
        Ok(()) => {
            nap(agent, GOING_DOWN);
            stays_up(agent, &not_gone_down())
        }
        Err(fault) => stays_up(agent, &fault),
    }
}

/// The device doesn't go down for a restart. A machine that waits for one wants nothing else, so nobody would ever hear
/// of it: what was to be tried is taken back and told. Of a way back nothing can be taken back; the server hears
/// between two attempts that the device is there.
fn stays_up(agent: &mut Agent, fault: &Fault) -> Result<(), Fault> {
    if agent.core().is_installing() {
        agent.hinder(fault)?;
        agent.note_outcome();
        return Ok(());
    }
    agent.trouble(fault);
    agent.keep_in_touch()?;
    agent.tell(Doing::Restarting);
    nap(agent, LAST_PAUSE);
    Ok(())
}

fn not_gone_down() -> Fault {
    let seconds = GOING_DOWN.as_secs();
    Fault::new(
        "agent.hook-failed",
        format!("restart said that it succeeded, and the device is still up after {seconds} s"),
        "Run it by hand: it must restart the device at once.",
    )
    .told_as(InstallFailure::HookFailed)
}
