//! `mainstay plan`: write a starting plan, check a plan, size its canary, tell its dates, and how long an emergency takes.

mod calendar;
mod emergency;
mod field;
mod size;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use mainstay_api::{PlanView, PlanWarning};
use mainstay_plan::{Checked, Cohort, FleetFacts, PLAN_BYTES_MAX, Severity};
use mainstay_rollout::cohort;
use serde_json::json;

use crate::failure::Failure;
use crate::files;
use crate::operator::ServerAccess;
use crate::output::Output;

/// Write and check a maintenance plan.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  mainstay plan check plan.toml")]
pub enum Plan {
    /// Write a commented starting plan; change it until `plan check` is quiet.
    #[command(after_help = "Example:\n  mainstay plan init plan.toml")]
    Init {
        /// The file to write; it must not exist.
        #[arg(default_value = "plan.toml")]
        file: PathBuf,
    },
    /// Print every finding with its place, its reason and a remedy. Exit code 1 if one is an error.
    #[command(
        after_help = "Example:\n  mainstay plan check plan.toml --devices thermo-v2=500\n\n\
                            With the devices of a server:\n  \
                            mainstay device list --json --token-file kim.token > fleet.json\n  \
                            mainstay plan check plan.toml --fleet fleet.json\n\n\
                            With the root that devices hold:\n  \
                            mainstay plan check plan.toml --root root.cbor"
    )]
    Check {
        /// The plan.
        #[arg(default_value = "plan.toml")]
        file: PathBuf,
        #[command(flatten)]
        field: field::Field,
    },
    /// Say how many devices a canary needs, and what each size is worth.
    #[command(after_help = "Examples:\n  mainstay plan size plan.toml\n  \
                            mainstay plan size --expect 0.5 --halt 2 --devices 300")]
    Size(size::Size),
    /// Tell when the tracks release, when nothing is released, and when support ends.
    #[command(
        after_help = "Examples:\n  mainstay plan calendar plan.toml --from 2027-01-01 --months 6\n  \
                            mainstay plan calendar plan.toml --ics dates.ics\n  \
                            mainstay plan calendar plan.toml --released maintenance=2026-11-10"
    )]
    Calendar(calendar::Calendar),
    /// Tell the longest way of an emergency: every wait from writing the fix to the last device, from the worst moment of a year to
    /// begin. Exit code 1 if it is longer than the plan's deadline.
    #[command(after_help = "Examples:\n  mainstay plan emergency plan.toml\n  \
                            mainstay plan emergency plan.toml --from 2027-01-01 --zone America/New_York")]
    Emergency(emergency::Emergency),
    /// Put a plan into force on a server. For release managers. A rollout under way keeps the plan
    /// that it began with.
    #[command(after_help = "Example:\n  mainstay plan activate plan.toml --token-file sam.token")]
    Activate {
        /// The plan.
        file: PathBuf,
        #[command(flatten)]
        access: ServerAccess,
    },
}

impl Plan {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Init { file } => init(&file, output),
            Self::Check { file, field } => check(&file, &field, output),
            Self::Size(size) => size.run(output),
            Self::Calendar(calendar) => calendar.run(output),
            Self::Emergency(emergency) => emergency.run(output),
            Self::Activate { file, access } => activate(&file, &access, output),
        }
    }
}

fn init(file: &Path, output: &Output) -> Result<(), Failure> {
    files::write_new(file, "plan", mainstay_plan::starting_plan().as_bytes())?;
    let place = file.display().to_string();
    let sentence = || {
        format!("{place} is a starting plan. Next: change it, then `mainstay plan check {place}`")
    };
    output.say(sentence, &json!({ "written": place }));
    Ok(())
}

fn check(file: &Path, field: &field::Field, output: &Output) -> Result<(), Failure> {
    let text = files::read_text(file, "plan", PLAN_BYTES_MAX as u64)?;
    let known = field.known()?;
    let remarks = |found: &Cohort| cohort::remarks(found, known.fleet());
    let checked = mainstay_plan::check_with_cohorts(&text, &known.facts, remarks);
    let name = file.display().to_string();
    output.say(
        || mainstay_plan::render::text(&name, &checked.findings),
        &json!({ "findings": checked.findings }),
    );
    let errors = count_errors(&checked);
    if errors > 0 {
        let what = format!("{name} has {errors} error(s)");
        return Err(Failure::refusal(
            "plan.errors",
            what,
            "follow the `fix` line of each error",
        ));
    }
    Ok(())
}

fn activate(file: &Path, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let text = files::read_text(file, "plan", PLAN_BYTES_MAX as u64)?;
    let plan = access.ask(|operator| async move { operator.activate_plan(&text).await })?;
    output.say(|| activated(&plan), &plan);
    Ok(())
}

/// What was found stands first, so that the last line says how it ended.
fn activated(plan: &PlanView) -> String {
    let warnings = plan.warnings.iter().map(warning);
    let in_force = format!("{} is in force, revision {}", plan.name, plan.revision);
    warnings.chain([in_force]).collect::<Vec<_>>().join("\n")
}

/// What the server found that knows its fleet, and the plan that was in force.
fn warning(found: &PlanWarning) -> String {
    let PlanWarning {
        rule,
        section,
        line,
        message,
        fix,
    } = found;
    let gap = if section.is_empty() { "" } else { " " };
    format!("warning {rule}  {section}{gap}line {line}\n  {message}\n  fix   {fix}\n")
}

/// Reads a plan that is a draft, perhaps: what is wrong with it is remarked, and refused only if it
/// can't be read for it.
fn read(file: &Path, output: &Output) -> Result<mainstay_plan::Plan, Failure> {
    let text = files::read_text(file, "plan", PLAN_BYTES_MAX as u64)?;
    let checked = mainstay_plan::check(&text, &FleetFacts::default());
    let name = file.display();
    let Some(plan) = &checked.plan else {
        let what = format!("{name} can't be read as a plan");
        let cure = format!("`mainstay plan check {name}` says why");
        return Err(Failure::usage("plan.unread", what, cure));
    };
    let errors = count_errors(&checked);
    if errors > 0 {
        output.note(|| {
            format!("{name} has {errors} error(s): `mainstay plan check {name}` tells them")
        });
    }
    Ok(plan.clone())
}

fn count_errors(checked: &Checked) -> usize {
    checked
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_found_is_printed_before_the_plan_is_said_to_be_in_force() {
        let view = |warnings: serde_json::Value| -> PlanView {
            let view = json!({
                "revision": "00ff", "name": "Thermostats", "text": "", "by": "sam@northwind.example",
                "at": "2026-11-26T12:00:00Z", "warnings": warnings,
            });
            serde_json::from_value(view).expect("an answer")
        };
        let in_force = "Thermostats is in force, revision 00ff";
        assert_eq!(activated(&view(json!([]))), in_force);
        let orphans = json!([{
            "rule": "FMP001", "section": "", "line": 1, "message": "There are 3 devices.",
            "fix": "keep the class",
        }]);
        let told = activated(&view(orphans));
        let expected = "warning FMP001  line 1\n  There are 3 devices.\n  fix   keep the class\n\n";
        assert_eq!(told, format!("{expected}{in_force}"));
    }
}
