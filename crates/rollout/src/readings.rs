//! Which readings a comparison needs, and what pairs of them say.
//!
//! A device is read once for each signal, at its pair's horizon: the first reading from then on counts, if it comes before the
//! device would be called silent. Of a treated device it counts only if the device had confirmed the candidate by then: what is read on
//! one that is still fetching says nothing of the release. Who fails is the hard failures' business, and no part of this.
//!
//! A pair of which only one could be read is counted, by which: a release that kills the devices which it harms would otherwise be judged
//! by those that it spares. Read [`wanted`] and [`missing`], then [`PairReading`] and [`Scored`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_plan::{SignalName, SoftSignal};
use serde::{Deserialize, Serialize};

use crate::control::{PairState, Sides, sides};
use crate::flips;
use crate::progress::Progress;
use crate::rollout::Rollout;
use crate::score;
use crate::soft::{self, Found, WORST_MAX};
use crate::view::{FleetView, SoftReading};

/// Readings are in thousandths of their unit.
const UNIT_MILLI: f64 = 1000.0;

/// By how much a pair may differ from the margin at most, as a ratio; more is counted as this much. One reading that is
/// wild, or forged, then weighs as much as three that are twice as bad, and not as all others together. Both sides of nought are
/// cut alike, so that the test stays exact.
const RATIO_MAX: f64 = 8.0;

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
    /// From then on a reading comes too late.
    pub until: Timestamp,
    /// What is counted over a time, as missed polls are, is counted from then on. The half of the horizon before it belongs to
    /// the update itself, which keeps a device busy and restarts it.
    pub since: Timestamp,
    /// Of which device.
    pub device: DeviceId,
    /// Of which signal.
    pub signal: SignalName,
}

/// The readings that the open comparisons of the newest wave need, past ones too, earliest first; none once the rollout is over. Of
/// devices that haven't begun nothing is known yet.
#[must_use]
pub fn wanted(rollout: &Rollout, view: &FleetView) -> Vec<Wanted> {
    let wave = rollout.current_wave();
    let rules = open(rollout);
    let mut wanted = Vec::new();
    if rules.is_empty() {
        return wanted;
    }
    for pair in sides(rollout, view, wave) {
        for rule in &rules {
            let due = (pair.due(rule.horizon), pair.due(rule.horizon / 2));
            let (Some(at), Some(since)) = due else {
                continue;
            };
            let of = |device: &DeviceId| Wanted {
                at,
                until: score::silent_at(rollout, at),
                since,
                device: device.clone(),
                signal: rule.name,
            };
            wanted.extend([of(&pair.treated.id), of(&pair.control.id)]);
        }
    }
    wanted.sort();
    wanted
}

/// The soft signals on which the newest wave is still compared; none before the rollout begins, and once it is over.
fn open(rollout: &Rollout) -> Vec<&SoftSignal> {
    let state = rollout.waves.get(rollout.current_wave());
    let is_open = |rule: &&SoftSignal| state.is_some_and(|state| soft::is_open(state, rule.name));
    let rules = rollout.rules.soft.iter().filter(is_open);
    match rollout.is_over() || rollout.is_starting() {
        true => Vec::new(),
        false => rules.collect(),
    }
}

/// Whether any reading may be [`wanted`], whatever its devices are like: if not, nobody needs to look at them for it.
#[must_use]
pub fn wants(rollout: &Rollout) -> bool {
    !open(rollout).is_empty()
}

/// The [`wanted`] readings that were neither handed nor come too late by `now`.
#[must_use]
pub fn missing(rollout: &Rollout, view: &FleetView, now: Timestamp) -> Vec<Wanted> {
    let readings = Readings::of(view, now);
    let is_read = |wanted: &Wanted| {
        let (device, signal) = (&wanted.device, wanted.signal);
        let read = readings.between(device, signal, wanted.at, Timestamp::MAX);
        read.is_some()
    };
    let mut wanted = wanted(rollout, view);
    wanted.retain(|wanted| now < wanted.until && !is_read(wanted));
    wanted
}

/// The pairs of one signal that are in.
pub(crate) struct Scored {
    pub(crate) pairs: Vec<PairReading>,
    /// In how many only the treated device couldn't be read ...
    treated_unread: u32,
    /// ... and in how many only its partner.
    control_unread: u32,
    /// Whether no other can come.
    pub(crate) all: bool,
}

/// A pair whose time has come.
enum Read {
    Both(PairReading),
    /// The treated device wasn't read on the candidate, though its partner was read.
    TreatedUnread,
    /// The other way round.
    ControlUnread,
}

impl Scored {
    pub(crate) fn of(
        rollout: &Rollout,
        sides: &[Sides<'_>],
        rule: &SoftSignal,
        readings: &Readings<'_>,
        now: Timestamp,
    ) -> Self {
        let mut scored = Self {
            pairs: Vec::new(),
            treated_unread: 0,
            control_unread: 0,
            all: true,
        };
        for pair in sides {
            match readings.pair(rollout, pair, rule, now) {
                PairState::Pending => scored.all = false,
                PairState::Lost => {}
                PairState::In(Read::Both(reading)) => scored.pairs.push(reading),
                PairState::In(Read::TreatedUnread) => scored.treated_unread += 1,
                PairState::In(Read::ControlUnread) => scored.control_unread += 1,
            }
        }
        scored
    }

    /// By how much each treated device is worse than the margin allows, at most [`RATIO_MAX`] either way.
    pub(crate) fn above(&self, rule: &SoftSignal) -> Vec<f64> {
        let margin = (1.0 + f64::from(rule.worse_by_at_most) / 100.0).ln();
        let most = RATIO_MAX.ln();
        let above = |pair: &PairReading| (pair.ratio() - margin).clamp(-most, most);
        self.pairs.iter().map(above).collect()
    }

    /// The chance that so many treated devices can't be read beside partners that can, if the release keeps none from it.
    pub(crate) fn chance_of_unread(&self) -> f64 {
        flips::chance_of_signs(self.treated_unread, self.control_unread)
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
            treated_unread: self.treated_unread,
            control_unread: self.control_unread,
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
    ) -> PairState<Read> {
        if pair.treated.progress.failure().is_some() || !pair.stand(rollout, now) {
            return PairState::Lost;
        }
        let Some(due) = pair.due(rule.horizon).filter(|due| *due <= now) else {
            return PairState::Pending;
        };
        let end = score::silent_at(rollout, due);
        let read = |device: &DeviceId| self.between(device, rule.name, due, end);
        let runs_it =
            matches!(&pair.treated.progress, Progress::Confirmed { at, .. } if *at <= due);
        let treated = read(&pair.treated.id).filter(|_| runs_it);
        match (treated, read(&pair.control.id)) {
            (Some(treated_milli), Some(control_milli)) => PairState::In(Read::Both(PairReading {
                treated: pair.treated.id.clone(),
                treated_milli,
                control: pair.control.id.clone(),
                control_milli,
            })),
            _ if now < end => PairState::Pending,
            (None, Some(_)) => PairState::In(Read::TreatedUnread),
            (Some(_), None) => PairState::In(Read::ControlUnread),
            (None, None) => PairState::Lost,
        }
    }
}
