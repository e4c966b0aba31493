//! What a preview tells. Read [`Preview`].

use jiff::Timestamp;
use mainstay_fleet::Moment;
use mainstay_plan::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::left_out::LeftOut;
use crate::chances::Chances;

/// How a rollout would go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Preview {
    /// The release, `thermo-v2@1.1.0`.
    pub release: String,
    /// When the rollout would start.
    #[schemars(with = "Moment")]
    pub starts: Timestamp,
    /// When it would be complete; none if it wasn't followed so far.
    #[schemars(with = "Option<Moment>")]
    pub ends: Option<Timestamp>,
    /// What would keep it from starting, or its devices from getting the release, as things are now: a sentence each. Whoever
    /// knows of holds, revocations and schedules puts it here; a preview by itself knows of none.
    pub in_the_way: Vec<String>,
    /// How many devices are drawn.
    pub enrolled: u32,
    /// The waves, in order.
    pub waves: Vec<WavePreview>,
    /// Members of waves that don't begin in time, by reason; the commonest first.
    pub unreached: Vec<LeftOut>,
    /// Members of waves of which it can't be told, because the rollout wasn't followed so far.
    pub not_followed: u32,
    /// Devices of the class that aren't drawn, by reason; the commonest first.
    pub not_eligible: Vec<LeftOut>,
    /// The most that is downloaded at once.
    pub peak: Peak,
    /// How the first wave ends, for releases from good to very bad.
    pub catches: Vec<Catch>,
    /// What was assumed, a sentence each.
    pub assumptions: Vec<String>,
}

/// One wave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WavePreview {
    /// "canary", "10 %" and so on.
    pub name: String,
    /// How many devices are drawn into it.
    pub devices: u32,
    /// How many of them don't begin in time.
    pub unreached: u32,
    /// When it opens; none if it wasn't followed so far.
    #[schemars(with = "Option<Moment>")]
    pub starts: Option<Timestamp>,
    /// When there is evidence enough, and its soak begins; none of the last.
    #[schemars(with = "Option<Moment>")]
    pub passes: Option<Timestamp>,
    /// When the next one opens, or the rollout is complete.
    #[schemars(with = "Option<Moment>")]
    pub ends: Option<Timestamp>,
    /// What a person is asked during it.
    pub asks: Option<Asked>,
    /// By time zone, in the order of their names.
    pub zones: Vec<ZonePreview>,
}

/// That a person is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// When.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// What, as a sentence without its full stop.
    pub what: String,
}

/// The members of one wave in one zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZonePreview {
    /// The IANA name.
    pub zone: String,
    /// How many they are.
    pub devices: u32,
    /// How many of them don't begin in time.
    pub unreached: u32,
    /// When the first begins to install; none if none does.
    #[schemars(with = "Option<Moment>")]
    pub first: Option<Timestamp>,
    /// When the last confirms; none if none does.
    #[schemars(with = "Option<Moment>")]
    pub last: Option<Timestamp>,
}

/// The most that is downloaded at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Peak {
    /// Downloads at one moment.
    pub downloads: u32,
    /// What they take together.
    pub bytes_per_second: u64,
    /// When that is first; none if nobody downloads.
    #[schemars(with = "Option<Moment>")]
    pub at: Option<Timestamp>,
    /// What the plan allows, in bytes per second.
    pub limit_bytes_per_second: u64,
}

/// How the first wave ends, if the release fails on so many devices. The shares add up to 1000; what doesn't go on by
/// itself is caught. If it is the only wave, it asks nobody: what isn't halted is complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Catch {
    /// On so many percent of devices.
    pub fails_on_percent: f64,
    /// How many devices it reaches; where the plan counts sites, how many sites.
    pub of: u32,
    /// Which of the two.
    pub unit: Unit,
    /// In so many of 1000 cases it halts the rollout.
    pub halts_permille: u32,
    /// In so many it asks a person.
    pub asks_permille: u32,
    /// In so many it goes on by itself, rounded up.
    pub goes_on_permille: u32,
}

impl Catch {
    /// These chances at this rate.
    pub(super) fn new(fails_on_percent: f64, unit: Unit, chances: &Chances) -> Self {
        // Between 0 and 1000, as the chances are fractions of 1; a whole 1 may be a little more in its last digit.
        let goes_on = (chances.goes_on * 1000.0 - 1e-6).ceil().max(0.0) as u32;
        let asks = (chances.asks * 1000.0).round() as u32;
        let asks = asks.min(1000_u32.saturating_sub(goes_on));
        Self {
            fails_on_percent,
            of: chances.devices,
            unit,
            halts_permille: 1000_u32.saturating_sub(goes_on + asks),
            asks_permille: asks,
            goes_on_permille: goes_on.min(1000),
        }
    }
}
