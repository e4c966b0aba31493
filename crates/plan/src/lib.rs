//! The maintenance plan: one file that says who may do what to which devices, when, and how sure
//! they must be. This crate parses it ([`parse`]), judges it ([`check`]) and explains it
//! ([`render`]).
//!
//! It never reads a file, a clock or a random number. Read [`Plan`] first, then [`Finding`].

pub mod blackout;
pub mod calendar;
pub mod class;
pub mod client;
pub mod cohort;
pub mod compliance;
pub mod days;
pub mod delivery;
pub mod emergency;
pub mod finding;
pub mod fleet_facts;
pub mod gate;
pub mod health;
pub mod holidays;
pub mod limits;
pub mod lint;
pub mod names;
pub mod needs;
mod plan;
mod read;
pub mod render;
pub mod roles;
pub mod rollout_rules;
pub mod root_facts;
pub mod service_levels;
pub mod sizing;
pub mod track;
pub mod trust_rules;
pub mod window;

pub use blackout::Blackout;
pub use calendar::Calendar;
pub use class::{
    BootloaderRange, Class, Credentials, Environment, InstallStrategy, Revert, RiskAcceptance,
    Support, Upstream,
};
pub use client::{ClientName, ClientRules, VersionWord, WithoutWord};
pub use cohort::{Cohort, Remark};
pub use compliance::{Compliance, Disclosure, ReportClocks};
pub use days::DaySet;
pub use delivery::{Delivery, Links, Mirror};
pub use finding::{Finding, Place, Severity};
pub use fleet_facts::{FleetFacts, InForce, KnownAs, Measuring};
pub use gate::{GateRule, Waiver};
pub use health::{HardFailure, HardTest, Health, Shares, SignalName, SoftSignal, Tripwire, Unit};
pub use limits::PLAN_BYTES_MAX;
pub use names::{ClassId, CohortName, Email, GateName, NameError, PlanDigest, TierName};
pub use needs::{Prerequisite, Stone, VersionNumber};
pub use plan::Plan;
pub use roles::{Members, Roles};
pub use rollout_rules::{Canary, Limits, Minimum, RolloutRules};
pub use root_facts::{RoleFacts, RootFacts};
pub use service_levels::{Goals, RiskTier, ServiceLevels, Share};
pub use track::{Cadence, Emergency, Track, TrackName, Tracks, Wave};
pub use trust_rules::{SignatureAlgorithm, TrustRules};
pub use window::{Closed, DstGap, Window, WindowState};

/// A plan with everything there is to say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// All findings, by line.
    pub findings: Vec<Finding>,
    /// The plan, unless mistakes of form left none. Findings of severity `Error` may still stand
    /// against it: see [`Checked::passes`].
    pub plan: Option<Plan>,
}

impl Checked {
    /// Whether nothing of severity `Error` was found.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.severity != Severity::Error)
    }
}

/// Reads a plan.
///
/// # Errors
/// Every mistake of form, sorted by line. A plan that is returned may still be unwise: see [`check`].
pub fn parse(text: &str) -> Result<Plan, Vec<Finding>> {
    let reading = read::read(text);
    let is_sound = reading.is_sound();
    match reading.plan {
        Some(plan) if is_sound => Ok(plan),
        _ => Err(sorted(reading.findings)),
    }
}

/// Reads a plan and judges it by the rules of [`lint`], as far as it can be read. Its cohorts'
/// queries stay unread: see [`check_with_cohorts`].
#[must_use]
pub fn check(text: &str, facts: &FleetFacts) -> Checked {
    check_with_cohorts(text, facts, |_| Vec::new())
}

/// As [`check`], and `remarks` says what there is to say about each cohort's query.
#[must_use]
pub fn check_with_cohorts(
    text: &str,
    facts: &FleetFacts,
    remarks: impl Fn(&Cohort) -> Vec<Remark>,
) -> Checked {
    let reading = read::read(text);
    let is_sound = reading.is_sound();
    let mut findings = reading.findings;
    if let Some(plan) = &reading.plan {
        let read = (&reading.outline, &findings[..]);
        let judged = lint::judge(plan, text, read, facts);
        findings.extend(judged);
        for cohort in &plan.cohorts {
            let placed = |remark| reading.outline.remarked(cohort, remark);
            findings.extend(remarks(cohort).into_iter().map(placed));
        }
    }
    Checked {
        findings: sorted(findings),
        plan: reading.plan.filter(|_| is_sound),
    }
}

/// By line, then by id; of more than [`limits::FINDINGS_MAX`], the rest is only counted.
fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| (a.place.line, a.rule).cmp(&(b.place.line, b.rule)));
    if findings.len() > limits::FINDINGS_MAX {
        let hidden = findings.split_off(limits::FINDINGS_MAX - 1);
        findings.push(read::too_many(hidden.len(), hidden[0].place.line));
    }
    findings
}

/// A commented plan to start from. It passes [`check`] as it stands.
#[must_use]
pub fn starting_plan() -> &'static str {
    include_str!("starting.toml")
}
