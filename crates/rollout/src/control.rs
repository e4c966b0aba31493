//! Who is held back from a wave to be compared with it, device by device.
//!
//! When a wave opens, each of its devices gets a partner: one that has still to get the release, was heard of lately, and is of the same
//! hardware revision and, as far as there are any, in the same time zone. Partners are drawn by lot as the canary is, with a
//! purpose of their own in each wave, and are the members of later waves, which wait for this one's evidence anyway. So nobody waits
//! longer than the rest of its wave, and when this wave closes its pairs are let go. A pair has one clock: it starts when the treated device begins to install, and its
//! partner is read and listened for at the same instants. What strikes both, a storm or a server that is down, strikes both sides of the comparison.
//!
//! A partner from another zone is the second best: the tests take it that the two might have changed places, and two zones have their own weather
//! and their own hour of the night. Whom a zone must borrow is drawn by lot all the same, so that this blurs the comparison, and leans to no side as
//! long as the waves themselves were drawn by lot over all zones.
//!
//! The last wave has nobody to be compared with. Where the plan counts sites, a site gives one device to
//! each side. A plan without soft signals holds nobody back. Read [`Pair`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::DeviceId;
use serde::{Deserialize, Serialize};

use crate::excess::Silence;
use crate::looks::PAIRS_MIN;
use crate::progress::Progress;
use crate::rollout::Rollout;
use crate::sample::lot;
use crate::score::{self, Score};
use crate::soft::SoftComparison;
use crate::unit::{self, Sites};
use crate::view::{DeviceView, FleetView};
use crate::words::after;

/// A device of a wave and the one that is held back for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Is offered the release.
    pub treated: DeviceId,
    /// Isn't, until the comparison is over.
    pub control: DeviceId,
}

/// No more pairs are drawn than this for one wave: so many see a shift of a tenth of what the differences within pairs spread, and the
/// rollout, which keeps them, stays below some hundred kilobytes.
pub const PAIRS_MAX: usize = 1000;

/// Of so many units one may be missing: among pairs at the last look, and among those that were to get a partner. It is the share
/// that the plain bound of silence passes over, too.
pub(crate) const UNITS_FOR_ONE_SPARE: usize = 10;

/// What one wave is compared with, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controls {
    /// In the order of the sample; none once the wave is closed.
    pub pairs: Vec<Pair>,
    /// How many units were to have a partner, and found none of their hardware revision.
    #[serde(default)]
    pub alone: u32,
    /// One for each soft signal of the plan, once somebody hands readings.
    pub signals: Vec<SoftComparison>,
    /// Whether more treated devices fell silent than partners.
    pub silence: Silence,
}

impl Controls {
    /// Whether nobody is held back, nor was, nor ought to be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many pairs a last look waits for: all but those to spare, so that a device which is never reached doesn't hold up
    /// everybody; but no fewer than conclude something.
    pub(crate) fn planned(&self) -> u32 {
        let pairs = self.pairs.len();
        let spared = pairs - pairs / UNITS_FOR_ONE_SPARE;
        let planned = spared.max(pairs.min(PAIRS_MIN as usize));
        u32::try_from(planned).unwrap_or(u32::MAX)
    }
}

/// Draws the pairs of a wave that opens now.
pub(crate) fn draw(rollout: &Rollout, view: &FleetView, wave: usize, now: Timestamp) -> Controls {
    // Where nobody waits there is nobody to be compared with, and so nobody is missing.
    let waits = || view.devices.iter().any(|d| d.wave > wave);
    if rollout.rules.soft.is_empty() || !waits() {
        return Controls::default();
    }
    let held_back = view.devices.iter().filter(|d| d.wave > wave);
    let free = held_back.filter(|d| is_free(rollout, d, now)).collect();
    let mut partners = Partners::of(rollout, free, &format!("control {wave}"));
    let mut spoken = Sites::of(&rollout.rules);
    let (mut pairs, mut alone) = (Vec::new(), Vec::new());
    for treated in by_lot(rollout.seed, "sample", view.wave(wave).collect()) {
        if pairs.len() == PAIRS_MAX {
            break;
        }
        if spoken.has(treated.site.as_ref()) {
            continue;
        }
        let Some(control) = partners.take(treated) else {
            alone.push(treated);
            continue;
        };
        spoken.add(treated.site.as_ref());
        pairs.push(Pair {
            treated: treated.id.clone(),
            control: control.id.clone(),
        });
    }
    let alone = alone.into_iter().filter(|d| !spoken.has(d.site.as_ref()));
    Controls {
        alone: unit::count(&rollout.rules, alone),
        pairs,
        ..Controls::default()
    }
}

/// Whether a device has nothing of the candidate yet, runs something, and was heard of lately: one that fell silent months ago says nothing
/// about this week.
fn is_free(rollout: &Rollout, device: &DeviceView, now: Timestamp) -> bool {
    let is_heard = |seen| now < score::silent_at(rollout, seen);
    device.progress == Progress::Waiting
        && !device.runs_nothing()
        && runs_what_it_ran(rollout, device)
        && device.last_seen().is_some_and(is_heard)
}

/// Whether a device still runs the release with which it was enrolled. Where that isn't known, any but the candidate will do.
fn runs_what_it_ran(rollout: &Rollout, device: &DeviceView) -> bool {
    let same = device
        .before
        .as_deref()
        .is_none_or(|before| device.runs(*before));
    same && !device.runs(rollout.candidate.release)
}

fn by_lot<'v>(seed: u64, purpose: &str, mut devices: Vec<&'v DeviceView>) -> Vec<&'v DeviceView> {
    devices.sort_by_cached_key(|device| (lot(seed, purpose, &device.id), &device.id));
    devices
}

/// Those who may be held back, by hardware revision and zone, in order of chance.
struct Partners<'v> {
    strata: BTreeMap<&'v str, BTreeMap<&'v str, VecDeque<&'v DeviceView>>>,
}

impl<'v> Partners<'v> {
    fn of(rollout: &Rollout, free: Vec<&'v DeviceView>, purpose: &str) -> Self {
        let mut counted = Sites::of(&rollout.rules);
        let mut strata = BTreeMap::<_, BTreeMap<_, VecDeque<_>>>::new();
        for device in by_lot(rollout.seed, purpose, free) {
            if counted.add(device.site.as_ref()) {
                let zones = strata.entry(device.hardware.as_str()).or_default();
                let zone = zones.entry(device.zone.as_str()).or_default();
                zone.push_back(device);
            }
        }
        Self { strata }
    }

    /// The next of the same revision and zone; if there is none, of the zone that has most left.
    fn take(&mut self, treated: &DeviceView) -> Option<&'v DeviceView> {
        let zones = self.strata.get_mut(treated.hardware.as_str())?;
        let same = zones.get_mut(treated.zone.as_str());
        if let Some(control) = same.and_then(VecDeque::pop_front) {
            return Some(control);
        }
        zones
            .values_mut()
            .max_by_key(|zone| zone.len())?
            .pop_front()
    }
}

/// How far a pair has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PairState<T> {
    /// Its time hasn't come.
    Pending,
    /// It never will: one of the two dropped out.
    Lost,
    /// It is in.
    In(T),
}

/// A pair, with what is known of both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides<'v> {
    pub(crate) treated: &'v DeviceView,
    pub(crate) control: &'v DeviceView,
}

impl Sides<'_> {
    /// The instant at which both are judged, so long after the pair's clock started.
    pub(crate) fn due(&self, horizon: SignedDuration) -> Option<Timestamp> {
        Some(after(self.treated.progress.began()?, horizon))
    }

    /// Whether the treated device runs the candidate, or may come to, and its partner doesn't.
    pub(crate) fn stand(&self, rollout: &Rollout, now: Timestamp) -> bool {
        let score = score::score(rollout, self.treated, now);
        let dropped = matches!(score, Score::Unreached | Score::Refused | Score::Returned);
        !dropped && self.control_stands(rollout)
    }

    /// Whether its partner still runs what it ran.
    pub(crate) fn control_stands(&self, rollout: &Rollout) -> bool {
        self.control.progress.began().is_none() && runs_what_it_ran(rollout, self.control)
    }
}

/// The pairs of a wave, with what the view says of them; those that it doesn't hold are none.
pub(crate) fn sides<'v>(rollout: &Rollout, view: &'v FleetView, wave: usize) -> Vec<Sides<'v>> {
    let pairs = rollout.waves.get(wave).map(|state| &state.controls.pairs);
    let Some(pairs) = pairs.filter(|pairs| !pairs.is_empty()) else {
        return Vec::new();
    };
    // A fleet may be a thousand times larger than its pairs.
    let wanted: BTreeSet<_> = pairs
        .iter()
        .flat_map(|p| [&p.treated, &p.control])
        .collect();
    let paired = view.devices.iter().filter(|d| wanted.contains(&d.id));
    let devices: BTreeMap<_, _> = paired.map(|d| (&d.id, d)).collect();
    let of = |pair: &Pair| {
        Some(Sides {
            treated: devices.get(&pair.treated)?,
            control: devices.get(&pair.control)?,
        })
    };
    pairs.iter().filter_map(of).collect()
}
