//! What is found while one file is read, and where it stands. Read [`Reader`].

use std::cell::RefCell;

use super::outline::Outline;
use super::reasons::Reason;
use crate::finding::{Finding, Place, Severity};

/// Collects what is found while reading one file.
pub(crate) struct Reader {
    /// Offsets of the line breaks.
    breaks: Vec<usize>,
    findings: RefCell<Vec<Finding>>,
    outline: RefCell<Outline>,
}

impl Reader {
    /// A reader of `text` that has found nothing yet.
    pub fn new(text: &str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at).collect();
        Self {
            breaks,
            findings: RefCell::default(),
            outline: RefCell::default(),
        }
    }

    /// The line, from 1, of the byte at `offset`.
    pub fn line(&self, offset: usize) -> u32 {
        let breaks = self.breaks.partition_point(|at| *at < offset);
        u32::try_from(breaks + 1).unwrap_or(u32::MAX)
    }

    /// Reports a mistake at `path`, which may or may not stand in the file.
    pub fn report(&self, reason: &Reason, path: &str, message: String, fix: String) {
        let place = self.outline.borrow().place(path);
        self.push(reason, place, message, fix);
    }

    /// All findings, and where everything stands.
    pub fn into_parts(self) -> (Vec<Finding>, Outline) {
        (self.findings.into_inner(), self.outline.into_inner())
    }

    /// Notes that `path` stands on `line`.
    pub fn note(&self, path: String, line: u32) {
        self.outline.borrow_mut().note(path, line);
    }

    /// Notes that what `path` is set to can't be read.
    pub fn note_unread(&self, path: String) {
        self.outline.borrow_mut().note_unread(path);
    }

    /// Reports a mistake at `place`.
    pub fn push(&self, reason: &Reason, place: Place, message: String, fix: String) {
        self.findings.borrow_mut().push(Finding {
            rule: reason.id,
            severity: Severity::Error,
            place,
            message,
            why: reason.why.to_owned(),
            source: reason.source.to_owned(),
            fix,
        });
    }
}
