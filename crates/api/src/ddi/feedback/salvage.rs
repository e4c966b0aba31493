//! What can be saved of a report that isn't JSON.
//!
//! SWUpdate writes the lines of its log into `details` as they are. A quote or a control sign in one of them, which an installer's errors have now and then,
//! and the whole body is none. But it writes whether and how the work ended before them, in words of its own. Read [`status()`].

use mainstay_rollout::order::log::DETAILS_MAX;

use super::{Outcome, Status};
use crate::ddi::Details;

/// What stands before the client's own lines.
const DETAILS: &str = "\"details\"";

/// No word of the protocol is longer, in bytes.
const WORD_BYTES_MAX: usize = 32;

/// How far the work is, and how it ended, by what stands before `details`; with as much of these as can be told apart, in what shape they came. None if it
/// isn't the details that are broken, or the words before them can't be told for certain.
#[must_use]
pub fn status(bytes: &[u8]) -> Option<Status> {
    let text = String::from_utf8_lossy(bytes);
    let (head, tail) = text.split_once(DETAILS)?;
    let (_, head) = head.split_once("\"status\"")?;
    Some(Status {
        execution: only(head, "\"execution\"")?,
        code: None,
        result: Outcome {
            finished: only(head, "\"finished\"")?,
        },
        details: lines(tail),
    })
}

/// The one word that follows this key in `head`, if the key is there once.
fn only(head: &str, key: &str) -> Option<String> {
    let (_, rest) = head.split_once(key)?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let (word, after) = rest.strip_prefix('"')?.split_once('"')?;
    let is_word = word.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_short = (1..=WORD_BYTES_MAX).contains(&word.len());
    (is_word && is_short && !after.contains(key)).then(|| word.to_owned())
}

fn lines(tail: &str) -> Details {
    let is_mark = |sign: char| sign.is_whitespace() || "[]{}:,\"".contains(sign);
    let lines = tail.split("\",").map(|line| line.trim_matches(is_mark));
    let texts: Vec<_> = lines.take(DETAILS_MAX).map(str::to_owned).collect();
    Details {
        count: texts.len(),
        texts,
    }
}
