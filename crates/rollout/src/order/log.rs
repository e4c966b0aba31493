//! What a client said about an order, kept for people: bounded, and harmless to look at.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// So many entries a log may be given; intermediate words beyond it are refused, so that a client that babbles costs a bounded room.
/// Servers of this protocol have the same bound.
pub const ENTRIES_MAX: u32 = 1000;

/// So many details an entry keeps: hawkBit's own bound. The largest client, SWUpdate, sends up to 48 at once.
pub const DETAILS_MAX: usize = 50;

/// So many bytes of one detail are kept: a line of an installer's output, and the beginning of a longer one.
pub const DETAIL_BYTES_MAX: usize = 512;

/// One thing that was said, with what the client told beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The server's time of it.
    pub at: Timestamp,
    /// What was said, as the client calls it: `proceeding`, `closed/failure`.
    pub word: String,
    /// Lines of text in the client's own words, made harmless by [`LogEntry::new`].
    pub details: Vec<String>,
}

impl LogEntry {
    /// An entry of what a client said. Of `word` and of each detail the first [`DETAIL_BYTES_MAX`] bytes are kept, with control signs
    /// written out; of the details the first [`DETAILS_MAX`].
    pub fn new<T: AsRef<str>>(
        at: Timestamp,
        word: &str,
        details: impl IntoIterator<Item = T>,
    ) -> Self {
        let details = details.into_iter().take(DETAILS_MAX);
        Self {
            at,
            word: harmless(word, DETAIL_BYTES_MAX),
            details: details
                .map(|detail| harmless(detail.as_ref(), DETAIL_BYTES_MAX))
                .collect(),
        }
    }
}

/// The beginning of `text`, at most `bytes_max` bytes long, in which control signs are written out and so do nothing to a terminal.
#[must_use]
pub fn harmless(text: &str, bytes_max: usize) -> String {
    let mut kept = String::new();
    for sign in text.chars() {
        let shown = match sign.is_control() {
            true => sign.escape_default().to_string(),
            false => sign.to_string(),
        };
        if kept.len() + shown.len() > bytes_max {
            break;
        }
        kept.push_str(&shown);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_short_and_harmless() {
        let long = "ä".repeat(DETAIL_BYTES_MAX);
        for (text, expected) in [
            ("installing 5 %", "installing 5 %"),
            ("\u{1b}[2J\n", "\\u{1b}[2J\\n"),
            ("", ""),
            (&long, &"ä".repeat(DETAIL_BYTES_MAX / 2)),
        ] {
            assert_eq!(harmless(text, DETAIL_BYTES_MAX), expected);
        }
        let many = vec!["x"; DETAILS_MAX + 1];
        let entry = LogEntry::new(Timestamp::UNIX_EPOCH, "proceeding", many);
        assert_eq!(entry.details.len(), DETAILS_MAX);
    }
}
