//! What the agent says of itself: one JSON file, replaced whole, and a code for scripts.
//!
//! It lies in memory (`/run`), since it changes often and a restart makes it stale.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::wall_ms;
use crate::durable;
use crate::fault::Fault;

/// The largest status file: one that the agent wrote has 2 KiB.
const BYTES_MAX: u64 = 64 * 1024;
const NAME: &str = "status.json";

/// What the agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// It has nothing to do.
    #[default]
    Idle,
    /// It fetches an image.
    Downloading,
    /// It waits until it may restart.
    Waiting,
    /// It restarts.
    Restarting,
    /// It tries a new image out.
    OnTrial,
    /// Nothing: it couldn't start.
    Stopped,
}

/// What the agent says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Status {
    /// Of the format: 1.
    pub version: u32,
    /// When it was written, in Unix seconds.
    pub at: u64,
    /// What the agent does.
    pub doing: Doing,
    /// Why a restart waits: `window` or `deferred`.
    pub wait: Option<String>,
    /// What runs; none if the device knows of no release.
    pub running: Option<Running>,
    /// Why it runs: `confirmed`, `trial`, `reverted`, `last-resort`.
    pub boot: String,
    /// How far a download is.
    pub download: Option<Download>,
    /// When the server last answered, in Unix seconds.
    pub last_contact: Option<u64>,
    /// Exchanges that failed since.
    pub failures: u16,
    /// Why the last exchange failed, its stable id first; none once one succeeds.
    #[serde(default)]
    pub unheard: Option<String>,
    /// What happened and wasn't told to the server yet.
    pub unsent_reports: usize,
    /// The newest event of an installation, by its stable name.
    pub outcome: Option<String>,
    /// What is wrong; none once it isn't any more.
    pub fault: Option<Trouble>,
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The release's identity, in hexadecimal.
    pub release: String,
    /// Its version, for people.
    pub version: String,
    /// `a` or `b`.
    pub slot: String,
    /// Whether it is kept, not on trial.
    pub confirmed: bool,
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// Bytes that are there.
    pub bytes: u64,
    /// Bytes that it takes.
    pub of: u64,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The stable id.
    pub id: String,
    /// What is wrong, and where.
    pub what: String,
    /// What to do about it.
    pub cure: String,
    /// Since when, in Unix seconds.
    pub at: u64,
}

impl Trouble {
    /// A fault that came up at this time.
    #[must_use]
    pub fn of(fault: &Fault, at: u64) -> Self {
        Self {
            id: fault.id.to_owned(),
            what: fault.what.clone(),
            cure: fault.cure.to_owned(),
            at,
        }
    }
}

impl Status {
    /// The code that `mainstay-agent status` ends with: 0 if all is well, 1 if something is wrong, 3 while an
    /// update is under way.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (&self.fault, self.doing) {
            (Some(_), _) => 1,
            (None, Doing::Idle) if matches!(self.boot.as_str(), "last-resort" | "safe-mode") => 1,
            (None, Doing::Idle) => 0,
            (None, _) => 3,
        }
    }

    /// In sentences for people.
    #[must_use]
    pub fn sentences(&self) -> String {
        let mut text = match &self.running {
            Some(running) => format!(
                "Runs {} from slot {}, {}.\n",
                running.version,
                running.slot,
                match running.confirmed {
                    true => "kept",
                    false if self.boot == "last-resort" => "as a last resort",
                    false => "on trial",
                }
            ),
            None if self.doing == Doing::Stopped => String::new(),
            None => "Knows of no release.\n".to_owned(),
        };
        let doing = match (self.doing, &self.wait) {
            (Doing::Idle, _) => "Waits for the next check-in.",
            (Doing::Downloading, _) => "Downloads an update.",
            (Doing::Waiting, Some(_)) => "Has an update ready, and waits until it may restart.",
            (Doing::Waiting, None) => "Waits.",
            (Doing::Restarting, _) => "Restarts into an update.",
            (Doing::OnTrial, _) => "Tries an update out.",
            (Doing::Stopped, _) => "Can't start.",
        };
        text.push_str(doing);
        if let Some(Download { bytes, of }) = self.download {
            text.push_str(&format!(" {bytes} of {of} bytes."));
        }
        if let Some(why) = &self.unheard {
            text.push_str(&format!("\nServer not heard: {why}."));
        }
        if let Some(trouble) = &self.fault {
            let Trouble { id, what, cure, .. } = trouble;
            text.push_str(&format!("\nTrouble: {id}: {what}. {cure}"));
        }
        text
    }
}

/// Writes a status. A status that can't be written is no reason to stop.
pub fn write(folder: &Path, status: &Status) {
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let beside = folder.join("status.new");
        fs::write(&beside, serde_json::to_vec_pretty(status)?)?;
        fs::rename(beside, path(folder))
    };
    let _ = write();
}

/// Writes the status of an agent that this fault keeps from starting.
pub fn write_stopped(folder: &Path, fault: &Fault) {
    let at = wall_ms() / 1000;
    let status = Status {
        version: 1,
        at,
        doing: Doing::Stopped,
        fault: Some(Trouble::of(fault, at)),
        ..Status::default()
    };
    write(folder, &status);
}

/// Reads the status that an agent wrote; none if none has.
///
/// # Errors
/// If the file can't be read.
pub fn read(folder: &Path) -> Result<Option<Status>, Fault> {
    let bytes = durable::read(&path(folder), BYTES_MAX)?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_tell_well_ill_and_busy_apart() {
        let idle = Status {
            boot: "confirmed".to_owned(),
            ..Status::default()
        };
        let fault = Some(Trouble::of(&Fault::new("agent.x", "x", "y"), 1));
        for (status, code) in [
            (idle.clone(), 0),
            (
                Status {
                    fault: fault.clone(),
                    ..idle.clone()
                },
                1,
            ),
            (
                Status {
                    boot: "last-resort".to_owned(),
                    ..idle.clone()
                },
                1,
            ),
            (
                Status {
                    doing: Doing::OnTrial,
                    ..idle.clone()
                },
                3,
            ),
            (
                Status {
                    doing: Doing::Downloading,
                    fault,
                    ..idle
                },
                1,
            ),
        ] {
            assert_eq!(status.exit_code(), code, "{status:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read(folder.path()), Ok(None));
        let status = Status {
            version: 1,
            at: 5,
            ..Status::default()
        };
        write(folder.path(), &status);
        assert_eq!(read(folder.path()), Ok(Some(status)));
    }
}
