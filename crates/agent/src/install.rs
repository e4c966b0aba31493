//! `mainstay-agent install`: one bundle, by hand, up to the restart.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::agent::{Agent, Next};
use crate::bundles;
use crate::fault::Fault;
use crate::status::Doing;

/// How a bundle ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// It is whole, and is tried at the next restart.
    Ready,
    /// The device said no, for this reason.
    Refused(String),
}

/// Installs a bundle, without a network.
///
/// # Errors
/// If it isn't a bundle, or the storage fails.
pub fn bundle(agent: &mut Agent, path: &Path) -> Result<Installed, Fault> {
    let ended = install(agent, path).inspect_err(|fault| agent.trouble(fault));
    agent.tell(Doing::Idle);
    ended
}

fn install(agent: &mut Agent, path: &Path) -> Result<Installed, Fault> {
    agent.take_bundle(path)?;
    while agent.core().is_installing() {
        if agent.wants_restart() {
            return Ok(Installed::Ready);
        }
        match agent.step()? {
            Next::Step => {}
            Next::Restart => return Ok(Installed::Ready),
            Next::SleepUntil(_) => sleep(Duration::from_millis(100)),
        }
    }
    let newest = agent.core().record().reports.last();
    let outcome = newest.map(|report| bundles::outcome(&report.event));
    Ok(Installed::Refused(outcome.unwrap_or_else(|| {
        "agent.busy: an image on trial must first be kept or given up".to_owned()
    })))
}
