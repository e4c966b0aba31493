//! One line more, on disk before anything else happens.
//!
//! The file is locked while it is read and written, so that two commands at once don't both follow
//! the same line. A line that a power cut left unfinished stays as it is, and is chained like any
//! other: its signature was never given out.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use mainstay_artifact::Signer;

use super::subject::{Subject, sha256};
use super::{LINE_BYTES_MAX, LOG_BYTES_MAX, Use, UseLog, UseLogError};

/// What the first line follows.
pub(super) const BEFORE_THE_FIRST: &str =
    "0000000000000000000000000000000000000000000000000000000000000000";

impl UseLog {
    /// Records that `signer` is about to sign `message`.
    pub(super) fn append(&self, signer: &dyn Signer, message: &[u8]) -> Result<(), UseLogError> {
        self.put(signer, Subject::of(message))
    }

    /// Records that `signer` was opened by a service that signs with it many times a second, for as
    /// long as it runs: a line on disk for each answer would take longer than the answer.
    ///
    /// # Errors
    /// If the record can't be kept.
    pub fn opened(&self, signer: &dyn Signer) -> Result<(), UseLogError> {
        self.put(signer, Subject::opening())
    }

    fn put(&self, signer: &dyn Signer, subject: Subject) -> Result<(), UseLogError> {
        let failed = |cause| UseLogError::io(&self.path, cause);
        let is_new = !self.path.exists();
        let mut file = open(&self.path).map_err(failed)?;
        file.lock().map_err(failed)?;
        check_unchanged_by_others(&self.path, &file)?;
        let tail = self.tail(&mut file)?;
        let line = self.line(signer, subject, &tail);
        let mut text = serde_json::to_string(&line).expect("strings and a number are always JSON");
        text.push('\n');
        let unfinished = !tail.is_empty() && !tail.ends_with(b"\n");
        let whole = if unfinished {
            format!("\n{text}")
        } else {
            text
        };
        file.write_all(whole.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        if is_new {
            sync_folder(&self.path).map_err(failed)?;
        }
        Ok(())
    }

    fn line(&self, signer: &dyn Signer, subject: Subject, tail: &[u8]) -> Use {
        Use {
            at: (self.clock)(),
            kid: signer.key_id().to_string(),
            holder: signer.holder().to_owned(),
            what: subject.what,
            digest: subject.digest,
            program: self.program.clone(),
            previous: match tail {
                [] => BEFORE_THE_FIRST.to_owned(),
                tail => sha256(last_line(tail)),
            },
        }
    }

    /// The end of the record, which holds its last line.
    fn tail(&self, file: &mut File) -> Result<Vec<u8>, UseLogError> {
        let failed = |cause| UseLogError::io(&self.path, cause);
        let len = file.metadata().map_err(failed)?.len();
        if len > LOG_BYTES_MAX {
            return Err(UseLogError::Full(self.path.clone()));
        }
        let room = LINE_BYTES_MAX as u64 + 2;
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(len.saturating_sub(room)))
            .map_err(failed)?;
        file.take(room).read_to_end(&mut tail).map_err(failed)?;
        if last_line(&tail).len() > LINE_BYTES_MAX {
            return Err(UseLogError::Foreign {
                path: self.path.clone(),
                line: 1,
            });
        }
        Ok(tail)
    }
}

/// The last line, finished or not, without its line end.
fn last_line(tail: &[u8]) -> &[u8] {
    let tail = tail.strip_suffix(b"\n").unwrap_or(tail);
    let start = tail
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    &tail[start..]
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A new file's name is on disk only when its folder is.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}

#[cfg(unix)]
fn check_unchanged_by_others(path: &Path, file: &File) -> Result<(), UseLogError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file
        .metadata()
        .map_err(|cause| UseLogError::io(path, cause))?;
    let mode = metadata.permissions().mode() & 0o777;
    match mode & 0o022 {
        0 => Ok(()),
        _ => Err(UseLogError::WritableByOthers {
            path: path.to_owned(),
            mode,
        }),
    }
}

/// Windows keeps a user's own folders from other accounts; there are no mode bits to read.
#[cfg(not(unix))]
fn check_unchanged_by_others(_: &Path, _: &File) -> Result<(), UseLogError> {
    Ok(())
}
