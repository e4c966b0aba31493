//! What people learnt from an incident, in three parts, and the log of who wrote what.
//!
//! The log is the record; [`Review`] is what stands at its end. Nothing here judges: who may write
//! or close is in `closing.rs`, what counts as a plan change in `plan_change.rs`.

use core::fmt;

use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_plan::PlanDigest;
use serde::{Deserialize, Serialize};

use crate::incident::{Incident, IncidentId};

/// The longest text of one part, in bytes: a page. What is longer belongs into a document that the
/// text names.
pub const WORDS_BYTES_MAX: usize = 4000;

/// One of the three parts without which no incident closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// What made it fail.
    RootCause,
    /// Which test would have caught it.
    TestGap,
    /// What the plan does better since.
    PlanChange,
}

impl Part {
    /// All three, in the order in which they are asked for.
    pub const ALL: [Self; 3] = [Self::RootCause, Self::TestGap, Self::PlanChange];

    /// The stable id: "root-cause", "test-gap", "plan-change".
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::RootCause => "root-cause",
            Self::TestGap => "test-gap",
            Self::PlanChange => "plan-change",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::RootCause => "root cause",
            Self::TestGap => "test gap",
            Self::PlanChange => "plan change",
        })
    }
}

/// Which test would have caught it before any device ran it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestGap {
    /// This test was missing.
    Test(String),
    /// No test could have, for this reason.
    NoTest(String),
}

/// What the plan does better since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanChange {
    /// This plan was put into force after the incident opened.
    Plan(PlanDigest),
    /// The plan stays as it was, for this reason.
    NoChange(String),
}

/// What somebody wants to write; a part that is none stays as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// The root cause.
    pub root_cause: Option<String>,
    /// The test gap.
    pub test_gap: Option<TestGap>,
    /// The plan change.
    pub plan_change: Option<PlanChange>,
}

/// Something that a person did about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who.
    pub by: Email,
    /// When.
    pub at: Timestamp,
    /// What.
    pub deed: Deed,
}

/// What a person did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Wrote the root cause, or wrote it anew.
    RootCause(String),
    /// Wrote the test gap, or wrote it anew.
    TestGap(TestGap),
    /// Wrote the plan change, or wrote it anew.
    PlanChange(PlanChange),
    /// Closed it.
    Closed,
    /// Opened another one that takes it up again.
    Reopened(IncidentId),
}

impl Deed {
    /// The part that it wrote, if it wrote one.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        match self {
            Self::RootCause(_) => Some(Part::RootCause),
            Self::TestGap(_) => Some(Part::TestGap),
            Self::PlanChange(_) => Some(Part::PlanChange),
            Self::Closed | Self::Reopened(_) => None,
        }
    }

    /// What was written, as a text; empty if nothing was.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::RootCause(cause) => cause.clone(),
            Self::TestGap(gap) => gap.to_string(),
            Self::PlanChange(change) => change.to_string(),
            Self::Closed | Self::Reopened(_) => String::new(),
        }
    }
}

impl fmt::Display for TestGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(test) => write!(f, "this test was missing: {test}"),
            Self::NoTest(why) => write!(f, "no test could have caught it: {why}"),
        }
    }
}

impl fmt::Display for PlanChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(plan) => write!(f, "this plan was put into force: {plan}"),
            Self::NoChange(why) => write!(f, "the plan stays as it was: {why}"),
        }
    }
}

impl Entry {
    /// What was done, as a clause that begins with who did it.
    #[must_use]
    pub fn sentence(&self) -> String {
        let by = &self.by;
        match &self.deed {
            Deed::Closed => format!("{by} closed it"),
            Deed::Reopened(next) => format!("{by} took it up again as {next}"),
            deed => match deed.part() {
                Some(part) => format!("{by} wrote the {part}"),
                None => by.to_string(),
            },
        }
    }
}

/// The closed incident that another one takes up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopens {
    /// The earlier one.
    pub incident: IncidentId,
    /// Who took it up.
    pub by: Email,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    pub why: String,
}

/// A part as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<T> {
    /// Who wrote it.
    pub by: Email,
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub what: T,
}

/// The three parts as they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// What made it fail.
    pub root_cause: Option<Written<String>>,
    /// Which test would have caught it.
    pub test_gap: Option<Written<TestGap>>,
    /// What the plan does better since.
    pub plan_change: Option<Written<PlanChange>>,
}

impl Incident {
    /// The review as it stands: of each part the newest words.
    #[must_use]
    pub fn review(&self) -> Review {
        let mut review = Review::default();
        for entry in self.log.iter().cloned() {
            let (by, at) = (entry.by, entry.at);
            match entry.deed {
                Deed::RootCause(what) => review.root_cause = Some(Written { by, at, what }),
                Deed::TestGap(what) => review.test_gap = Some(Written { by, at, what }),
                Deed::PlanChange(what) => review.plan_change = Some(Written { by, at, what }),
                Deed::Closed | Deed::Reopened(_) => {}
            }
        }
        review
    }
}

impl Review {
    /// The parts that nobody has written yet.
    #[must_use]
    pub fn missing(&self) -> Vec<Part> {
        let lacks = |part: &Part| self.writer(*part).is_none();
        Part::ALL.into_iter().filter(lacks).collect()
    }

    /// Who wrote a part as it stands.
    #[must_use]
    pub fn writer(&self, part: Part) -> Option<&Email> {
        match part {
            Part::RootCause => self.root_cause.as_ref().map(|written| &written.by),
            Part::TestGap => self.test_gap.as_ref().map(|written| &written.by),
            Part::PlanChange => self.plan_change.as_ref().map(|written| &written.by),
        }
    }

    /// Everybody who wrote a part as it stands; may name one twice.
    pub(crate) fn writers(&self) -> impl Iterator<Item = &Email> {
        Part::ALL.into_iter().filter_map(|part| self.writer(part))
    }
}
