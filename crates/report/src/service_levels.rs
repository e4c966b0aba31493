//! Service levels for spreadsheets and for monitoring. Read [`csv`], then [`prometheus`].
//!
//! `docs/reference/service-levels.md` tells what each column and each metric is.

use mainstay_plan::{Share, TrackName};
use mainstay_telemetry::ServiceLevels;
use mainstay_telemetry::levels::{
    Counts, Figure, Goal, Level, Measure, Standing, Subject, Updates,
};

use crate::metrics_text::Text;

/// The media type of [`csv`] (RFC 4180).
pub const CSV_MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";
/// The media type of [`prometheus`]: the text format, version 0.0.4.
pub const PROMETHEUS_MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const COLUMNS: &str =
    "as_of,subject,name,track,measure,seconds,part,of,goal_seconds,goal_percent,standing,because";

/// Each figure with its goal as a row (RFC 4180), times in seconds, shares as two numbers. A row about adoption has
/// beside its time how many of how many active devices have the release by now.
#[must_use]
pub fn csv(levels: &ServiceLevels) -> String {
    let mut text = format!("{COLUMNS}\r\n");
    for level in &levels.levels {
        let cells = row(levels, level);
        text.push_str(&cells.map(|cell| quoted(&cell)).join(","));
        text.push_str("\r\n");
    }
    text
}

fn row(levels: &ServiceLevels, level: &Level) -> [String; 12] {
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let (seconds, share) = match level.figure {
        Some(Figure::Time { seconds }) => (Some(seconds), None),
        Some(Figure::Share { part, of }) => (None, Some((part, of))),
        None => (None, None),
    };
    let adopted = level.measure.percent().and_then(|_| adopted(levels, level));
    let (part, of) = share.or(adopted).unzip();
    let (goal_seconds, goal_percent) = match level.goal {
        Some(Goal::Within { seconds }) => (Some(seconds), String::new()),
        Some(Goal::AtMost { hundredths } | Goal::AtLeast { hundredths }) => {
            (None, hundredths.to_string())
        }
        None => (None, String::new()),
    };
    [
        levels.as_of.to_string(),
        level.subject.kind().to_owned(),
        level.subject.name().to_owned(),
        level.track.to_string(),
        level.measure.id().to_owned(),
        number(seconds),
        number(part),
        number(of),
        number(goal_seconds),
        goal_percent,
        level.standing.id().to_owned(),
        level.because.clone(),
    ]
}

fn adopted(levels: &ServiceLevels, level: &Level) -> Option<(u64, u64)> {
    let is_same = |one: &&Updates| one.subject == level.subject && one.track == level.track;
    let counts = levels.updates.iter().find(is_same)?.counts;
    Some((counts.adopted, counts.active()))
}

/// A cell of RFC 4180; one that a spreadsheet would take for a formula is led by an apostrophe.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    match cell.contains([',', '"', '\r', '\n']) {
        true => format!("\"{guard}{}\"", cell.replace('"', "\"\"")),
        false => format!("{guard}{cell}"),
    }
}

/// The same for a monitoring system that asks again and again: Prometheus' text format, gauges only, in base units.
#[must_use]
pub fn prometheus(levels: &ServiceLevels) -> String {
    let mut text = Text::default();
    text.reach(levels);
    text.updates(levels);
    text.figures(levels);
    text.verdicts(levels);
    text.family(
        "mainstay_service_levels_measured_timestamp_seconds",
        "When all of this was measured, in seconds since 1970.",
    );
    text.sample(&[], &levels.as_of.as_second().to_string());
    text.into_text()
}

/// What is counted of updates, by what became of them; the states don't overlap.
fn states(counts: &Counts) -> [(&'static str, u64); 5] {
    [
        ("not-begun", counts.not_begun),
        ("under-way", counts.under_way),
        ("adopted", counts.adopted),
        ("failed", counts.failed),
        ("sent-back", counts.sent_back),
    ]
}

impl Text {
    fn reach(&mut self, levels: &ServiceLevels) {
        self.family("mainstay_devices", "Registered devices.");
        for reach in &levels.reach {
            self.sample(&of(&reach.subject), &reach.devices.to_string());
        }
        self.family(
            "mainstay_devices_unreachable",
            "Devices not heard of for longer than the plan's active_within.",
        );
        for reach in &levels.reach {
            self.sample(&of(&reach.subject), &reach.unreachable.to_string());
        }
        self.family(
            "mainstay_devices_unverified",
            "Reachable devices that have confirmed no version.",
        );
        for reach in &levels.reach {
            self.sample(&of(&reach.subject), &reach.unverified.to_string());
        }
        self.family(
            "mainstay_devices_verified",
            "Reachable devices by the version that they confirmed.",
        );
        for reach in &levels.reach {
            for count in &reach.verified {
                let labels = [&of(&reach.subject)[..], &[("version", &count.version)]].concat();
                self.sample(&labels, &count.devices.to_string());
            }
        }
    }

    fn updates(&mut self, levels: &ServiceLevels) {
        self.family(
            "mainstay_updates",
            "Updates of devices by what became of them; a device counts once for each release.",
        );
        for one in &levels.updates {
            for (state, count) in states(&one.counts) {
                let labels = [&on(&one.subject, one.track)[..], &[("state", state)]].concat();
                self.sample(&labels, &count.to_string());
            }
        }
        self.family(
            "mainstay_updates_unreachable",
            "Of all updates, those of devices that can't be reached and never began.",
        );
        for one in &levels.updates {
            let unreachable = one.counts.unreachable.to_string();
            self.sample(&on(&one.subject, one.track), &unreachable);
        }
        self.family(
            "mainstay_updates_reverted",
            "Failed updates of devices that gave the release up by themselves.",
        );
        for one in &levels.updates {
            self.sample(
                &on(&one.subject, one.track),
                &one.counts.reverted.to_string(),
            );
        }
    }

    fn figures(&mut self, levels: &ServiceLevels) {
        self.family(
            "mainstay_adoption_seconds",
            "Time from a release's start until that share of the active devices had confirmed it.",
        );
        for (level, seconds) in times(levels) {
            if let Some(quantile) = quantile(level.measure) {
                let on = on(&level.subject, level.track);
                self.sample(
                    &[&on[..], &[("quantile", quantile)]].concat(),
                    &seconds.to_string(),
                );
            }
        }
        for (measure, name, help) in [
            (
                Measure::TimeToHalt,
                "mainstay_time_to_halt_seconds",
                "Time from the first failure to the halt, the longest.",
            ),
            (
                Measure::Recovery,
                "mainstay_recovery_seconds",
                "Mean time from failing, or from the halt, to verified and good again.",
            ),
        ] {
            self.family(name, help);
            for (level, seconds) in times(levels).filter(|(level, _)| level.measure == measure) {
                self.sample(&on(&level.subject, level.track), &seconds.to_string());
            }
        }
        self.dates(levels);
    }

    fn dates(&mut self, levels: &ServiceLevels) {
        let dates = |level: &Level| match (level.measure, level.figure) {
            (Measure::DatesKept, Some(Figure::Share { part, of })) => Some((part, of)),
            _ => None,
        };
        let kept = levels.levels.iter();
        let kept: Vec<_> = kept
            .filter_map(|level| Some((level, dates(level)?)))
            .collect();
        self.family("mainstay_dates", "Dates of a track that have passed.");
        for (level, (_, of)) in &kept {
            self.sample(&on(&level.subject, level.track), &of.to_string());
        }
        self.family(
            "mainstay_dates_kept",
            "Of these, those that a release kept.",
        );
        for (level, (part, _)) in &kept {
            self.sample(&on(&level.subject, level.track), &part.to_string());
        }
    }

    fn verdicts(&mut self, levels: &ServiceLevels) {
        self.family(
            "mainstay_service_level_missed",
            "1 if a figure misses the plan's goal, 0 if it meets it; absent while there isn't enough to say.",
        );
        for level in &levels.levels {
            let missed = match level.standing {
                Standing::Met => "0",
                Standing::Missed => "1",
                Standing::Unsaid | Standing::NoGoal => continue,
            };
            self.measured(level, missed);
        }
        self.family(
            "mainstay_service_level_goal_seconds",
            "What the plan promises of a time.",
        );
        for level in &levels.levels {
            if let Some(Goal::Within { seconds }) = level.goal {
                self.measured(level, &seconds.to_string());
            }
        }
        self.family(
            "mainstay_service_level_goal_ratio",
            "What the plan promises of a share.",
        );
        for level in &levels.levels {
            if let Some(Goal::AtMost { hundredths } | Goal::AtLeast { hundredths }) = level.goal {
                self.measured(level, &ratio(hundredths));
            }
        }
    }

    fn measured(&mut self, level: &Level, value: &str) {
        let on = on(&level.subject, level.track);
        let labels = [&on[..], &[("measure", level.measure.id())]].concat();
        self.sample(&labels, value);
    }
}

fn of(subject: &Subject) -> [(&'static str, &str); 2] {
    [("subject", subject.kind()), ("name", subject.name())]
}

fn on(subject: &Subject, track: TrackName) -> [(&'static str, &str); 3] {
    let [kind, name] = of(subject);
    [kind, name, ("track", track.id())]
}

fn times(levels: &ServiceLevels) -> impl Iterator<Item = (&Level, u64)> {
    levels.levels.iter().filter_map(|level| match level.figure {
        Some(Figure::Time { seconds }) => Some((level, seconds)),
        _ => None,
    })
}

fn quantile(measure: Measure) -> Option<&'static str> {
    match measure {
        Measure::P50 => Some("0.5"),
        Measure::P90 => Some("0.9"),
        Measure::P99 => Some("0.99"),
        Measure::Fleet => Some("1"),
        _ => None,
    }
}

/// Hundredths of a percent as a ratio, exactly.
fn ratio(share: Share) -> String {
    let whole = Share::WHOLE;
    format!(
        "{}.{:04}",
        share.hundredths() / whole,
        share.hundredths() % whole
    )
}
