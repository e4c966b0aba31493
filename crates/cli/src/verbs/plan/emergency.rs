//! `mainstay plan emergency`: the longest way from the beginning of an emergency to its fix on every device.
//!
//! The way is that of `mainstay_plan::emergency`. Read [`Emergency`], then [`text`].

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mainstay_plan::Plan;
use mainstay_plan::emergency::{
    NotCounted, Path, Place, Step, Stuck, assumed_places, longest, not_counted,
};
use serde::Serialize;

use super::calendar::day;
use crate::failure::Failure;
use crate::moment;
use crate::output::Output;

/// What to try.
#[derive(Debug, Args)]
pub struct Emergency {
    /// The plan; its hotfix track says what an emergency takes and may take.
    #[arg(default_value = "plan.toml")]
    file: PathBuf,
    /// The first day of the year that is tried, written 2027-01-31; today (UTC) if it isn't given.
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    /// A zone in which devices stand, such as America/Denver; repeat it for each. Those of the plan's markets if none is given.
    #[arg(long = "zone", value_name = "ZONE", value_parser = place)]
    zones: Vec<Place>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Answer {
    plan: String,
    from: Date,
    zones: Vec<String>,
    in_time: bool,
    not_counted: Vec<NotCounted>,
    #[serde(flatten)]
    path: Path,
}

fn place(zone: &str) -> Result<Place, String> {
    Place::named(zone).ok_or_else(|| "write an IANA time zone, such as America/Denver".to_owned())
}

impl Emergency {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let plan = super::read(&self.file, output)?;
        let from = self.from.unwrap_or_else(|| moment::day(moment::now()));
        let places = match self.zones.is_empty() {
            true => assumed_places(&plan),
            false => self.zones.clone(),
        };
        let path = longest_of(&plan, &places, from)?;
        let answer = Answer {
            plan: plan.name.clone(),
            from,
            zones: places.into_iter().map(|place| place.zone).collect(),
            in_time: path.is_in_time(),
            not_counted: not_counted(&plan),
            path,
        };
        output.say(|| text(&answer), &answer);
        match answer.in_time {
            true => Ok(()),
            false => Err(missed(&answer)),
        }
    }
}

fn longest_of(plan: &Plan, places: &[Place], from: Date) -> Result<Path, Failure> {
    let midnight = from.to_zoned_datetime(TimeZone::UTC);
    let midnight = midnight.map_or(Timestamp::MAX, |midnight| midnight.timestamp());
    longest(plan, places, midnight).map_err(|stuck| no_path(&stuck))
}

fn no_path(stuck: &Stuck) -> Failure {
    let what = stuck.to_string();
    match stuck {
        Stuck::NotStated => {
            let cure = "write `emergency = { deadline = \"3d\", build = \"4h\", gates = \"8h\" }` into [track.hotfix]";
            Failure::usage("plan.no-emergency", what, cure)
        }
        Stuck::Nowhere => Failure::usage("plan.nowhere", what, "name one with `--zone`"),
        Stuck::GivenUp { .. } => {
            let cure = "a longer `give_up_after`, windows on more days, or shorter freezes";
            Failure::refusal("plan.emergency-given-up", what, cure)
        }
        Stuck::NeverEnds { .. } => {
            let cure = "open windows on more days, freeze fewer, or shorten soak and horizons";
            Failure::refusal("plan.emergency-never-ends", what, cure)
        }
    }
}

fn missed(answer: &Answer) -> Failure {
    let what = format!("the deadline is missed by {}", span(-answer.path.slack_s));
    let cure = "shorten the longest steps, or promise less";
    Failure::refusal("plan.deadline-missed", what, cure)
}

fn text(answer: &Answer) -> String {
    let Answer {
        plan, from, path, ..
    } = answer;
    let mut lines = vec![
        format!("{plan}: an emergency at its worst, within a year of {from}"),
        String::new(),
        format!("{}   it begins", utc(path.starts)),
    ];
    lines.extend(path.steps.iter().map(row));
    let took = format!(
        "It takes {}, and the deadline is {}: ",
        span(path.takes_s),
        span(path.deadline_s)
    );
    let end = match answer.in_time {
        true => format!("{} are left.", span(path.slack_s)),
        false => format!("{} too long.", span(-path.slack_s)),
    };
    lines.extend([String::new(), took + &end, String::new()]);
    let not_counted = answer.not_counted.iter();
    lines.extend(not_counted.map(|wait| format!("Not counted: {}.", wait.what)));
    lines.join("\n")
}

fn row(step: &Step) -> String {
    let takes = step.until.duration_since(step.from).as_secs();
    format!("{}   {:<13}{}", utc(step.until), span(takes), step.what)
}

/// `2027-11-24 Wed 05:01`, in UTC.
fn utc(at: Timestamp) -> String {
    let at = at.to_zoned_datetime(TimeZone::UTC);
    at.strftime("%Y-%m-%d %a %H:%M").to_string()
}

/// `75 h 12 min`: hours, as deadlines are told; seconds are rounded up.
fn span(seconds: i64) -> String {
    let minutes = seconds.saturating_add(59) / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
