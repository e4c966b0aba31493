//! One agent for each device: whoever changes what it keeps holds its lock. Two would write over each other, and one
//! would tidy away what the other is at work on.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use crate::fault::Fault;

/// The lock of one device, held as long as this lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Locks the device whose state lies in this folder; makes the folder if it isn't there.
    ///
    /// # Errors
    /// If another process holds it, or the folder can't be used.
    pub fn take(state: &Path) -> Result<Self, Fault> {
        make_state(state)?;
        let path = state.join("lock");
        // A disk that is full or can't be written to is no reason to run unguarded, or not at all.
        let file = File::create(&path)
            .or_else(|error| File::open(&path).map_err(|_| error))
            .map_err(|error| Fault::io("open", &path, &error))?;
        file.try_lock().map_err(|_| {
            Fault::new(
                "agent.running",
                format!("another agent has locked {}", path.display()),
                "Stop it first, or leave the bundle where it looks for bundles.",
            )
        })?;
        Ok(Self { _file: file })
    }
}

/// Makes the folder for a device's state, for nobody else to look into. One that is there stays as it is.
///
/// # Errors
/// If it can't be made.
pub fn make_state(state: &Path) -> Result<(), Fault> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state)
        .map_err(|error| Fault::io("make", state, &error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn one_at_a_time_and_nobody_else_looks_in() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state");
        let lock = Lock::take(&state).expect("is free");
        let mode = state.metadata().expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(Lock::take(&state).expect_err("is held").id, "agent.running");
        drop(lock);
        Lock::take(&state).expect("is free again");
    }
}
