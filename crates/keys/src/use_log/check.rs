//! A record read back, and its chain followed from the first line to the last.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Serialize;

use super::append::BEFORE_THE_FIRST;
use super::subject::sha256;
use super::{LOG_BYTES_MAX, Use, UseLogError};

/// One line of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// A use.
    Use(Use),
    /// What a power cut left of one; its signature was never given out.
    Unfinished,
}

/// Every line of the record in `path`, if its chain is whole.
///
/// # Errors
/// `uses.broken` with the first line that doesn't follow the one before it; or the file can't be
/// read, or isn't a record at all.
pub fn check(path: &Path) -> Result<Vec<Line>, UseLogError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LOG_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|cause| UseLogError::io(path, cause))?;
    if bytes.len() as u64 > LOG_BYTES_MAX {
        return Err(UseLogError::Full(path.to_owned()));
    }
    follow(&bytes).map_err(|BadLine { line, is_foreign }| match is_foreign {
        true => UseLogError::Foreign {
            path: path.to_owned(),
            line,
        },
        false => UseLogError::Broken {
            path: path.to_owned(),
            line,
        },
    })
}

/// The first line of a record that can't stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// Whether it is of no record at all, and not only in the wrong place.
    pub is_foreign: bool,
}

/// Every line of a record that was read, if its chain is whole; the caller bounds its size.
///
/// # Errors
/// The first line that doesn't follow the one before it, or isn't a record's.
pub fn follow(bytes: &[u8]) -> Result<Vec<Line>, BadLine> {
    let mut lines = Vec::new();
    let mut previous = BEFORE_THE_FIRST.to_owned();
    let texts = bytes
        .strip_suffix(b"\n")
        .unwrap_or(bytes)
        .split(|byte| *byte == b'\n');
    for (number, text) in (1..).zip(texts).filter(|_| !bytes.is_empty()) {
        let line = match serde_json::from_slice::<Use>(text) {
            Ok(found) if found.previous == previous => Line::Use(found),
            Ok(_) => return Err(bad(number, false)),
            // All that a cut leaves of a line is its beginning.
            Err(error) if error.is_eof() && text.starts_with(b"{\"at\":") => Line::Unfinished,
            Err(_) => return Err(bad(number, true)),
        };
        previous = sha256(text);
        lines.push(line);
    }
    Ok(lines)
}

fn bad(line: usize, is_foreign: bool) -> BadLine {
    BadLine { line, is_foreign }
}
