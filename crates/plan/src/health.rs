//! What counts as healthy, and how sure a decision must be. Read [`Health`] first.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sizing;

/// The `[health.*]` tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// Hard failures: the device didn't install, boot, or pass its own test.
    pub install: HardFailure,
    /// A plain count that stops everything, beside the statistics.
    pub tripwire: Tripwire,
    /// Signals compared with devices that were held back.
    pub soft: Vec<SoftSignal>,
}

/// The test on hard failures. Rates are in percent, `0 < expect < halt < 100`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HardFailure {
    /// Percent that fails on a good release (p0).
    pub expect: f64,
    /// Percent that must be noticed (p1).
    pub halt: f64,
    /// Percent of good releases that may be halted by mistake, 1 to 50: by this test in the canary, and by the soft signals.
    pub alpha: u8,
    /// Percent of bad releases that must be noticed, 50 to 99.
    pub power: u8,
    /// A device is scored this long after it began, not before.
    pub horizon: SignedDuration,
    /// What is counted once.
    #[serde(default)]
    pub unit: Unit,
}

/// What fails for itself, and so is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Each device.
    #[default]
    Device,
    /// All devices of a site together: where they share power, network or use.
    Site,
}

/// How many percent of alpha all soft signals have together: a fifth of it. It is the smaller part because a soft signal that is short
/// of alpha asks a person where it would have halted, while less alpha for hard failures takes a larger canary.
const SOFT_PERCENT: u16 = 20;

/// How a plan's alpha is shared by what may halt a good release, in percent of releases; both together are alpha.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// Of the test on hard failures, in each wave.
    pub hard: f64,
    /// Of all soft signals together, over all waves.
    pub soft: f64,
}

/// The test on hard failures with its own share of alpha. All in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HardTest {
    /// What fails on a good release.
    pub expect: f64,
    /// What must be noticed.
    pub halt: f64,
    /// How many good releases this test may halt by mistake.
    pub alpha: f64,
    /// How many bad releases it must notice.
    pub power: u8,
}

impl HardFailure {
    /// How alpha is shared on a track of so many waves, under a plan with these soft signals. Nobody is held back from the last wave, and
    /// so nothing is compared on a track of one: there, as without soft signals, hard failures have all of alpha.
    #[must_use]
    pub fn shares(&self, soft: &[SoftSignal], waves: usize) -> Shares {
        let soft = match soft.is_empty() || waves < 2 {
            true => 0,
            false => SOFT_PERCENT,
        };
        let of_alpha = |percent: u16| f64::from(u16::from(self.alpha) * percent) / 100.0;
        Shares {
            hard: of_alpha(100 - soft),
            soft: of_alpha(soft),
        }
    }

    /// The test on such a track, with its share of alpha.
    #[must_use]
    pub fn test(&self, soft: &[SoftSignal], waves: usize) -> HardTest {
        HardTest {
            alpha: self.shares(soft, waves).hard,
            ..self.whole()
        }
    }

    /// The test with all of alpha, as under a plan without soft signals.
    #[must_use]
    pub fn whole(&self) -> HardTest {
        HardTest {
            expect: self.expect,
            halt: self.halt,
            alpha: f64::from(self.alpha),
            power: self.power,
        }
    }
}

impl HardTest {
    /// Devices a canary needs so that an exact one-sided binomial test keeps `alpha` and `power`;
    /// nothing when more than [`sizing::DEVICES_MAX`] would be needed.
    #[must_use]
    pub fn canary_needed(&self) -> Option<u32> {
        sizing::canary_needed(
            self.expect / 100.0,
            self.halt / 100.0,
            self.alpha / 100.0,
            f64::from(self.power) / 100.0,
        )
    }
}

/// Counts that halt at once, whatever the statistics say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tripwire {
    /// Bricked devices, at least 1.
    pub bricks: u32,
    /// Failures among the devices of one hardware revision, at least 1.
    pub failures_in_one_stratum: u32,
}

/// A soft signal's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalName {
    /// Error-log lines per hour.
    ErrorLog,
    /// Battery drain per day.
    Battery,
    /// Missed polls per day.
    Connectivity,
}

impl SignalName {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ErrorLog, Self::Battery, Self::Connectivity];

    /// The signal of this [`SignalName::id`].
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.id() == id)
    }

    /// `error-log`, `battery` or `connectivity`, as the plan writes it.
    pub fn id(self) -> &'static str {
        match self {
            Self::ErrorLog => "error-log",
            Self::Battery => "battery",
            Self::Connectivity => "connectivity",
        }
    }
}

/// A signal that may get only so much worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftSignal {
    /// Which signal.
    pub name: SignalName,
    /// Percent by which it may be worse than on held-back devices of the same kind, 1 to 1000.
    pub worse_by_at_most: u16,
    /// A device's signal is read this long after it began.
    pub horizon: SignedDuration,
}
