//! The record of a key's uses: one line of JSON for each signature, chained by hashes.
//!
//! The line is on disk before the key is asked to sign, and without it nothing is signed; so the
//! record may name a signature that was never made, but no signature is missing from it. Each line
//! holds the SHA-256 of the line before it, so that an edit, a removal or an insertion shows. What
//! no chain can show is that lines were cut off at the end: keep a copy elsewhere, or look at the
//! count. Read [`UseLog`] and [`Recorded`]; [`check`] reads a record back.

mod append;
mod check;
mod error;
mod recorded;
mod subject;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use check::{BadLine, Line, check, follow};
pub use error::UseLogError;
pub use recorded::Recorded;

/// The longest line: every field at its longest, twice over.
pub(crate) const LINE_BYTES_MAX: usize = 2048;

/// The largest record: some 150,000 signatures, more than a person gives in a lifetime.
pub const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The seconds of a clock since 1970.
pub type Clock = fn() -> u64;

/// Where a key's uses are recorded, by which clock and which program.
#[derive(Debug, Clone)]
pub struct UseLog {
    path: PathBuf,
    clock: Clock,
    program: String,
}

/// One use of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// When, in Unix seconds, by the clock of the machine that signed.
    pub at: u64,
    /// The key's id.
    pub kid: String,
    /// Who holds it.
    pub holder: String,
    /// What was signed: `release`, `approval`, or a document's content type; or `opened by a service`,
    /// which signs from then on without a line for each signature.
    pub what: String,
    /// The digest of it: of a release its own, of anything else the SHA-256 of its bytes.
    pub digest: String,
    /// The program that signed, with its version.
    pub program: String,
    /// SHA-256 of the line before, without its line end; zeros in the first line.
    pub previous: String,
}

impl UseLog {
    /// A record in `path`.
    pub fn at(path: impl Into<PathBuf>, clock: Clock, program: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            clock,
            program: program.into(),
        }
    }

    /// Where the uses of the key in `path` are recorded unless somebody chose another place: the
    /// same name and `.uses`.
    pub fn path_beside(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".uses");
        PathBuf::from(name)
    }
}
