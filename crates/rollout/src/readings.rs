//! Which readings a comparison needs, and what pairs of them say.
//!
//! A device is read once for each signal, at its pair's horizon: the first reading from then on counts, if it comes before the
//! device would be called silent. Read [`wanted`], then [`PairReading`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_plan::{SignalName, SoftSignal};
use serde::{Deserialize, Serialize};

use crate::control::{PairState, Sides, sides};
use crate::rollout::Rollout;
use crate::score::{self, Score};
use crate::soft::{Found, WORST_MAX};
use crate::view::{FleetView, SoftReading};

/// Readings are in thousandths of their unit.
const UNIT_MILLI: f64 = 1000.0;

/// Both readings of one pair, in thousandths of the signal's unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairReading {
    /// The treated device ...
    pub treated: DeviceId,
    /// ... and its reading.
    pub treated_milli: u32,
    /// The device held back for it ...
    pub control: DeviceId,
    /// ... and its reading.
    pub control_milli: u32,
}

impl PairReading {
    /// The logarithm of the ratio, one unit added to each.
    fn ratio(&self) -> f64 {
        let plus_one = |milli: u32| f64::from(milli) + UNIT_MILLI;
        (plus_one(self.treated_milli) / plus_one(self.control_milli)).ln()
    }
}

/// A reading that the test needs: of this device, at this instant or as soon after as can be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// When.
    pub at: Timestamp,
    /// Of which device.
    pub device: DeviceId,
    /// Of which signal.
    pub signal: SignalName,
}

/// The readings that the open comparisons of the newest wave need, past ones too, earliest first. Of devices that haven't begun nothing is
/// known yet.
#[must_use]
pub fn wanted(rollout: &Rollout, view: &FleetView) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for pair in sides(rollout, view, rollout.current_wave()) {
        for rule in &rollout.rules.soft {
            let Some(at) = pair.due(rule.horizon) else {
                continue;
            };
            let of = |device: &DeviceId| Wanted {
                at,
                device: device.clone(),
                signal: rule.name,
            };
            wanted.extend([of(&pair.treated.id), of(&pair.control.id)]);
        }
    }
    wanted.sort();
    wanted
}

/// The pairs of one signal that are in.
pub(crate) struct Scored {
    pub(crate) pairs: Vec<PairReading>,
    /// Whether no other can come.
    pub(crate) all: bool,
}

impl Scored {
    pub(crate) fn of(
        rollout: &Rollout,
        sides: &[Sides<'_>],
        rule: &SoftSignal,
        readings: &Readings<'_>,
        now: Timestamp,
    ) -> Self {
        let (mut pairs, mut all) = (Vec::new(), true);
        for pair in sides {
            match readings.pair(rollout, pair, rule, now) {
                PairState::Pending => all = false,
                PairState::Lost => {}
                PairState::In(reading) => pairs.push(reading),
            }
        }
        Self { pairs, all }
    }

    /// By how much each treated device is worse than the margin allows.
    pub(crate) fn above(&self, rule: &SoftSignal) -> Vec<f64> {
        let margin = (1.0 + f64::from(rule.worse_by_at_most) / 100.0).ln();
        self.pairs
            .iter()
            .map(|pair| pair.ratio() - margin)
            .collect()
    }

    pub(crate) fn found(mut self, rule: &SoftSignal) -> Found {
        let ratios: f64 = self.pairs.iter().map(PairReading::ratio).sum();
        let mean = ratios / self.pairs.len().max(1) as f64;
        self.pairs.sort_by(|a, b| b.ratio().total_cmp(&a.ratio()));
        Found {
            pairs: u32::try_from(self.pairs.len()).unwrap_or(u32::MAX),
            // A ratio of two 32-bit numbers, which fits into a percentage of as many bits after it is cut off.
            worse_by_percent: (mean.exp_m1() * 100.0).round() as i32,
            margin_percent: rule.worse_by_at_most,
            worst: self.pairs.into_iter().take(WORST_MAX).collect(),
        }
    }
}

/// What was read up to now, by device and signal, earliest first.
pub(crate) struct Readings<'v>(BTreeMap<(&'v DeviceId, SignalName), Vec<&'v SoftReading>>);

impl<'v> Readings<'v> {
    pub(crate) fn of(view: &'v FleetView, now: Timestamp) -> Self {
        let handed = view.readings.iter().flatten();
        let mut by_device = BTreeMap::<_, Vec<_>>::new();
        for reading in handed.filter(|reading| reading.at <= now) {
            let key = (&reading.device, reading.signal);
            by_device.entry(key).or_default().push(reading);
        }
        let sort = |readings: &mut Vec<&SoftReading>| readings.sort_by_key(|r| (r.at, r.milli));
        by_device.values_mut().for_each(sort);
        Self(by_device)
    }

    /// The first reading of a device between two instants.
    fn between(
        &self,
        device: &DeviceId,
        signal: SignalName,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<u32> {
        let readings = self.0.get(&(device, signal))?;
        let first = readings.iter().find(|r| (from..to).contains(&r.at))?;
        Some(first.milli)
    }

    fn pair(
        &self,
        rollout: &Rollout,
        pair: &Sides<'_>,
        rule: &SoftSignal,
        now: Timestamp,
    ) -> PairState<PairReading> {
        let failed = matches!(
            score::score(rollout, pair.treated, now),
            Score::Failed { .. }
        );
        if failed || !pair.stand(rollout, now) {
            return PairState::Lost;
        }
        let Some(due) = pair.due(rule.horizon).filter(|due| *due <= now) else {
            return PairState::Pending;
        };
        let end = score::silent_at(rollout, due);
        let read = |device: &DeviceId| self.between(device, rule.name, due, end);
        match (read(&pair.treated.id), read(&pair.control.id)) {
            (Some(treated_milli), Some(control_milli)) => PairState::In(PairReading {
                treated: pair.treated.id.clone(),
                treated_milli,
                control: pair.control.id.clone(),
                control_milli,
            }),
            _ if now >= end => PairState::Lost,
            _ => PairState::Pending,
        }
    }
}
