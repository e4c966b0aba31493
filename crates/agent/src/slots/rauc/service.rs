//! Speaks to RAUC's service by RAUC's own command, and says what it complained of.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use mainstay_protocol::InstallFailure;

use super::status::Status;
use crate::clock::Clock;
use crate::command::{Ended, Program};
use crate::fault::Fault;

/// How often RAUC is asked again while it does something else.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// What its service answers then, to any question.
const BUSY: &str = "already processing a different method";

/// RAUC's service.
#[derive(Debug)]
pub(super) struct Service {
    /// RAUC's command, and how long it may take.
    pub(super) rauc: Program,
}

impl Service {
    /// What it says of its slots.
    pub(super) fn status(&self) -> Result<Status, Fault> {
        let ended = self.call(&["status", "--detailed", "--output-format=json"])?;
        if !ended.succeeded() {
            return Err(unusable(&complaint(&ended)));
        }
        serde_json::from_str(&ended.output)
            .map_err(|error| unusable(&format!("its status can't be read: {error}")))
    }

    /// Installs a bundle into the slot that doesn't run, and has it started next.
    pub(super) fn install(&self, bundle: &Path) -> Result<(), Fault> {
        let ended = self.call(&["install", &bundle.to_string_lossy()])?;
        ended.log("rauc");
        match ended.code() {
            Some(0) => Ok(()),
            Some(1) => Err(refused(&complaint(&ended))),
            _ => Err(unusable(&complaint(&ended))),
        }
    }

    /// Marks a slot, such as "mark-good" and "booted".
    pub(super) fn mark(&self, how: &str, which: &str) -> Result<(), Fault> {
        let ended = self.call(&["status", how, which])?;
        match ended.succeeded() {
            true => Ok(()),
            false => Err(unusable(&complaint(&ended))),
        }
    }

    /// Runs its command. An installation goes on when whoever ordered it has been killed, and until it ends RAUC
    /// answers nobody: that is waited for, as long as an installation may take.
    fn call(&self, words: &[&str]) -> Result<Ended, Fault> {
        let mut program = self.rauc.clone();
        program
            .command
            .extend(words.iter().map(|word| (*word).to_owned()));
        let clock = Clock::begin();
        loop {
            let ended = program.watch("rauc", &[])?;
            let is_over = Duration::from_millis(clock.elapsed_ms()) >= self.rauc.limit;
            if is_over || !is_busy(&ended) {
                return Ok(ended);
            }
            sleep(ASK_AGAIN);
        }
    }
}

fn is_busy(ended: &Ended) -> bool {
    !ended.succeeded() && ended.complaint.to_ascii_lowercase().contains(BUSY)
}

/// Why it failed: the last error of an installation, or else the last line that it wrote for people.
fn complaint(ended: &Ended) -> String {
    let error = ended
        .output
        .lines()
        .find_map(|line| line.strip_prefix("LastError: "));
    let mut lines = ended.complaint.lines().map(str::trim);
    let last = lines.rfind(|line| !line.is_empty());
    let why = error.or(last).unwrap_or("it doesn't say why");
    why.trim_end_matches('.').to_owned()
}

pub(super) fn unusable(what: &str) -> Fault {
    Fault::new(
        "agent.rauc",
        format!("RAUC can't be used: {what}"),
        "Run `rauc status` by hand: its service must run, and its boot names must be A and B.",
    )
}

fn refused(what: &str) -> Fault {
    Fault::new(
        "agent.rauc-refused",
        format!("RAUC didn't install the bundle: {what}"),
        "Look at what RAUC's service logged, and at the bundle by `rauc info`.",
    )
    .told_as(InstallFailure::ImageUnusable)
}
