//! The rules a wise plan keeps, each with the reason it is one. Read [`Rule`], then [`RULES`].
//!
//! A rule looks at a plan that is well-formed. Where a rule demands something without which no plan
//! can be made (a revert condition, say), the reader reports its absence under the rule's id, and the
//! rule judges what was given.

mod canary;
mod compatibility;
mod people;
mod recovery;
mod support;
mod waves;
mod window;

pub(crate) use compatibility::FMP001;
pub(crate) use recovery::{FMP004, FMP005};
pub(crate) use support::FMP070;
pub(crate) use window::{FMP040, FMP041, FMP045};

use crate::FleetFacts;
use crate::finding::{Finding, Severity};
use crate::plan::Plan;
use crate::read::Outline;
pub use crate::read::Reason;

/// All rules of this version, by id.
pub const RULES: &[Rule] = &[
    FMP001,
    FMP004,
    FMP005,
    people::FMP013,
    waves::FMP022,
    canary::FMP030,
    FMP040,
    FMP041,
    FMP045,
    waves::FMP046,
    FMP070,
    support::FMP074,
    people::FMP080,
    people::FMP081,
];

/// One rule.
pub struct Rule {
    /// Its id, why it is one, and where that comes from.
    pub reason: Reason,
    /// How bad it is to break it.
    pub severity: Severity,
    /// What it asks for, in one sentence.
    pub statement: &'static str,
    judge: fn(&Case<'_>) -> Vec<Broken>,
}

/// What a rule may look at.
pub(crate) struct Case<'a> {
    plan: &'a Plan,
    facts: &'a FleetFacts,
}

/// One way in which a plan breaks a rule.
struct Broken {
    /// The path of the setting to look at.
    path: String,
    message: String,
    fix: String,
    /// Whether it is milder than the rule's own severity.
    mild: bool,
}

impl Broken {
    fn new(path: impl Into<String>, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
            fix: fix.into(),
            mild: false,
        }
    }

    /// The same, only to be looked at.
    fn mild(self) -> Self {
        Self { mild: true, ..self }
    }
}

/// What all rules have to say about `plan`.
pub(crate) fn judge(plan: &Plan, outline: &Outline, facts: &FleetFacts) -> Vec<Finding> {
    let case = Case { plan, facts };
    let judge = |rule: &Rule| -> Vec<_> {
        (rule.judge)(&case)
            .into_iter()
            .map(|broken| rule.finding(broken, outline))
            .collect()
    };
    RULES.iter().flat_map(judge).collect()
}

impl Rule {
    fn finding(&self, broken: Broken, outline: &Outline) -> Finding {
        Finding {
            rule: self.reason.id,
            severity: if broken.mild {
                Severity::Warn
            } else {
                self.severity
            },
            place: outline.place(&broken.path),
            message: broken.message,
            why: self.reason.why.to_owned(),
            source: self.reason.source.to_owned(),
            fix: broken.fix,
        }
    }
}
