//! What can go wrong with the store, each with a stable id and a cure. Read [`StoreError`].

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use mainstay_access::LastOfOperations;
use mainstay_fleet::GatewayRefusal;

use crate::AddressError;

/// Why the store didn't do what it was asked. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no file to open.
    #[error("there is no database at {}", .path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} isn't a database: {because}", .path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// How that shows.
        because: &'static str,
    },
    /// The file is a database of another program.
    #[error("{} is a database, but not one of Mainstay's", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program.
    #[error("{} has database format {found}, and this version knows formats up to {known}", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this version knows.
        known: u32,
    },
    /// A file or folder can't be read or written.
    #[error("{} can't be read or written: {source}", .path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Something of this name is there already.
    #[error("{what} {name} is there already")]
    AlreadyExists {
        /// "device", "release" and so on.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is nothing of this name.
    #[error("there is no {what} {name}")]
    NotFound {
        /// "device", "release" and so on.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Somebody else changed it first.
    #[error("{what} {name} was changed meanwhile: {because}")]
    Conflict {
        /// "rollout", "release", "device" or "device class".
        what: &'static str,
        /// Its name.
        name: String,
        /// What was expected and what was found.
        because: String,
    },
    /// The account stays open.
    #[error(transparent)]
    LastOfOperations(#[from] LastOfOperations),
    /// The device can't stand behind that gateway.
    #[error(transparent)]
    Gateway(#[from] GatewayRefusal),
    /// What is stored, or is to be stored, contradicts itself.
    #[error("the {what} is damaged: {because}")]
    Damaged {
        /// The noun.
        what: &'static str,
        /// How that shows.
        because: String,
    },
    /// The database was busy for longer than anybody should wait.
    #[error("the database is busy with other work")]
    Busy,
    /// The disk is full.
    #[error("the disk that holds the server's data is full")]
    Full,
    /// The file may not be written.
    #[error("the server's data may only be read")]
    ReadOnly,
    /// The file that was opened is no longer where it was: what was written to it now would be lost.
    #[error("the database that was opened is no longer at {}", .path.display())]
    Moved {
        /// Where it was.
        path: PathBuf,
    },
    /// The database, or the disk below it, doesn't answer as it should. What was being written may be there or not.
    #[error("the database can't be reached: {0}")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The address of a database server isn't one. The address itself isn't told: it may hold a password.
    #[error("the address of the database {0}")]
    Address(#[source] AddressError),
    /// The database keeps texts otherwise than in UTF-8: what a device says couldn't be kept in it.
    #[error("the database keeps texts as {found}, and must as UTF8")]
    Encoding {
        /// How it does.
        found: String,
    },
    /// The database belongs to another program.
    #[error("the database has tables, but none of Mainstay's")]
    NotOurs,
    /// The database was brought up to date by a newer version of this program, which this one can't work beside.
    #[error(
        "the database needs a version that knows its format {needed}, and this one knows formats up to {known}"
    )]
    TooNew {
        /// The oldest format that a program must know to work with it.
        needed: u32,
        /// The newest format that this version knows.
        known: u32,
    },
    /// The tables are those of an older version.
    #[error("the database has format {found}, and this is work for one of format {known}")]
    Behind {
        /// Its format.
        found: u32,
        /// The one that this version works with.
        known: u32,
    },
    /// The database has no tables yet, or no plan was ever in force in it.
    #[error("there is no fleet in the database yet")]
    Empty,
    /// Servers work with the database, and what is to be done with it bears none.
    #[error("servers have {connections} connections to the database")]
    InUse {
        /// How many.
        connections: i64,
    },
    /// A server's clock doesn't agree with the database's, and what it wants to do goes by the time.
    #[error("this server's clock is {} the database's", apart(.ahead_s))]
    ClockApart {
        /// By how much it is ahead, in seconds; less than nought if it is behind.
        ahead_s: i64,
    },
    /// Anything else that the database says.
    #[error("the database failed: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// Where a clock is that is ahead by so many seconds, as people say it.
fn apart(ahead_s: &i64) -> String {
    let by = ahead_s.unsigned_abs();
    match *ahead_s < 0 {
        true => format!("{by} s behind"),
        false => format!("{by} s ahead of"),
    }
}

impl StoreError {
    /// The stored `what` can't be understood, `because` of this.
    pub fn damaged(what: &'static str, because: impl ToString) -> Self {
        let because = because.to_string();
        Self::Damaged { what, because }
    }

    pub(crate) fn not_found(what: &'static str, name: impl ToString) -> Self {
        let name = name.to_string();
        Self::NotFound { what, name }
    }

    pub(crate) fn already_exists(what: &'static str, name: impl ToString) -> Self {
        let name = name.to_string();
        Self::AlreadyExists { what, name }
    }

    /// What the operating system said of `path`. A full disk and one that may only be read are called by their names.
    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => {
                let path = path.to_owned();
                Self::Unreadable { path, source }
            }
        }
    }

    /// Whether the same request may well succeed later, because it failed by where the data lies and not by what was asked.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy
            | Self::Full
            | Self::ReadOnly
            | Self::Missing { .. }
            | Self::Moved { .. }
            | Self::Unreadable { .. }
            | Self::Unreachable(_) => true,
            Self::NotADatabase { .. }
            | Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::Address(_)
            | Self::Encoding { .. }
            | Self::NotOurs
            | Self::TooNew { .. }
            | Self::Behind { .. }
            | Self::Empty
            | Self::InUse { .. }
            | Self::ClockApart { .. }
            | Self::AlreadyExists { .. }
            | Self::NotFound { .. }
            | Self::Conflict { .. }
            | Self::LastOfOperations(_)
            | Self::Gateway(_)
            | Self::Damaged { .. }
            | Self::Failed(_) => false,
        }
    }

    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "store.missing",
            Self::NotADatabase { .. } => "store.not-a-database",
            Self::Foreign { .. } => "store.foreign",
            Self::Newer { .. } => "store.newer",
            Self::Unreadable { .. } => "store.unreadable",
            Self::AlreadyExists { .. } => "store.already-exists",
            Self::NotFound { .. } => "store.not-found",
            Self::Conflict { .. } => "store.conflict",
            Self::LastOfOperations(last) => last.id(),
            Self::Gateway(refusal) => refusal.id(),
            Self::Damaged { .. } => "store.damaged",
            Self::Busy => "store.busy",
            Self::Full => "store.full",
            Self::ReadOnly => "store.read-only",
            Self::Moved { .. } => "store.moved",
            Self::Unreachable(_) => "store.unreachable",
            Self::Address(_) => "store.address",
            Self::Encoding { .. } => "store.encoding",
            Self::NotOurs => "store.foreign",
            Self::TooNew { .. } => "store.newer",
            Self::Behind { .. } => "store.behind",
            Self::Empty => "store.empty",
            Self::InUse { .. } => "store.in-use",
            Self::ClockApart { .. } => "store.clock-apart",
            Self::Failed(_) => "store.failed",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "check the path; a new data folder is made by its own command",
            Self::NotADatabase { .. } | Self::Foreign { .. } => {
                "name the data folder that Mainstay made, or move this file away"
            }
            Self::NotOurs => "name an empty database, or the one that Mainstay made",
            Self::Address(error) => error.cure(),
            Self::Encoding { .. } => "make another one: CREATE DATABASE mainstay ENCODING 'UTF8'",
            Self::Newer { .. } | Self::TooNew { .. } => {
                "start the version that wrote it, or a newer one"
            }
            Self::Behind { .. } => {
                "take the steps that are missing first: `mainstay store migrate`"
            }
            Self::Empty => {
                "name the database that a server uses; an empty one is filled by `mainstay server init` or `mainstay store copy`"
            }
            Self::InUse { .. } => "stop every server that uses it, then try again",
            Self::Unreadable { .. } => {
                "check the path, its permissions, and the disk; of a bucket, its address and its key"
            }
            Self::AlreadyExists { .. } => "choose another name, or use what is there",
            Self::NotFound { .. } => "check the name; list what there is",
            Self::Conflict { .. } => "look at it again, then decide anew",
            Self::LastOfOperations(last) => last.cure(),
            Self::Gateway(refusal) => refusal.cure(),
            Self::Damaged { .. } => "restore the newest backup, and keep this file for examination",
            Self::Busy => "try again; find out what else works in the database",
            Self::Full => "make room on the disk, then try again; nothing was lost",
            Self::ReadOnly => "give this user the right to write the file and its folder",
            Self::Moved { .. } => {
                "put the file back where it was, or start the server again on the one that is there"
            }
            Self::ClockApart { .. } => {
                "let this machine and the database's take the time from the same source (NTP)"
            }
            Self::Unreachable(_) => {
                "look after the disk or the database; the server goes on by itself"
            }
            Self::Failed(_) => "try again; if it stays so, look into the log",
        }
    }
}
