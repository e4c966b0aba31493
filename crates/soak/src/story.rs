//! What is left to read of a life: a line for everything that changed, and one hash over all lines.

use std::fmt::Display;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// The lines of a life, in order.
#[derive(Debug, Clone, Default)]
pub struct Story(Vec<String>);

impl Story {
    /// Tells what happened at `at`, by a clock that is right.
    pub fn tell(&mut self, at: Timestamp, what: impl Display) {
        self.0.push(format!("{at} {what}"));
    }

    /// The lines.
    pub fn lines(&self) -> &[String] {
        &self.0
    }

    /// SHA-256 over the lines: two lives with the same hash were the same, event by event.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for line in &self.0 {
            hash.update(line);
            hash.update(b"\n");
        }
        hash.finalize().into()
    }
}
