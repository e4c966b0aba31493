//! Bundles that turn up on sticks, and what became of them.
//!
//! Each is offered to the machine once: a stick that stays plugged in isn't asked about again and again. What
//! was seen stands in the file `bundles` of the state folder, by name, size and time of change.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use mainstay_protocol::{Event, InstallFailure};
use mainstay_trust::Refusal;

use crate::agent::Agent;
use crate::durable;
use crate::fault::Fault;
use crate::log::{self, Level};
use crate::stick::Stick;

/// What bundles are called.
const EXTENSION: &str = "mainstay-bundle";
/// The most names that are looked at in one folder.
const NAMES_MAX: usize = 1000;
/// The most bundles that are remembered; the oldest are forgotten.
const SEEN_MAX: usize = 64;
const SEEN_BYTES_MAX: u64 = 64 * 1024;

/// The stable name of what happened last.
#[must_use]
pub fn outcome(event: &Event) -> String {
    match event {
        Event::Refused { refusal, .. } => {
            let known = Refusal::from_code(*refusal).map(Refusal::id);
            known.map_or_else(|| format!("refused {refusal}"), str::to_owned)
        }
        Event::Reverted { cause, .. } => format!("reverted: {}", cause.id()),
        Event::Failed { cause, .. } => cause.id().to_owned(),
        other => other.kind().to_owned(),
    }
}

/// The first bundle in these folders that wasn't seen yet.
#[must_use]
pub fn new_one(folders: &[PathBuf], state: &Path) -> Option<PathBuf> {
    if folders.is_empty() {
        return None;
    }
    let seen = seen(state);
    folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flat_map(|names| names.take(NAMES_MAX).flatten())
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == EXTENSION))
        .find(|path| mark(path).is_some_and(|mark| !seen.contains(&mark)))
}

/// Remembers a bundle.
///
/// # Errors
/// If the state folder can't be written to.
pub fn remember(path: &Path, state: &Path) -> Result<(), Fault> {
    let mut seen = seen(state);
    seen.extend(mark(path));
    let from = seen.len().saturating_sub(SEEN_MAX);
    durable::write(&state.join("bundles"), seen[from..].join("\n").as_bytes())
}

fn seen(state: &Path) -> Vec<String> {
    let bytes = durable::read(&state.join("bundles"), SEEN_BYTES_MAX);
    let bytes = bytes.ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    text.lines().map(str::to_owned).collect()
}

fn mark(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    let name = path.to_string_lossy().replace('\n', " ");
    Some(format!("{} {} {name}", found.len(), found.mtime()))
}

impl Agent {
    /// Offers a bundle to the machine. What it says of it stands in the reports.
    ///
    /// # Errors
    /// If it isn't a bundle, or the storage fails.
    pub fn take_bundle(&mut self, path: &Path) -> Result<(), Fault> {
        let stick = Stick::open(path).inspect_err(|fault| self.report_bad_bundle(fault))?;
        let now_ms = self.clock.now_ms();
        let core = self.core();
        let taken = stick.lend(|parts| core.take_bundle(parts, now_ms));
        let installing = core.is_installing();
        log::line(Level::Info, format_args!("takes {}", path.display()));
        if installing {
            self.stick = Some(stick);
        }
        self.note_outcome();
        self.settle(taken)
    }

    /// Has the server told of a file that was to be a bundle and is none. Nothing else ends by that.
    fn report_bad_bundle(&mut self, fault: &Fault) {
        let busy = self.core().is_installing() || self.core().record().trial.is_some();
        if busy || fault.obstacle != InstallFailure::SourceFailed {
            return;
        }
        let now_ms = self.clock.now_ms();
        if let Err(error) = self.core().install_failed(fault.obstacle, now_ms) {
            log::line(Level::Warning, format_args!("{}: {error}", error.id()));
        }
        self.note_outcome();
    }

    /// Looks for a bundle that wasn't seen, and takes it.
    pub(crate) fn look_for_bundles(&mut self) {
        let (folders, state) = (&self.settings.bundle_folders, &self.settings.state);
        let Some(path) = new_one(folders, state) else {
            return;
        };
        let remembered = remember(&path, state);
        let taken = remembered.and_then(|()| self.take_bundle(&path));
        if let Err(fault) = taken {
            self.trouble(&fault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bundle_is_seen_once_until_it_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (stick, state) = (folder.path().join("stick"), folder.path().join("state"));
        for made in [&stick, &state] {
            fs::create_dir(made).expect("makes");
        }
        let folders = [stick.clone(), folder.path().join("not-mounted")];
        fs::write(stick.join("readme.txt"), "x").expect("writes");
        assert_eq!(new_one(&folders, &state), None);
        let bundle = stick.join("v2.mainstay-bundle");
        fs::write(&bundle, "x").expect("writes");
        assert_eq!(new_one(&folders, &state).as_ref(), Some(&bundle));
        remember(&bundle, &state).expect("writes");
        assert_eq!(new_one(&folders, &state), None);
        fs::write(&bundle, "other").expect("writes");
        assert_eq!(new_one(&folders, &state), Some(bundle));
    }
}
