//! An eye on the operations: the story of a run, and what was done where nothing may be done.

use std::fmt;
use std::ops::Range;

/// One write or erase that was asked for, whatever became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Its number, from 0 for the part's first.
    pub index: u64,
    /// Which of the two.
    pub kind: OperationKind,
    /// Where it begins.
    pub address: u32,
    /// How many bytes.
    pub length: u32,
}

/// Write or erase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// A write.
    Write,
    /// An erase of a page.
    Erase,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.kind {
            OperationKind::Write => "write",
            OperationKind::Erase => "erase",
        };
        let end = self.address.saturating_add(self.length);
        write!(
            f,
            "{}: {verb} {:#07x}..{end:#07x}",
            self.index, self.address
        )
    }
}

/// What is watched, and what was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    /// None while everything is allowed.
    allowed: Option<Vec<Range<u32>>>,
    trespasses: Vec<Operation>,
    /// None while no story is kept.
    story: Option<Vec<Operation>>,
}

impl Watch {
    pub fn guard(&mut self, allowed: Vec<Range<u32>>) {
        self.allowed = Some(allowed);
    }

    pub fn trespasses(&self) -> &[Operation] {
        &self.trespasses
    }

    pub fn keep_story(&mut self) {
        self.story.get_or_insert_default();
    }

    pub fn story(&self) -> &[Operation] {
        self.story.as_deref().unwrap_or_default()
    }

    pub fn see(&mut self, operation: Operation) {
        if let Some(story) = &mut self.story {
            story.push(operation);
        }
        let end = operation.address.saturating_add(operation.length);
        let lies_in = |range: &Range<u32>| range.start <= operation.address && end <= range.end;
        let allowed = self.allowed.as_ref();
        if allowed.is_some_and(|ranges| !ranges.iter().any(lies_in)) {
            self.trespasses.push(operation);
        }
    }
}
