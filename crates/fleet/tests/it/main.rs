//! The reference pages are true.

mod eligibility;
mod queries;
