//! What a plan promises of its releases, in figures that the fleet is measured by. Read [`Goals`], then
//! [`RiskTier`].
//!
//! Nothing here measures: the `telemetry` crate compares what happened with what stands here.

use std::fmt;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::TierName;
use crate::track::TrackName;

/// The `[service_levels]` table. All of it may be left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceLevels {
    /// Who was heard of within this is active, and counts where devices are counted. Without it everybody is.
    pub active_within: Option<SignedDuration>,
}

/// What a track promises of each of its releases: `goals` in `[track.*]`. All of it may be left out.
///
/// Spans run from the start of a release's rollout, except where something else is said. Which share
/// reaches all devices, [`crate::Track::fleet_within`] says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goals {
    /// Half of the active devices have confirmed it within this.
    pub p50_within: Option<SignedDuration>,
    /// 90 % of them have.
    pub p90_within: Option<SignedDuration>,
    /// 99 % of them have.
    pub p99_within: Option<SignedDuration>,
    /// The most of those that began to install it, and came to an end with it, that may fail.
    pub failures_at_most: Option<Share>,
    /// The most of those that may give it up by themselves.
    pub reverts_at_most: Option<Share>,
    /// From the first failure on a device to the halt.
    pub halted_within: Option<SignedDuration>,
    /// From a device's failure, or its halted release, to verified and good again: the mean.
    pub recovered_within: Option<SignedDuration>,
    /// The least share of the track's dates that a release keeps.
    pub dates_kept: Option<Share>,
}

/// `[risk.NAME]`: how fast weaknesses of one kind are mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskTier {
    /// Its name.
    pub name: TierName,
    /// The track on which its fixes reach devices.
    pub track: TrackName,
    /// From knowing of the weakness to the start of the fix's rollout.
    pub fix_within: SignedDuration,
    /// From knowing of it to a mended fleet: what somebody else demands, and the plan claims to meet.
    pub deadline: Option<SignedDuration>,
}

/// A share in hundredths of a percent, from 1 to [`Share::WHOLE`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "u16", into = "u16")]
#[schemars(extend("minimum" = 1, "maximum" = Share::WHOLE))]
pub struct Share(u16);

impl Share {
    /// All: 100 % in hundredths of a percent.
    pub const WHOLE: u16 = 10_000;

    /// So many hundredths of a percent; none below 1 or above [`Share::WHOLE`].
    #[must_use]
    pub fn new(hundredths: u16) -> Option<Self> {
        (1..=Self::WHOLE)
            .contains(&hundredths)
            .then_some(Self(hundredths))
    }

    /// Reads a percentage with at most two decimals: `2 %`, `0.25%`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.trim().strip_suffix('%')?.trim_end();
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 2 {
            return None;
        }
        let decimals: u16 = format!("{decimals:0<2}").parse().ok()?;
        let whole = whole.parse::<u16>().ok()?.checked_mul(100)?;
        Self::new(whole.checked_add(decimals)?)
    }

    /// In hundredths of a percent.
    #[must_use]
    pub fn hundredths(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole} %"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{} %", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02} %"),
        }
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl TryFrom<u16> for Share {
    type Error = &'static str;

    fn try_from(hundredths: u16) -> Result<Self, Self::Error> {
        Self::new(hundredths).ok_or("a share is 1 to 10000 hundredths of a percent")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_hundredths_of_a_percent() {
        for (text, hundredths, shown) in [
            ("2 %", 200, "2 %"),
            ("2%", 200, "2 %"),
            ("0.5 %", 50, "0.5 %"),
            ("0.25 %", 25, "0.25 %"),
            ("0.05 %", 5, "0.05 %"),
            ("100.00 %", 10_000, "100 %"),
        ] {
            let share = Share::parse(text).expect(text);
            assert_eq!(
                (share.hundredths(), &*share.to_string()),
                (hundredths, shown)
            );
        }
        for text in [
            "", "2", "%", "0 %", "-1 %", "100.01 %", "1.234 %", "1. %", ".5 %", "1e2 %", "99999 %",
        ] {
            assert_eq!(Share::parse(text), None, "{text:?}");
        }
        assert!(serde_json::from_str::<Share>("0").is_err());
    }
}
