//! Cohorts: devices that are meant again and again, under a name. Read [`Cohort`] first.
//!
//! A plan keeps a cohort's query as text: what a query may ask is known to those who know devices,
//! and a plan knows none. They look at each cohort while a plan is checked
//! ([`crate::check_with_cohorts`]), and what they find becomes a finding at its place.

use serde::{Deserialize, Serialize};

use crate::finding::Severity;
use crate::names::CohortName;

/// `[cohort.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohort {
    /// Its name.
    pub name: CohortName,
    /// What it is for, if the plan says.
    pub about: Option<String>,
    /// Which devices are in it, in the fleet's query language; not read yet.
    pub query: String,
}

/// What is found about a cohort's query by those who can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Stable id.
    pub rule: &'static str,
    /// Whether the plan can be used.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Why it matters, in one sentence without a full stop.
    pub why: &'static str,
    /// What to do about it.
    pub fix: String,
}
