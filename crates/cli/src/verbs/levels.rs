//! `mainstay levels`: how releases stand against what the plan promises. Read [`Levels`].

use clap::Args;
use mainstay_api::ServiceLevels;
use mainstay_api::levels::{Level, Reach, Standing, Subject};
use mainstay_report::service_levels as documents;

use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// See how releases stand against the plan's goals: by release, by class, by cohort.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mainstay levels --token-file kim.token\n  \
                  mainstay levels --of thermo-v2@1.1.0 --token-file kim.token\n  \
                  mainstay levels --csv --token-file kim.token > levels.csv\n  \
                  mainstay levels --check --token-file kim.token")]
pub struct Levels {
    #[command(flatten)]
    access: ServerAccess,
    /// Only the release, class or cohort of this name.
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// Print the figures as CSV.
    #[arg(long)]
    csv: bool,
    /// Exit with code 1 if a goal is missed.
    #[arg(long)]
    check: bool,
}

impl Levels {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        if self.csv && output.is_json() {
            let what = "--csv and --json are two forms of the same";
            return Err(Failure::usage("levels.form", what, "leave out one of them"));
        }
        let levels = self
            .access
            .ask(|operator| async move { operator.service_levels().await })?;
        let levels = match &self.of {
            Some(name) => only(levels, name)?,
            None => levels,
        };
        if self.csv {
            output.document(&documents::csv(&levels));
        } else {
            output.say(|| text(&levels), &levels);
        }
        if self.check { checked(&levels) } else { Ok(()) }
    }
}

/// What is about the subject of this name.
fn only(mut levels: ServiceLevels, name: &str) -> Result<ServiceLevels, Failure> {
    let is_meant = |subject: &Subject| subject.name() == name;
    levels.reach.retain(|reach| is_meant(&reach.subject));
    levels.updates.retain(|updates| is_meant(&updates.subject));
    levels.levels.retain(|level| is_meant(&level.subject));
    if levels.reach.is_empty() && levels.levels.is_empty() {
        let what = format!("nothing is measured of {name:?}");
        let cure = "name a release, a class or a cohort as `mainstay levels` lists them";
        return Err(Failure::refusal("levels.unknown", what, cure));
    }
    Ok(levels)
}

fn checked(levels: &ServiceLevels) -> Result<(), Failure> {
    let missed: Vec<_> = levels.missed().map(name).collect();
    if missed.is_empty() {
        return Ok(());
    }
    let what = format!("{} goal(s) are missed: {}", missed.len(), missed.join("; "));
    Err(Failure::refusal(
        "levels.missed",
        what,
        "read the sentence of each, and the incidents: `mainstay levels`",
    ))
}

fn name(level: &Level) -> String {
    let Level {
        subject,
        track,
        measure,
        ..
    } = level;
    format!(
        "{} {}, {track}: {}",
        subject.kind(),
        subject.name(),
        measure.words()
    )
}

/// What the fleet runs, then each subject with a line for each figure.
fn text(levels: &ServiceLevels) -> String {
    let mut lines = vec![format!(
        "as of {}, by plan {}",
        levels.as_of, levels.plan_revision
    )];
    lines.push(String::new());
    lines.extend(levels.reach.iter().map(reach));
    let mut last = None;
    for level in &levels.levels {
        let heading = (&level.subject, level.track);
        if last != Some(heading) {
            let (kind, name, track) = (level.subject.kind(), level.subject.name(), level.track);
            lines.push(format!("\n{kind} {name}, {track}"));
            last = Some(heading);
        }
        lines.push(line(level));
    }
    lines.join("\n")
}

fn reach(reach: &Reach) -> String {
    let (kind, name) = (reach.subject.kind(), reach.subject.name());
    let versions = reach
        .verified
        .iter()
        .map(|one| format!("{} on {}", one.version, one.devices));
    let apart = [
        (reach.unverified, "without a confirmed version"),
        (reach.unreachable, "out of reach"),
    ];
    let apart = apart.iter().filter(|(count, _)| *count > 0);
    let apart = apart.map(|(count, what)| format!("{count} {what}"));
    let all: Vec<_> = versions.chain(apart).collect();
    let all = match all.as_slice() {
        [] => String::new(),
        all => format!(": {}", all.join(", ")),
    };
    match reach.devices {
        1 => format!("{kind} {name}, 1 device{all}"),
        count => format!("{kind} {name}, {count} devices{all}"),
    }
}

fn line(level: &Level) -> String {
    let standing = match level.standing {
        Standing::Met => "met",
        Standing::Missed => "MISSED",
        Standing::Unsaid => "unsaid",
        Standing::NoGoal => "-",
    };
    let (measure, because) = (level.measure.words(), &level.because);
    format!("  {standing:<6}  {measure:<26}  {because}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> ServiceLevels {
        let figures = r#"{
          "as_of": "2027-01-20T12:00:00Z", "plan_revision": "00ff",
          "reach": [{ "subject": { "kind": "class", "name": "thermo-v2" }, "devices": 10, "unreachable": 2,
                      "unverified": 1, "verified": [{ "version": "1.1.0", "devices": 7 }] }],
          "updates": [],
          "levels": [
            { "subject": { "kind": "release", "name": "thermo-v2@1.1.0" }, "track": "maintenance", "measure": "p50",
              "figure": null, "goal": null, "standing": "no-goal", "because": "One." },
            { "subject": { "kind": "release", "name": "thermo-v2@1.1.0" }, "track": "maintenance",
              "measure": "failures", "figure": { "unit": "share", "part": 2, "of": 8 },
              "goal": { "goal": "at-most", "hundredths": 250 }, "standing": "missed", "because": "Two." },
            { "subject": { "kind": "class", "name": "thermo-v2" }, "track": "hotfix", "measure": "p99",
              "figure": null, "goal": null, "standing": "met", "because": "Three." }]
        }"#;
        serde_json::from_str(figures).expect("figures")
    }

    #[test]
    fn figures_are_told_by_subject() {
        let expected = "as of 2027-01-20T12:00:00Z, by plan 00ff\n\n\
            class thermo-v2, 10 devices: 1.1.0 on 7, 1 without a confirmed version, 2 out of reach\n\n\
            release thermo-v2@1.1.0, maintenance\n\
            \x20 -       half of the active devices  One.\n\
            \x20 MISSED  failures                    Two.\n\n\
            class thermo-v2, hotfix\n\
            \x20 met     99 % of the active devices  Three.";
        assert_eq!(text(&figures()), expected);
    }

    #[test]
    fn one_subject_is_told_alone_and_an_unknown_one_refused() {
        let class = only(figures(), "thermo-v2").expect("there is one");
        assert_eq!((class.reach.len(), class.levels.len()), (1, 1));
        assert!(checked(&class).is_ok());
        let failure = only(figures(), "thermo-v3").expect_err("there is none");
        assert_eq!(failure.id, "levels.unknown");
    }

    #[test]
    fn a_missed_goal_is_a_refusal_that_names_it() {
        let failure = checked(&figures()).expect_err("one is missed");
        assert_eq!(failure.id, "levels.missed");
        assert_eq!(
            failure.what,
            "1 goal(s) are missed: release thermo-v2@1.1.0, maintenance: failures"
        );
    }
}
