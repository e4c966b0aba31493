//! `mainstay incident`: read what was halted, write what was learnt, close it.

mod sentences;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mainstay_api::{IncidentView, ReviewRequest};
use mainstay_plan::{PLAN_BYTES_MAX, PlanDigest};

use crate::failure::Failure;
use crate::files;
use crate::operator::{self, ServerAccess};
use crate::output::Output;

/// Read what was halted, write what was learnt, and close it. Incidents open themselves.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mainstay incident list --token-file kim.token")]
pub struct Incident {
    #[command(flatten)]
    access: ServerAccess,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List all incidents, newest first.
    #[command(after_help = "Example:\n  mainstay incident list --token-file kim.token")]
    List,
    /// Show one: what happened, what the failing devices share, the review, and who did what.
    #[command(after_help = "Example:\n  mainstay incident show INC-1 --token-file kim.token")]
    Show {
        /// Its id, as `incident list` names it.
        incident: String,
    },
    /// Write parts of its review; what isn't given stays as it stands. Whatever your duty.
    #[command(
        after_help = "Examples:\n  mainstay incident review INC-1 --root-cause \"the regulator runs hot above 3 V\" --test \"an hour at full load on the rig\" --token-file ana.token\n  mainstay incident review INC-1 --plan plan.toml --token-file sam.token"
    )]
    Review(Review),
    /// Close it for good, once others have written its review. For release managers and operations.
    #[command(after_help = "Example:\n  mainstay incident close INC-1 --token-file kim.token")]
    Close {
        /// Its id, as `incident list` names it.
        incident: String,
    },
    /// Take a closed one up again: opens another, with the same evidence and a review of its own.
    #[command(
        after_help = "Example:\n  mainstay incident reopen INC-1 --why \"it came back on hardware C\" --token-file ana.token"
    )]
    Reopen {
        /// Its id, as `incident list` names it.
        incident: String,
        /// Why, in a sentence.
        #[arg(long)]
        why: String,
    },
}

/// The parts of a review.
#[derive(Debug, Args)]
#[group(id = "parts", required = true, multiple = true, args = ["root_cause", "test", "no_test", "plan", "no_plan_change"])]
struct Review {
    /// Its id, as `incident list` names it.
    incident: String,
    /// What made it fail.
    #[arg(long, value_name = "TEXT")]
    root_cause: Option<String>,
    /// The test that was missing: it would have caught this before any device ran it.
    #[arg(long, value_name = "TEXT", conflicts_with = "no_test")]
    test: Option<String>,
    /// Why no test could have caught it.
    #[arg(long, value_name = "WHY")]
    no_test: Option<String>,
    /// A plan that was put into force since and does better: its file.
    #[arg(long, value_name = "FILE", conflicts_with = "no_plan_change")]
    plan: Option<PathBuf>,
    /// Why the plan stays as it was.
    #[arg(long, value_name = "WHY")]
    no_plan_change: Option<String>,
}

impl Incident {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let access = &self.access;
        let incident = match self.what {
            What::List => return list(access, output),
            What::Show { incident } => {
                let id = operator::name("incident", &incident)?;
                access.ask(|operator| async move { operator.incident(id).await })?
            }
            What::Review(review) => review.write(access)?,
            What::Close { incident } => {
                let id = operator::name("incident", &incident)?;
                access.ask(|operator| async move { operator.close_incident(id).await })?
            }
            What::Reopen { incident, why } => {
                let id = operator::name("incident", &incident)?;
                access.ask(|operator| async move { operator.reopen_incident(id, &why).await })?
            }
        };
        output.say(|| sentences::whole(&incident), &incident);
        Ok(())
    }
}

fn list(access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let incidents = access.ask(|operator| async move { operator.incidents().await })?;
    output.list(&incidents, "nothing was ever halted", sentences::head);
    Ok(())
}

impl Review {
    fn write(self, access: &ServerAccess) -> Result<IncidentView, Failure> {
        let plan = self.plan.as_deref().map(digest).transpose()?;
        let request = ReviewRequest {
            root_cause: self.root_cause,
            test: self.test,
            no_test: self.no_test,
            plan,
            no_plan_change: self.no_plan_change,
        };
        let id = operator::name("incident", &self.incident)?;
        access.ask(|operator| async move { operator.review(id, &request).await })
    }
}

/// The digest of a plan's file, by which the server knows it.
fn digest(file: &Path) -> Result<String, Failure> {
    let text = files::read_text(file, "plan", PLAN_BYTES_MAX as u64)?;
    Ok(PlanDigest::of(text.as_bytes()).to_string())
}
