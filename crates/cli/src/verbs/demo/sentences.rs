//! The story as plain sentences, a line a step: for files, pipes and screen readers.

use std::collections::BTreeMap;

use mainstay_simulator::demo::{AttackSummary, Audience, Event, Summary};

/// Prints a line a step.
pub struct Sentences;

impl Audience for Sentences {
    fn hear(&mut self, event: &Event) {
        println!("{}", sentence(event));
    }
}

/// What happened, as a sentence.
#[expect(
    clippy::too_many_lines,
    reason = "one arm an event: split up, the compiler couldn't say which one was forgotten"
)]
pub fn sentence(event: &Event) -> String {
    match event {
        Event::Started {
            devices,
            seed,
            server,
        } => format!(
            "Mainstay demo: {devices} simulated thermostats in six time zones, seed {seed}, server {server}"
        ),
        Event::PlanChecked {
            errors,
            warnings,
            people,
        } => checked(*errors, *warnings, people),
        Event::Release {
            version,
            stage,
            by,
            manifest,
        } => {
            let short = manifest.get(..12).unwrap_or(manifest);
            format!("{version}      {stage} by {by} (manifest {short})")
        }
        Event::FleetReady { version, devices } => {
            format!("{version}      on every device: {devices} have said so")
        }
        Event::Wave {
            version,
            wave,
            members,
            updated,
            failed,
            under_way,
            ..
        } => format!(
            "{version}      {wave}: {updated} of {members} updated, {failed} failed, {under_way} under way"
        ),
        Event::Completed {
            version,
            updated,
            unreached,
            ..
        } => {
            format!("{version}      complete: verified on {updated} devices, {unreached} unreached")
        }
        Event::Halted {
            version,
            reason,
            installed,
            members,
            ..
        } => format!(
            "{version}      HALTED after {installed} of {members} devices had begun: {reason}"
        ),
        Event::Returned {
            version,
            devices,
            never_offered,
        } => format!(
            "rollback   {devices} devices are back on {version}; {never_offered} never had the bad release"
        ),
        Event::Incident { id, suspected } => incident(id, suspected),
        Event::Papers { report, dashboard } => papers(report, dashboard.as_deref()),
        Event::Summary(summary) => summed_up(summary),
        Event::AttackSummary(summary) => attack_summed_up(summary),
    }
}

fn incident(id: &str, suspected: &str) -> String {
    match suspected {
        "" => format!("incident   {id} opened itself"),
        suspected => format!("incident   {id} opened itself: {suspected}"),
    }
}

fn papers(report: &str, dashboard: Option<&str>) -> String {
    match dashboard {
        Some(address) => format!("report     {report}\ndashboard  {address} until Ctrl-C"),
        None => format!("report     {report}   (--keep-serving leaves the dashboard up)"),
    }
}

fn checked(errors: usize, warnings: usize, people: &BTreeMap<String, Vec<String>>) -> String {
    let names = people
        .iter()
        .map(|(duty, who)| format!("{duty}: {}", who.join(", ")));
    let names = names.collect::<Vec<_>>().join("; ");
    format!("plan       checked, {errors} errors, {warnings} warnings; {names}")
}

fn summed_up(summary: &Summary) -> String {
    let Summary {
        devices,
        good_version,
        bad_version,
        ..
    } = summary;
    let verdict = if summary.is_safe() { "safe" } else { "UNSAFE" };
    format!(
        "summary    {verdict}: {} of {devices} devices verified on {good_version} ({} out of reach); \
         {} ever ran {bad_version}, {} still do, {} bricked",
        summary.verified_good,
        summary.unreachable,
        summary.ever_ran_bad,
        summary.still_on_bad,
        summary.bricked
    )
}

fn attack_summed_up(summary: &AttackSummary) -> String {
    let verdict = if summary.is_safe() {
        "withstood"
    } else {
        "NOT WITHSTOOD"
    };
    let reasons: Vec<String> = summary
        .refused
        .iter()
        .map(|(reason, count)| format!("{reason} {count}"))
        .collect();
    format!(
        "attack     {} {verdict}: offered to {} devices, installed on {}; refused: {}\n\
         control    a good release that went the same way is on {} devices",
        summary.attack,
        summary.offered,
        summary.installed,
        reasons.join(", "),
        summary.control_installed
    )
}
