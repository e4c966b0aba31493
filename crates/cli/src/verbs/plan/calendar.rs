//! `mainstay plan calendar`: when a plan's tracks release, when nothing is released, when support
//! ends and owners are told of it, and whether a track is late.
//!
//! The dates are those of `mainstay_plan::calendar`; days are civil days, and today is UTC's. Read
//! [`Calendar`], then [`Answer`].

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use mainstay_plan::calendar::{Lateness, Notice, SupportEnd, Undated, lateness};
use mainstay_plan::{ClassId, Plan, Track, TrackName};
use mainstay_report::PlanCalendar;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::{files, moment};

/// The span to tell, and how.
#[derive(Debug, Args)]
pub struct Calendar {
    /// The plan.
    #[arg(default_value = "plan.toml")]
    file: PathBuf,
    /// First day, written 2027-01-31; today (UTC) if it isn't given.
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    /// How many months from there; ends of support are told however far they are.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(i16).range(1..=120))]
    months: i16,
    /// Write an iCalendar file instead, which must not exist; `-` is standard output. Importing a
    /// later one updates the entries.
    #[arg(long, value_name = "FILE")]
    ics: Option<PathBuf>,
    /// The day of a track's last release, to hear whether it is late; repeat it for each track.
    #[arg(long = "released", value_name = "TRACK=DATE", conflicts_with = "ics")]
    released: Vec<String>,
}

/// What there is to know of the span.
#[derive(Debug, Serialize)]
struct Answer {
    plan: String,
    from: Date,
    to: Date,
    /// By date.
    entries: Vec<Entry>,
    undated: Vec<Undated>,
    stands: Vec<Stand>,
}

/// One row.
#[derive(Debug, Serialize)]
struct Entry {
    date: Date,
    /// Last day; the same as `date` but for a longer freeze.
    until: Date,
    #[serde(flatten)]
    what: What,
}

/// What is on a date.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum What {
    Release {
        track: TrackName,
        /// The day that the track's cadence says.
        declared: Date,
        /// Whether it is due at all.
        left_out: bool,
        /// What differs from the cadence.
        remark: Option<String>,
    },
    Freeze {
        names: Vec<String>,
    },
    Support {
        class: ClassId,
        ends: SupportEnd,
        phrase: String,
        then: Option<String>,
    },
    Notice {
        class: ClassId,
        /// To the end of security support.
        months: u8,
        phrase: String,
        then: Option<String>,
    },
}

/// How one track keeps its dates.
#[derive(Debug, Serialize)]
struct Stand {
    track: TrackName,
    last_release: Date,
    lateness: Lateness,
    sentence: String,
}

/// A day as a plan writes it. No firmware is older than Unix time, and a span must end before the
/// calendar does.
pub(super) fn day(text: &str) -> Result<Date, String> {
    let written_as_day = text.len() == "2027-01-31".len();
    let parsed = text.parse::<Date>().ok().filter(|_| written_as_day);
    parsed
        .filter(|day| (1970..9_900).contains(&day.year()))
        .ok_or_else(|| "write a day from 1970 on, such as 2027-01-31".to_owned())
}

impl Calendar {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let now = moment::now();
        let plan = super::read(&self.file, output)?;
        let stands = self.stands(&plan, moment::day(now))?;
        let from = self.from.unwrap_or_else(|| moment::day(now));
        let to = from.saturating_add(self.months.months());
        let to = to.yesterday().unwrap_or(to);
        let dates = mainstay_plan::Calendar::of(&plan, from, to);
        match &self.ics {
            None => {
                let answer = answer(&plan, dates, stands);
                output.say(|| text(&answer), &answer);
                Ok(())
            }
            Some(path) => export(path, &plan, &dates, now, output),
        }
    }

    fn stands(&self, plan: &Plan, today: Date) -> Result<Vec<Stand>, Failure> {
        let stand = |pair: &String| {
            let (track, last) =
                released(pair, plan, today).ok_or_else(|| not_a_release(pair, plan))?;
            Ok(stand(track, last, today, plan))
        };
        self.released.iter().map(stand).collect()
    }
}

/// The track and the day of `maintenance=2026-11-10`. Where the sun rises early it may be a day
/// later than in UTC; a later one is a slip, and would pass for a track on time.
fn released<'plan>(pair: &str, plan: &'plan Plan, today: Date) -> Option<(&'plan Track, Date)> {
    let (track, last) = pair.split_once('=')?;
    let track = plan.tracks.each().find(|named| named.name.id() == track)?;
    let last = day(last).ok()?;
    (last <= today.saturating_add(1.day())).then_some((track, last))
}

fn stand(track: &Track, last_release: Date, today: Date, plan: &Plan) -> Stand {
    let stands = |cadence| lateness(cadence, last_release, today, &plan.rollout.blackout);
    let lateness = track.cadence.map_or(Lateness::NoDates, stands);
    Stand {
        track: track.name,
        last_release,
        sentence: lateness.sentence(track.name),
        lateness,
    }
}

fn not_a_release(pair: &str, plan: &Plan) -> Failure {
    let tracks: Vec<_> = plan.tracks.each().map(|track| track.name.id()).collect();
    let what = format!(
        "`--released {pair}` isn't TRACK=DATE with a track of the plan and a day from 1970 to today"
    );
    let cure = format!(
        "write it like `--released {}=2026-11-10`; the plan's tracks are {}",
        tracks.first().unwrap_or(&"maintenance"),
        tracks.join(", ")
    );
    Failure::usage("plan.released", what, cure)
}

fn export(
    path: &Path,
    plan: &Plan,
    calendar: &mainstay_plan::Calendar,
    made: Timestamp,
    output: &Output,
) -> Result<(), Failure> {
    let document = PlanCalendar {
        plan,
        calendar,
        made,
    };
    let (text, entries) = (document.to_icalendar(), document.len());
    if path != Path::new("-") {
        files::write_new(path, "calendar", text.as_bytes())?;
        let place = path.display().to_string();
        let sentence =
            || format!("{place} has {entries} entries. Next: import it; a later one updates them");
        output.say(
            sentence,
            &serde_json::json!({ "written": place, "entries": entries }),
        );
        return Ok(());
    }
    if output.is_json() {
        let what = "`--ics -` and `--json` both want standard output";
        let cure = "leave one of them out, or write the calendar to a file";
        return Err(Failure::usage("plan.two-outputs", what, cure));
    }
    output.document(&text);
    Ok(())
}

fn answer(plan: &Plan, dates: mainstay_plan::Calendar, stands: Vec<Stand>) -> Answer {
    let releases = dates.releases.into_iter().map(|release| {
        let date = release.date;
        let what = What::Release {
            track: release.track,
            declared: date.declared,
            left_out: date.due().is_none(),
            remark: date.remark(),
        };
        on(date.day(), what)
    });
    let freezes = dates.freezes.into_iter().map(|freeze| Entry {
        date: freeze.from,
        until: freeze.to,
        what: What::Freeze {
            names: freeze.names,
        },
    });
    let support = dates.support.into_iter().map(|date| {
        let what = What::Support {
            phrase: date.phrase(),
            class: date.class,
            ends: date.ends,
            then: date.then,
        };
        on(date.last_day, what)
    });
    let ends = support.chain(dates.notices.into_iter().map(notice));
    let mut entries: Vec<_> = releases.chain(freezes).chain(ends).collect();
    entries.sort_by_key(|entry| entry.date);
    Answer {
        plan: plan.name.clone(),
        from: dates.from,
        to: dates.to,
        entries,
        undated: dates.undated,
        stands,
    }
}

fn notice(notice: Notice) -> Entry {
    let what = What::Notice {
        phrase: notice.phrase(),
        class: notice.class,
        months: notice.months,
        then: notice.then,
    };
    on(notice.day, what)
}

/// The entry of one day.
fn on(date: Date, what: What) -> Entry {
    Entry {
        date,
        until: date,
        what,
    }
}

fn text(answer: &Answer) -> String {
    let Answer { plan, from, to, .. } = answer;
    let mut lines = vec![format!("{plan}: {from} to {to}"), String::new()];
    lines.extend(answer.entries.iter().map(row));
    let undated = answer.undated.iter();
    let undated =
        undated.map(|Undated { track, because }| format!("{track} has no dates: {because}."));
    let remarks: Vec<_> = undated
        .chain(answer.stands.iter().map(|stand| stand.sentence.clone()))
        .collect();
    if !remarks.is_empty() {
        lines.push(String::new());
        lines.extend(remarks);
    }
    lines.join("\n")
}

fn row(entry: &Entry) -> String {
    let (what, note) = match &entry.what {
        What::Release { track, remark, .. } => (track.id(), remark.clone().unwrap_or_default()),
        What::Freeze { names } => ("freeze", names.join(", ")),
        What::Support { phrase, .. } => ("support", phrase.clone()),
        What::Notice { phrase, .. } => ("notice", phrase.clone()),
    };
    let until = match entry.until == entry.date {
        true => String::new(),
        false => format!(", until {}", weekday(entry.until)),
    };
    let row = format!("{}   {what:<13}{note}{until}", weekday(entry.date));
    row.trim_end().to_owned()
}

/// `2026-11-26 Thu`.
fn weekday(date: Date) -> String {
    date.strftime("%Y-%m-%d %a").to_string()
}
