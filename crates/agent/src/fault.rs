//! What went wrong outside of the machine, in words for people and with a name for programs.

use std::fmt;
use std::io;
use std::path::Path;

use mainstay_device::FlashError;
use mainstay_protocol::InstallFailure;

/// What went wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The stable id, such as `agent.storage-full`.
    pub id: &'static str,
    /// What is wrong, and where.
    pub what: String,
    /// What to do about it.
    pub cure: &'static str,
    /// What the server is told, if it kept an installation from going on.
    pub obstacle: InstallFailure,
}

impl Fault {
    /// A fault of this id. The server is told of it as something that the storage did.
    #[must_use]
    pub fn new(id: &'static str, what: impl Into<String>, cure: &'static str) -> Self {
        Self {
            id,
            what: what.into(),
            cure,
            obstacle: InstallFailure::StorageFailed,
        }
    }

    /// The same, told to the server as this obstacle.
    #[must_use]
    pub fn told_as(self, obstacle: InstallFailure) -> Self {
        Self { obstacle, ..self }
    }

    /// What the device's machine is told, if it was the storage that failed.
    #[must_use]
    pub fn as_error(&self) -> FlashError {
        match self.obstacle {
            InstallFailure::StorageFull => FlashError::Full,
            InstallFailure::StorageReadOnly => FlashError::ReadOnly,
            InstallFailure::StorageFailed => FlashError::Failed,
            other => FlashError::Hindered(other),
        }
    }

    /// Whether it was the storage that failed, and nothing that it was to store.
    #[must_use]
    pub fn is_the_storages(&self) -> bool {
        matches!(
            self.obstacle,
            InstallFailure::StorageFull
                | InstallFailure::StorageReadOnly
                | InstallFailure::StorageFailed
        )
    }

    /// A file or folder that could not be used as meant: `doing` what, such as "write".
    #[must_use]
    pub fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let what = format!("can't {doing} {}: {error}", path.display());
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::new(
                "agent.storage-full",
                what,
                "Make room on that file system; the installation goes on where it stopped.",
            )
            .told_as(InstallFailure::StorageFull),
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Self::new(
                "agent.storage-read-only",
                what,
                "Mount it writable, or let the agent's user write there.",
            )
            .told_as(InstallFailure::StorageReadOnly),
            _ => Self::new(
                "agent.storage-failed",
                what,
                "Look at the kernel's log for that disk.",
            ),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.id, self.what, self.cure)
    }
}

impl std::error::Error for Fault {}
