//! Release tracks: how often, through which gates, in which waves. Read [`Track`] first.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::Weekday;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::GateName;
use crate::service_levels::Goals;

/// The three tracks a release may take.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TrackName {
    /// Regular fixes.
    Maintenance,
    /// New functions.
    Feature,
    /// An emergency.
    Hotfix,
}

impl TrackName {
    /// Each as a plan writes it.
    pub(crate) const WORDS: &[(&str, Self)] = &[
        ("maintenance", Self::Maintenance),
        ("feature", Self::Feature),
        ("hotfix", Self::Hotfix),
    ];

    /// `maintenance`, `feature` or `hotfix`, as the plan writes it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::Feature => "feature",
            Self::Hotfix => "hotfix",
        }
    }
}

impl fmt::Display for TrackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The tracks a plan declares; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracks {
    /// `[track.maintenance]`.
    pub maintenance: Option<Track>,
    /// `[track.feature]`.
    pub feature: Option<Track>,
    /// `[track.hotfix]`.
    pub hotfix: Option<Track>,
}

impl Tracks {
    /// The declared tracks, in the order maintenance, feature, hotfix.
    pub fn each(&self) -> impl Iterator<Item = &Track> {
        [&self.maintenance, &self.feature, &self.hotfix]
            .into_iter()
            .flatten()
    }

    /// How many waves the track has that has most of them.
    #[must_use]
    pub fn waves_max(&self) -> usize {
        self.each()
            .map(|track| track.waves.len())
            .max()
            .unwrap_or(0)
    }

    /// The track of that name, if the plan declares it.
    pub fn get(&self, name: TrackName) -> Option<&Track> {
        match name {
            TrackName::Maintenance => self.maintenance.as_ref(),
            TrackName::Feature => self.feature.as_ref(),
            TrackName::Hotfix => self.hotfix.as_ref(),
        }
    }
}

/// One way for a release to reach the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// Which of the three it is.
    pub name: TrackName,
    /// How often it runs, when the plan says.
    pub cadence: Option<Cadence>,
    /// Gates a release must pass; empty when the plan names none.
    pub gates: Vec<GateName>,
    /// The waves, in order; never empty.
    pub waves: Vec<Wave>,
    /// How long a good wave must stay good before the next one opens.
    pub soak: SignedDuration,
    /// Everybody who can be reached runs a release within this time, if the plan promises so.
    #[serde(default)]
    pub fleet_within: Option<SignedDuration>,
    /// What an emergency takes before its rollout, and by when the fleet must have its fix; of the hotfix track only.
    #[serde(default)]
    pub emergency: Option<Emergency>,
    /// What else it promises of each release.
    #[serde(default)]
    pub goals: Goals,
}

/// `emergency = { deadline = "3d", build = "4h", gates = "8h" }`: what the plan itself can't reckon of an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    /// From the beginning, whenever that is, to the fix on every device that can be reached.
    pub deadline: SignedDuration,
    /// How long it takes at most to write and build the fix.
    pub build: SignedDuration,
    /// How long the track's gates and the approval take at most.
    pub gates: SignedDuration,
}

/// How often a track runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cadence {
    /// Every month on the given weekday: "month on the second Tuesday".
    Monthly {
        /// Which one of the month: 1 to 4, or -1 for the last.
        nth: i8,
        /// The weekday.
        #[serde(with = "crate::days::weekday_number")]
        weekday: Weekday,
    },
    /// The first month of every quarter: "quarter on the first Monday".
    Quarterly {
        /// Which one of the month: 1 to 4, or -1 for the last.
        nth: i8,
        /// The weekday.
        #[serde(with = "crate::days::weekday_number")]
        weekday: Weekday,
    },
    /// Whenever it is needed: "emergency".
    Emergency,
}

/// As a plan writes it: `month on the second Tuesday`.
impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (period, nth, weekday) = match self {
            Self::Monthly { nth, weekday } => ("month", nth, weekday),
            Self::Quarterly { nth, weekday } => ("quarter", nth, weekday),
            Self::Emergency => return f.write_str("emergency"),
        };
        let nth = match nth {
            1 => "first",
            2 => "second",
            3 => "third",
            4 => "fourth",
            _ => "last",
        };
        write!(f, "{period} on the {nth} {weekday:?}")
    }
}

/// One step of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wave {
    /// The random, stratified sample that decides.
    Canary,
    /// This percentage (1 to 100) of the eligible fleet outside the canary, cumulative.
    Percent(u8),
}

impl fmt::Display for Wave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Canary => f.write_str("canary"),
            Self::Percent(percent) => write!(f, "{percent} %"),
        }
    }
}
