//! How much is logged, and how it is written.

use super::finding::Wrong;
use super::values::{Given, quoted};

/// The levels, from nothing to everything.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The longest text: some twenty parts of the program, each at a level of its own.
const LEVEL_BYTES_MAX: usize = 1000;

/// A level, or several for parts of the program: `info,mainstay_server=debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLevel(String);

impl LogLevel {
    /// The text, as `tracing`'s filters take it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        let text = given.text;
        if text.len() <= LEVEL_BYTES_MAX && text.split(',').all(|part| is_directive(part.trim())) {
            return Ok(Self(text.to_owned()));
        }
        let what = format!("is {}, and no level", quoted(text));
        let cure = "write error, warn, info, debug or trace; for a part of the program info,mainstay_server=debug";
        Err(Wrong::new(what, cure))
    }
}

/// What a filter's own parser would take for the name of a part, such as a misspelt level, is no level here.
fn is_directive(text: &str) -> bool {
    let (part, level) = match text.split_once('=') {
        Some((part, level)) => (Some(part), level),
        None => (None, text),
    };
    let is_level = LEVELS.iter().any(|known| level.eq_ignore_ascii_case(known));
    let is_name = |part: &str| {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"_:-".contains(&byte);
        !part.is_empty() && part.bytes().all(letters)
    };
    is_level && part.is_none_or(is_name)
}

impl Default for LogLevel {
    /// What people want to know who don't look for anything.
    fn default() -> Self {
        Self("info".to_owned())
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// One JSON object a line, for programs that gather logs.
    Json,
}

impl LogFormat {
    pub(super) fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        match given.text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => {
                let what = format!("is {}, and no format", quoted(other));
                Err(Wrong::new(what, "write text or json"))
            }
        }
    }
}
