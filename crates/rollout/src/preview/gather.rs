//! Gathers what is told from what was lived through. Read [`gather`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_plan as plan;

use super::assumed;
use super::course::{End, Lived};
use super::left_out::{Reasons, not_drawn};
use super::outcome::{Catch, Peak, Preview, WavePreview, ZonePreview};
use super::spans::instant;
use super::{LeftOut, Premise};
use crate::chances;
use crate::progress::Progress;
use crate::rollout::{Phase, Rollout};
use crate::score;
use crate::unit;
use crate::view::DeviceView;

/// Multiples of the rate that must be noticed, which a preview tells of beside that and the expected one.
const TIMES_HALT: [f64; 3] = [1.0, 2.0, 5.0];

/// What is told of a life.
pub(super) fn gather(premise: &Premise<'_>, lived: Lived) -> Preview {
    let Lived { rollout, view, .. } = &lived;
    let candidate = &premise.candidate;
    Preview {
        release: format!("{}@{}", candidate.class, candidate.version),
        starts: premise.now,
        ends: match rollout.phase {
            Phase::Complete { at } => Some(at),
            _ => None,
        },
        enrolled: u32::try_from(view.devices.len()).unwrap_or(u32::MAX),
        waves: waves(&lived),
        unreached: unreached(&lived),
        not_followed: not_followed(&lived),
        in_the_way: Vec::new(),
        not_eligible: not_drawn(premise, view),
        peak: peak(premise, &lived),
        catches: catches(premise, &lived),
        assumptions: assumed::assumptions(premise, &lived),
    }
}

/// By wave and zone.
type Zones<'v> = BTreeMap<(usize, &'v str), ZonePreview>;

fn waves(lived: &Lived) -> Vec<WavePreview> {
    let mut zones = Zones::new();
    for device in &lived.view.devices {
        let zone = zones
            .entry((device.wave, device.zone.as_str()))
            .or_insert_with(|| empty(&device.zone));
        count(
            zone,
            device,
            is_unreached(&lived.end, &lived.rollout, device),
        );
    }
    let mut waves: Vec<_> = (0..lived.rollout.waves.len())
        .map(|index| wave(lived, index))
        .collect();
    for ((index, _), zone) in zones {
        if let Some(wave) = waves.get_mut(index) {
            wave.unreached += zone.unreached;
            wave.zones.push(zone);
        }
    }
    waves
}

fn wave(lived: &Lived, index: usize) -> WavePreview {
    let state = &lived.rollout.waves[index];
    let is_last = index + 1 == lived.rollout.waves.len();
    WavePreview {
        name: match state.wave {
            plan::Wave::Canary => "canary".to_owned(),
            plan::Wave::Percent(share) => format!("{share} %"),
        },
        devices: state.members,
        unreached: 0,
        starts: state.opened_at,
        passes: state
            .passed
            .as_ref()
            .filter(|_| !is_last)
            .map(|passed| passed.at),
        ends: state.closed_at,
        asks: lived.asked.get(index).cloned().flatten(),
        zones: Vec::new(),
    }
}

fn empty(zone: &str) -> ZonePreview {
    ZonePreview {
        zone: zone.to_owned(),
        devices: 0,
        unreached: 0,
        first: None,
        last: None,
    }
}

fn count(zone: &mut ZonePreview, device: &DeviceView, is_unreached: bool) {
    let earliest = |a: Option<Timestamp>, b: Timestamp| Some(a.map_or(b, |a| a.min(b)));
    zone.devices += 1;
    zone.unreached += u32::from(is_unreached);
    if let Some(began) = device.progress.began() {
        zone.first = earliest(zone.first, began);
    }
    if let Progress::Confirmed { at, .. } = device.progress {
        zone.last = zone.last.max(Some(at));
    }
}

fn unreached(lived: &Lived) -> Vec<LeftOut> {
    let mut reasons = Reasons::default();
    for (device, member) in lived.view.devices.iter().zip(&lived.members) {
        if is_unreached(&lived.end, &lived.rollout, device) {
            reasons.count(&device.id, member.held_up);
        }
    }
    reasons.list()
}

/// Whether a device hasn't begun, and won't. Where the life was cut short, only its wave's patience tells.
fn is_unreached(end: &End, rollout: &Rollout, device: &DeviceView) -> bool {
    let is_for_good = match end {
        End::Over | End::Still(_) => true,
        End::CutShort(at) => score::unreached_at(rollout, device.wave).is_some_and(|by| by <= *at),
    };
    is_for_good && device.progress.began().is_none()
}

/// Devices that might have begun, had their lives been followed further.
fn not_followed(lived: &Lived) -> u32 {
    let open = lived.view.devices.iter().filter(|device| {
        let waits = device.progress.began().is_none();
        waits && !is_unreached(&lived.end, &lived.rollout, device)
    });
    u32::try_from(open.count()).unwrap_or(u32::MAX)
}

fn peak(premise: &Premise<'_>, lived: &Lived) -> Peak {
    let (downloads, at_ms) = lived.flow.most();
    let downloads = u32::try_from(downloads).unwrap_or(u32::MAX);
    let each = premise.pace.bytes_per_second.max(1);
    Peak {
        downloads,
        bytes_per_second: each.saturating_mul(u64::from(downloads)),
        at: at_ms.map(instant),
        limit_bytes_per_second: premise.rules.limits.bytes_per_second,
    }
}

/// Of as many units as the first wave reaches. The test has the share of alpha that it has in the rollout, whose soft signals aren't
/// lived through.
fn catches(premise: &Premise<'_>, lived: &Lived) -> Vec<Catch> {
    let (rollout, rule) = (&lived.rollout, &lived.rollout.rules.install);
    let reached = lived
        .view
        .wave(0)
        .filter(|device| device.progress.began().is_some());
    let units = unit::count(&rollout.rules, reached);
    let is_last = rollout.waves.len() == 1;
    let catch = |rate: f64| {
        let mut chances = chances::of_wave(premise.rules.test(), rate, units);
        if is_last {
            // No wave comes after it for which ground would be needed: where others ask, it is complete.
            chances.goes_on += std::mem::take(&mut chances.asks);
        }
        Catch::new(rate, rule.unit, &chances)
    };
    rates(rollout).into_iter().map(catch).collect()
}

/// From the rate that is expected to several times the one that must be noticed, in percent; to three places, so that
/// what is read is what was reckoned with.
fn rates(rollout: &Rollout) -> Vec<f64> {
    let rule = &rollout.rules.install;
    let between = f64::midpoint(rule.expect, rule.halt);
    let bad = TIMES_HALT.map(|times| times * rule.halt);
    let mut rates: Vec<_> = [rule.expect, between].into_iter().chain(bad).collect();
    for rate in &mut rates {
        *rate = (*rate * 1000.0).round() / 1000.0;
    }
    rates.retain(|rate| *rate <= 100.0);
    rates
}
