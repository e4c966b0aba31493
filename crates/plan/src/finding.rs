//! What is wrong with a plan, where, why it matters, and what to do. Read [`Finding`] first.

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The plan can't be used.
    Error,
    /// The plan can be used; someone should look.
    Warn,
}

/// Where a finding points.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The table as it stands in the file, e.g. `[health.install]` or `[[class]]`; empty for the
    /// file as a whole.
    pub section: String,
    /// Line in the file, from 1.
    pub line: u32,
}

/// One thing to put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable id: a rule such as `FMP030`, or a mistake of form such as `plan.unknown-key`.
    pub rule: &'static str,
    /// Whether the plan can be used.
    pub severity: Severity,
    /// Where to look.
    pub place: Place,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Why it matters.
    pub why: String,
    /// Where the reason comes from; empty for mistakes of form.
    pub source: String,
    /// What to do about it.
    pub fix: String,
}
