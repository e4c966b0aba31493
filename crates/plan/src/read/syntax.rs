//! Files that aren't TOML at all, or too much of it. Read [`findings`].

use toml::de::Error;

use super::reader::Reader;
use super::reasons::{EMPTY, Reason, SYNTAX, TOO_LARGE, TOO_MANY};
use crate::finding::{Finding, Place, Severity};
use crate::limits::PLAN_BYTES_MAX;

/// Most mistakes of syntax shown: after a few, one mistake begets the next.
const SYNTAX_FINDINGS_MAX: usize = 10;

/// One finding for each line that can't be read.
pub(super) fn findings(errors: &[Error], reader: &Reader) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for error in errors {
        let line = error.span().map_or(1, |span| reader.line(span.start));
        if found.last().is_none_or(|last| last.place.line != line) {
            found.push(at_line(&SYNTAX, line, unreadable(error), TOML_HINT));
        }
    }
    found.truncate(SYNTAX_FINDINGS_MAX);
    found
}

const TOML_HINT: &str = "write settings as `key = value`, texts in double quotes, lists in [ ], \
     and each table and key only once";

fn unreadable(error: &Error) -> String {
    let said: String = error
        .message()
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    format!("This line can't be read: {said}.")
}

pub(super) fn too_large(bytes: usize) -> Finding {
    let message = format!("The file has {bytes} bytes; a plan has at most {PLAN_BYTES_MAX}.");
    at_line(
        &TOO_LARGE,
        1,
        message,
        "check that this is the plan, and cut it down",
    )
}

pub(super) fn empty() -> Finding {
    let message = "The file says nothing.".to_owned();
    at_line(
        &EMPTY,
        1,
        message,
        "start from the plan that `mainstay plan init` writes",
    )
}

/// Stands in for `hidden` findings that come after `line`.
pub(crate) fn too_many(hidden: usize, line: u32) -> Finding {
    let message = format!("There are {hidden} more findings, not shown.");
    at_line(
        &TOO_MANY,
        line,
        message,
        "mend the ones above and check again",
    )
}

fn at_line(reason: &Reason, line: u32, message: String, fix: &str) -> Finding {
    Finding {
        rule: reason.id,
        severity: Severity::Error,
        place: Place {
            section: String::new(),
            line,
        },
        message,
        why: reason.why.to_owned(),
        source: String::new(),
        fix: fix.to_owned(),
    }
}
