//! Why a backup isn't made, or isn't restored. Read [`BackupError`].

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mainstay_store::StoreError;

use crate::data_dir::DataDirError;
use crate::homes::HomeError;

/// Why a backup isn't made, or isn't restored. Nothing has the name that it was to get then, unless the disk failed after giving it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something at that place.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// Somebody else fills the same folder at this moment.
    #[error("another command is writing {}", .0.display())]
    InUse(PathBuf),
    /// The keys or the root of the server changed while its backup was made.
    #[error("{} was changed while the backup was made", .0.display())]
    Changed(PathBuf),
    /// A payload that a release needs isn't what it must be.
    #[error("the payload {image} of a release can't be kept: {because}")]
    Payload {
        /// Its digest.
        image: String,
        /// What is wrong with it.
        because: String,
    },
    /// The folder isn't a whole backup.
    #[error("{} isn't a backup: it holds no {}", .0.display(), super::manifest::NAME)]
    Missing(PathBuf),
    /// The list of what is in it can't be read.
    #[error("backup.json can't be used: {0}")]
    Manifest(String),
    /// A later version wrote it.
    #[error(
        "the backup has format {found}, and this version knows formats up to {known}; Mainstay {by} wrote it"
    )]
    Newer {
        /// Its format.
        found: u32,
        /// The newest one that this version knows.
        known: u32,
        /// The version that wrote it.
        by: String,
    },
    /// The list names something that no backup has.
    #[error("backup.json names {0:?}, which is no file of a backup")]
    Name(String),
    /// A file isn't what the list says.
    #[error("{name} is damaged: {because}")]
    Damaged {
        /// Its name in the backup.
        name: String,
        /// How that shows.
        because: String,
    },
    /// There is something that the list doesn't name.
    #[error("{} isn't in backup.json", .0.display())]
    Stray(PathBuf),
    /// A link, a device, or anything else that isn't a plain file.
    #[error("{} is neither a plain file nor a folder", .0.display())]
    NotAFile(PathBuf),
    /// The database's bytes are those that were kept, and it isn't in order.
    #[error("the database of the backup isn't in order: {because}{}", and_more(*.more))]
    Database {
        /// The first finding.
        because: String,
        /// How many more there are.
        more: u64,
    },
    /// It was made in the future.
    #[error("the backup was made at {made:.0}, and this machine's clock says {now:.0}")]
    Clock {
        /// When, by the clock of the machine that made it.
        made: Timestamp,
        /// By this machine's clock.
        now: Timestamp,
    },
    /// The operating system refused.
    #[error("{} can't be used: {cause}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The server's folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The server's database or payloads.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The database that is copied.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn and_more(more: u64) -> String {
    match more {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    }
}

impl BackupError {
    /// Whether everything was understood and the answer is no; else somebody has to mend how it was asked, or the surroundings.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Exists(_)
            | Self::InUse(_)
            | Self::Changed(_)
            | Self::Missing(_)
            | Self::Clock { .. }
            | Self::Io { .. }
            | Self::DataDir(_)
            | Self::Home(_)
            | Self::Store(_) => false,
            Self::Payload { .. }
            | Self::Manifest(_)
            | Self::Newer { .. }
            | Self::Name(_)
            | Self::Damaged { .. }
            | Self::Stray(_)
            | Self::NotAFile(_)
            | Self::Database { .. } => true,
        }
    }

    /// The stable id.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Exists(_) => "backup.exists",
            Self::InUse(_) => "backup.in-use",
            Self::Changed(_) => "backup.changed",
            Self::Payload { .. } => "backup.payload",
            Self::Missing(_) => "backup.missing",
            Self::Manifest(_) => "backup.manifest",
            Self::Newer { .. } => "backup.newer",
            Self::Name(_) => "backup.name",
            Self::Damaged { .. } => "backup.damaged",
            Self::Stray(_) => "backup.stray",
            Self::NotAFile(_) => "backup.not-a-file",
            Self::Database { .. } => "backup.database",
            Self::Clock { .. } => "backup.clock",
            Self::Io { .. } => "backup.unusable",
            Self::DataDir(error) => error.id(),
            Self::Home(error) => error.id(),
            Self::Store(error) => error.id(),
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Exists(_) => {
                "name a folder that isn't there yet; nothing is ever written over, and nothing beside what is there"
            }
            Self::InUse(_) => "wait until it has ended, or name another folder",
            Self::Changed(_) => "wait until whoever changes the key has ended, then try again",
            Self::Payload { .. } => {
                "hand its release in again (`mainstay release add`), which mends it; then try again"
            }
            Self::Missing(_) => {
                "check the path; a folder whose name ends in .partial was never finished, and can be removed"
            }
            Self::Newer { .. } => "use the version that wrote it, or a newer one",
            Self::Manifest(_)
            | Self::Name(_)
            | Self::Damaged { .. }
            | Self::NotAFile(_)
            | Self::Database { .. } => {
                "take another backup, or another copy of this one; mend nothing in it by hand"
            }
            Self::Stray(_) => "find out who put it there, then move it elsewhere",
            Self::Clock { .. } => {
                "set this machine's clock: devices refuse what a server says with an older time than before"
            }
            Self::Io { .. } => "check the path, its permissions and the room on the disk",
            Self::DataDir(error) => error.cure(),
            Self::Home(error) => error.cure(),
            Self::Store(error) => error.cure(),
        }
    }
}

/// For `map_err`: what the operating system said of this path.
pub(super) fn unusable(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |cause| BackupError::Io { path, cause }
}
