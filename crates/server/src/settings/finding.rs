//! What is wrong with a setting, and what to do about it. Read [`Finding`].

use std::fmt::{self, Display};

use serde::Serialize;

use super::source::Source;

/// Most of a wrong name that is told again.
const NAME_CHARS_MAX: usize = 100;

/// Whether a server starts all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It doesn't.
    Error,
    /// It does, and says so in its log.
    Warning,
}

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether a server starts all the same.
    pub severity: Severity,
    /// Stable id, such as `settings.value`.
    pub id: &'static str,
    /// The setting, as it was written.
    pub setting: String,
    /// Where it was said.
    pub source: Source,
    /// What is wrong with it: goes on from its name.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

impl Finding {
    /// Why a server doesn't start.
    pub fn error(id: &'static str, (setting, source): (&str, Source), wrong: Wrong) -> Self {
        Self {
            severity: Severity::Error,
            id,
            // A name in a file may hold anything.
            setting: setting.escape_debug().take(NAME_CHARS_MAX).collect(),
            source,
            what: wrong.what,
            cure: wrong.cure,
        }
    }

    /// The same, of something that a server can bear.
    pub fn warning(id: &'static str, about: (&str, Source), wrong: Wrong) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(id, about, wrong)
        }
    }

    /// Says it in the log, once a server may start all the same.
    pub fn log(&self) {
        let (id, cure) = (self.id, &self.cure);
        tracing::warn!(id, finding = %self, cure, "settings");
    }
}

impl Display for Finding {
    /// The setting, its source, and what is wrong, as one sentence.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({}) {}", self.setting, self.source, self.what)
    }
}

/// What is wrong with a value, and the cure: what a parser of values knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Goes on from the setting's name, as in "has no port".
    pub what: String,
    /// What to write instead.
    pub cure: String,
}

impl Wrong {
    /// This is wrong, and that is the cure.
    pub fn new(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            cure: cure.into(),
        }
    }
}
