//! Texts into values, each with what is wrong and the cure. Read any of them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::finding::Wrong;
use crate::flow::{PER_SECOND_MAX, Rate};

/// The longest that a server may take to stop: whoever waits longer kills it.
const GRACE_MAX: Duration = Duration::from_secs(600);

/// Most of a wrong value that is told again.
const TOLD_CHARS_MAX: usize = 80;

/// What was said for a setting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    /// As it was written.
    pub text: &'a str,
    /// The folder that a relative path counts from: that of the file of settings, or nothing.
    pub base: &'a Path,
}

/// A wrong value, as it can be told again on one line.
pub(super) fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(TOLD_CHARS_MAX).collect();
    let end = if cut.len() < text.len() { "..." } else { "" };
    format!("\"{}{end}\"", cut.escape_debug())
}

pub(super) fn path(given: Given<'_>) -> Result<PathBuf, Wrong> {
    if given.text.is_empty() || given.text.contains('\0') {
        return Err(Wrong::new("is no path", "write a path"));
    }
    Ok(given.base.join(given.text))
}

pub(super) fn address(given: Given<'_>) -> Result<SocketAddr, Wrong> {
    given.text.parse().map_err(|_| {
        let what = format!("is {}, and no address with a port", quoted(given.text));
        let cure = "write an IP address and a port, as 127.0.0.1:8480, 0.0.0.0:8480 or [::]:8480";
        Wrong::new(what, cure)
    })
}

/// A whole number of seconds or minutes, as `10s`.
pub(super) fn grace(given: Given<'_>) -> Result<Duration, Wrong> {
    let cure = "write a number of seconds or minutes up to 10m, as 10s";
    let wrong = |why| Wrong::new(format!("is {}, {why}", quoted(given.text)), cure);
    let (number, unit_s) = match given.text.strip_suffix('s') {
        Some(number) => (number, 1),
        None => (given.text.strip_suffix('m').unwrap_or_default(), 60),
    };
    let count = number
        .parse::<u32>()
        .map_err(|_| wrong("and no duration"))?;
    let grace = Duration::from_secs(u64::from(count) * unit_s);
    match grace <= GRACE_MAX {
        true => Ok(grace),
        false => Err(wrong("and too long")),
    }
}

/// A whole number in a second, or `off`.
pub(super) fn rate(given: Given<'_>) -> Result<Option<Rate>, Wrong> {
    if given.text == "off" {
        return Ok(None);
    }
    let times = given.text.parse::<u32>().ok();
    let times = times.filter(|times| (1..=PER_SECOND_MAX).contains(times));
    match times {
        Some(times) => Ok(Some(Rate::per_second(times))),
        None => Err(Wrong::new(
            format!(
                "is {}, and no number from 1 to {PER_SECOND_MAX}",
                quoted(given.text)
            ),
            "write how many in a second, as 50, or off",
        )),
    }
}
