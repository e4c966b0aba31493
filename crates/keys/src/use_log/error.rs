//! What can be wrong with a record of uses, each with its id and its cure.

use std::path::{Path, PathBuf};

use super::LOG_BYTES_MAX;

/// Why a use can't be recorded, or a record not be believed.
#[derive(Debug, thiserror::Error)]
pub enum UseLogError {
    /// There is none.
    #[error("there is no record of uses at {}", .0.display())]
    Missing(PathBuf),
    /// It can't be read or written.
    #[error("the record of uses {} can't be kept: {cause}", .path.display())]
    Io {
        /// The record.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Other accounts may change it.
    #[error("the record of uses {} can be changed by other accounts (mode {mode:o})", .path.display())]
    WritableByOthers {
        /// The record.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is no such record.
    #[error("{} isn't a record of uses: line {line} is none of one", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// It was changed after it was written.
    #[error("the record of uses {} was changed: line {line} doesn't follow the line before it", .path.display())]
    Broken {
        /// The record.
        path: PathBuf,
        /// The first line that doesn't fit, from 1.
        line: usize,
    },
    /// Too large.
    #[error("the record of uses {} has more than {LOG_BYTES_MAX} bytes", .0.display())]
    Full(PathBuf),
}

impl UseLogError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Missing(_) => "uses.missing",
            Self::Io { .. } => "uses.unusable",
            Self::WritableByOthers { .. } => "uses.writable-by-others",
            Self::Foreign { .. } => "uses.foreign",
            Self::Broken { .. } => "uses.broken",
            Self::Full(_) => "uses.full",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Missing(_) => "Check the path; a key that never signed has no record.",
            Self::Io { .. } => {
                "Check the folder, its permissions and the room on the disk, or choose another place with --key-log."
            }
            Self::WritableByOthers { .. } => {
                "Run `chmod 600` on it, and check it with `mainstay key uses`."
            }
            Self::Foreign { .. } => {
                "Name another file; a record is never written into something else."
            }
            Self::Broken { .. } => {
                "Compare it with a copy, and find out who changed it; until then treat the key as misused."
            }
            Self::Full(_) => "Move it to an archive; the next use begins a new one.",
        }
    }

    pub(super) fn io(path: &Path, cause: std::io::Error) -> Self {
        match cause.kind() {
            std::io::ErrorKind::NotFound => Self::Missing(path.to_owned()),
            _ => Self::Io {
                path: path.to_owned(),
                cause,
            },
        }
    }
}
