//! One figure, and how it stands. Read [`Level`].

use core::fmt;

use jiff::SignedDuration;
use mainstay_plan::{Share, TrackName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One figure of one subject on one track, against the plan's goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// Whose.
    pub subject: Subject,
    /// On which track: its goals count.
    pub track: TrackName,
    /// What is measured.
    pub measure: Measure,
    /// What it comes to; none if there is nothing to measure yet.
    pub figure: Option<Figure>,
    /// What the plan in force promises, if it does.
    pub goal: Option<Goal>,
    /// How the one compares with the other.
    pub standing: Standing,
    /// Why, as a sentence.
    pub because: String,
}

/// Whose figures they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Subject {
    /// One release.
    Release {
        /// As people call it: `thermo-v2@1.1.0`.
        name: String,
    },
    /// All devices of a class, over all releases that are measured.
    Class {
        /// Its id.
        name: String,
    },
    /// All devices of a cohort of the plan, likewise.
    Cohort {
        /// Its name.
        name: String,
    },
}

impl Subject {
    /// `release`, `class` or `cohort`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Release { .. } => "release",
            Self::Class { .. } => "class",
            Self::Cohort { .. } => "cohort",
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Release { name } | Self::Class { name } | Self::Cohort { name } => name,
        }
    }
}

/// What is measured.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Time until half of the active devices had confirmed it.
    P50,
    /// Time until 90 % had.
    P90,
    /// Time until 99 % had.
    P99,
    /// Time until all had.
    Fleet,
    /// Share of devices on which it failed.
    Failures,
    /// Share of devices that gave it up by themselves.
    Reverts,
    /// Time from the first failure to the halt.
    TimeToHalt,
    /// Mean time from failing to verified and good again.
    Recovery,
    /// Share of the track's dates that a release kept.
    DatesKept,
}

impl Measure {
    /// The stable id, as its JSON has it.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P99 => "p99",
            Self::Fleet => "fleet",
            Self::Failures => "failures",
            Self::Reverts => "reverts",
            Self::TimeToHalt => "time-to-halt",
            Self::Recovery => "recovery",
            Self::DatesKept => "dates-kept",
        }
    }

    /// The measure in words: `half of the active devices`, `time to a halt`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::P50 => "half of the active devices",
            Self::P90 => "90 % of the active devices",
            Self::P99 => "99 % of the active devices",
            Self::Fleet => "all active devices",
            Self::Failures => "failures",
            Self::Reverts => "reverts",
            Self::TimeToHalt => "time to a halt",
            Self::Recovery => "time to recover",
            Self::DatesKept => "dates kept",
        }
    }

    /// For how many percent of the active devices it stands; none if it isn't about adoption.
    #[must_use]
    pub fn percent(self) -> Option<u8> {
        match self {
            Self::P50 => Some(50),
            Self::P90 => Some(90),
            Self::P99 => Some(99),
            Self::Fleet => Some(100),
            _ => None,
        }
    }
}

/// What a measure comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "unit", rename_all = "kebab-case")]
pub enum Figure {
    /// A span of time.
    Time {
        /// In whole seconds, begun ones counted.
        seconds: u64,
    },
    /// So many of so many.
    Share {
        /// These ...
        part: u64,
        /// ... of these; never 0.
        of: u64,
    },
}

impl fmt::Display for Figure {
    /// `1h 30m`, or `3 of 512 (0.58 %)`: hundredths of a percent, cut off.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Time { seconds } => f.write_str(&span(seconds)),
            Self::Share { part, of } => {
                let hundredths =
                    u128::from(part) * u128::from(Share::WHOLE) / u128::from(of.max(1));
                let (whole, rest) = (hundredths / 100, hundredths % 100);
                write!(f, "{part} of {of} ({whole}.{rest:02} %)")
            }
        }
    }
}

/// What a plan promises of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "goal", rename_all = "kebab-case")]
pub enum Goal {
    /// No longer than this.
    Within {
        /// In whole seconds.
        seconds: u64,
    },
    /// No more than this.
    AtMost {
        /// In hundredths of a percent.
        hundredths: Share,
    },
    /// No less than this.
    AtLeast {
        /// In hundredths of a percent.
        hundredths: Share,
    },
}

impl Goal {
    pub(super) fn within(span: SignedDuration) -> Self {
        Self::Within {
            seconds: u64::try_from(span.as_secs()).unwrap_or(0),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Within { seconds } => write!(f, "within {}", span(*seconds)),
            Self::AtMost { hundredths } => write!(f, "at most {hundredths}"),
            Self::AtLeast { hundredths } => write!(f, "at least {hundredths}"),
        }
    }
}

/// How a figure compares with its goal.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// As promised.
    Met,
    /// Not as promised, and nothing can change that.
    Missed,
    /// Not enough to say.
    Unsaid,
    /// The plan promises nothing.
    NoGoal,
}

impl Standing {
    /// The stable id, as its JSON has it.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Unsaid => "unsaid",
            Self::NoGoal => "no-goal",
        }
    }
}

/// A level whose subject isn't said yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub measure: Measure,
    pub figure: Option<Figure>,
    pub goal: Option<Goal>,
    pub standing: Standing,
    pub because: String,
}

impl Found {
    pub fn of(self, subject: Subject, track: TrackName) -> Level {
        Level {
            subject,
            track,
            measure: self.measure,
            figure: self.figure,
            goal: self.goal,
            standing: self.standing,
            because: self.because,
        }
    }
}

/// A span as people read it: `4d 2h`, `31m`, `12s`. The two largest units, begun ones of the smaller counted.
pub(super) fn span(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let large = UNITS.iter().position(|(unit, _)| seconds >= *unit);
    let large = large.unwrap_or(UNITS.len() - 1);
    let (unit, name) = UNITS[large];
    let Some((smaller, smaller_name)) = UNITS.get(large + 1) else {
        return format!("{seconds}{name}");
    };
    let rest = (seconds % unit).div_ceil(*smaller);
    match rest {
        0 => format!("{}{name}", seconds / unit),
        rest if rest * smaller == unit => span((seconds / unit + 1) * unit),
        rest => format!("{}{name} {rest}{smaller_name}", seconds / unit),
    }
}

/// `1 device`, `2 devices`.
pub(super) fn devices(count: impl Into<u64>) -> String {
    match count.into() {
        1 => "1 device".to_owned(),
        count => format!("{count} devices"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units_at_most() {
        for (seconds, told) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (61, "1m 1s"),
            (3_600, "1h"),
            (3_601, "1h 1m"),
            (7_199, "2h"),
            (86_399, "1d"),
            (86_401, "1d 1h"),
            (345_600, "4d"),
        ] {
            assert_eq!(span(seconds), told, "{seconds}");
        }
    }

    #[test]
    fn ids_are_what_json_has() {
        for measure in [
            Measure::P50,
            Measure::Fleet,
            Measure::TimeToHalt,
            Measure::DatesKept,
        ] {
            let json = serde_json::to_string(&measure).expect("JSON");
            assert_eq!(json, format!("{:?}", measure.id()));
        }
        for standing in [Standing::Met, Standing::NoGoal] {
            let json = serde_json::to_string(&standing).expect("JSON");
            assert_eq!(json, format!("{:?}", standing.id()));
        }
    }

    #[test]
    fn shares_are_cut_off_and_never_rounded_up() {
        let share = |part, of| Figure::Share { part, of }.to_string();
        assert_eq!(share(3, 512), "3 of 512 (0.58 %)");
        assert_eq!(share(9_999, 10_000), "9999 of 10000 (99.99 %)");
        assert_eq!(share(99_999, 100_000), "99999 of 100000 (99.99 %)");
        assert_eq!(
            share(u64::MAX, u64::MAX),
            format!("{0} of {0} (100.00 %)", u64::MAX)
        );
    }
}
