//! The rules a wise plan keeps, each with the reason it is one. Read [`Rule`], then [`RULES`].
//!
//! A rule looks at a plan that is well-formed. Where a rule demands something without which no plan
//! can be made (a revert condition, say), the reader reports its absence under the rule's id, and the
//! rule judges what was given. Some rules also ask for what is known of the fleet, the day, the root and the plan
//! in force ([`FleetFacts`]); what isn't known isn't judged.
//!
//! `docs/reference/lint.md` goes through all rules there are, also those that nothing here decides.

mod canary;
mod clients;
mod compatibility;
mod compliance;
mod gates;
mod keys;
mod levels;
mod mirrors;
mod nights;
mod pace;
mod people;
mod recovery;
mod root;
mod safety;
mod secrets;
mod signals;
mod support;
mod waivers;
mod waves;
mod ways;
mod window;

pub(crate) use compatibility::FMP001;
pub(crate) use levels::FMP050;
pub(crate) use recovery::{FMP004, FMP005};
pub(crate) use support::FMP070;
pub(crate) use waivers::FMP027;
pub(crate) use window::{FMP040, FMP041, FMP045};

use jiff::civil::Date;

use crate::FleetFacts;
use crate::class::Class;
use crate::finding::{Finding, Severity};
use crate::plan::Plan;
use crate::read::Outline;
pub use crate::read::Reason;

/// All rules of this version, by id.
pub const RULES: &[Rule] = &[
    FMP001,
    ways::FMP002,
    FMP004,
    FMP005,
    root::FMP010,
    keys::FMP011,
    people::FMP013,
    root::FMP014,
    keys::FMP016,
    waves::FMP022,
    gates::FMP023,
    gates::FMP024,
    gates::FMP026,
    FMP027,
    gates::FMP028,
    canary::FMP030,
    clients::FMP032,
    canary::FMP034,
    pace::FMP035,
    signals::FMP037,
    safety::FMP039,
    FMP040,
    FMP041,
    nights::FMP042,
    nights::FMP043,
    FMP045,
    waves::FMP046,
    keys::FMP047,
    pace::FMP049,
    FMP050,
    compliance::FMP052,
    pace::FMP053,
    levels::FMP054,
    FMP070,
    support::FMP071,
    support::FMP072,
    support::FMP074,
    support::FMP075,
    people::FMP080,
    people::FMP081,
    compliance::FMP083,
    compliance::FMP087,
    compliance::FMP089,
    secrets::FMP090,
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
    /// The file, comments and all.
    text: &'a str,
    facts: &'a FleetFacts,
    outline: &'a Outline,
    /// Whether a waiver is written wrongly, so that nobody knows what it waives.
    has_unread_waivers: bool,
}

impl Case<'_> {
    /// Whether `day`, the last one of something, is over. Nothing is while the date isn't known.
    fn is_over(&self, day: Date) -> bool {
        self.facts.as_of.is_some_and(|today| today > day)
    }

    /// Whether the setting at `path` is the plan's own, or its default: for what couldn't be read, a stand-in is judged.
    fn was_read(&self, path: &str) -> bool {
        self.outline.was_read(path)
    }

    /// What `broken` finds about the classes, each with its index in the file.
    fn of_classes(&self, broken: impl Fn(usize, &Class) -> Option<Broken>) -> Vec<Broken> {
        let classes = self.plan.classes.iter().enumerate();
        classes
            .filter_map(|(index, class)| broken(index, class))
            .collect()
    }
}

/// Where to look.
enum At {
    /// The path of a setting.
    Path(String),
    /// A line, from 1.
    Line(u32),
}

/// One way in which a plan breaks a rule.
struct Broken {
    at: At,
    message: String,
    fix: String,
    /// Whether it is milder than the rule's own severity.
    mild: bool,
}

impl Broken {
    fn new(path: impl Into<String>, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            at: At::Path(path.into()),
            message: message.into(),
            fix: fix.into(),
            mild: false,
        }
    }

    /// The same, at a line: for what stands in no setting.
    fn at_line(self, line: u32) -> Self {
        Self {
            at: At::Line(line),
            ..self
        }
    }

    /// The same, only to be looked at.
    fn mild(self) -> Self {
        Self { mild: true, ..self }
    }
}

/// What all rules have to say about `plan`, after `read`, which was found while reading.
pub(crate) fn judge(
    plan: &Plan,
    text: &str,
    (outline, read): (&Outline, &[Finding]),
    facts: &FleetFacts,
) -> Vec<Finding> {
    let is_of_a_waiver = |finding: &Finding| finding.place.section == "[[waiver]]";
    let case = Case {
        plan,
        text,
        facts,
        outline,
        has_unread_waivers: read.iter().any(is_of_a_waiver),
    };
    let judge = |rule: &Rule| -> Vec<_> {
        (rule.judge)(&case)
            .into_iter()
            .map(|broken| rule.finding(broken, outline))
            .collect()
    };
    // What no list of rules has, and still is judged as rules are.
    let rules = RULES.iter().chain([&clients::LOOSENED, &mirrors::OPEN]);
    rules.flat_map(judge).collect()
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
            place: match &broken.at {
                At::Path(path) => outline.place(path),
                At::Line(line) => outline.line(*line),
            },
            message: broken.message,
            why: self.reason.why.to_owned(),
            source: self.reason.source.to_owned(),
            fix: broken.fix,
        }
    }
}
