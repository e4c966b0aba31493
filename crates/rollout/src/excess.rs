//! Silence as excess over the devices held back: did the release silence anybody, or was it the weather?
//!
//! Each pair is listened for at one instant, when its treated device is judged. The treated device was alive when the pair's clock started, for it began then.
//! So its partner must have been: one that wasn't heard of for [`SILENT_POLLS`] polls before is no partner any more. Pairs in which both
//! spoke, or both are silent, say nothing about the release. Of those in which exactly one fell silent, half should be treated ones: an
//! exact sign test, looked at as `looks.rs` says. What it finds becomes a question to a person, with the devices that fell silent. It
//! never halts, for silence isn't failure; and it never makes a silent device healthy, which `score.rs` sees to.
//!
//! Where the pairs don't speak for the whole wave, the plain bound of `question.rs` holds in their place; and everywhere
//! for devices that speak and never finish, which no pair tells of. Read [`Silence`].

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use serde::{Deserialize, Serialize};

use crate::control::{PairState, Sides, UNITS_FOR_ONE_SPARE, sides};
use crate::flips;
use crate::looks::{Looks, PAIRS_MIN, alpha_of_silence};
use crate::rollout::Rollout;
use crate::score::{self, SILENT_POLLS};
use crate::view::{DeviceView, FleetView};
use crate::wave::WaveState;
use crate::words::after;

/// A question names this many silent devices: enough to start looking, few enough for a sentence.
pub const NAMED_MAX: usize = 5;

/// What the looks at a wave's silence have found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The looks that were taken.
    pub looks: Looks,
    /// Whether one found something. Whether that still stands is asked at each step.
    pub is_excess: bool,
}

/// The pairs of a wave, by who fell silent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silences {
    /// Pairs of which both could be listened for.
    pub pairs: u32,
    /// Only the treated device fell silent.
    pub treated: u32,
    /// Only its partner did.
    pub controls: u32,
    /// The first of the treated devices, at most [`NAMED_MAX`].
    pub devices: Vec<DeviceId>,
}

impl Silences {
    /// Counts the pairs of `wave`; and whether no further one can come.
    fn of(rollout: &Rollout, view: &FleetView, wave: usize, now: Timestamp) -> (Self, bool) {
        let (mut found, mut all) = (Self::default(), true);
        for pair in sides(rollout, view, wave) {
            match silent(rollout, &pair, now) {
                PairState::Pending => all = false,
                PairState::Lost => {}
                PairState::In(silent) => found.count(&pair, silent),
            }
        }
        (found, all)
    }

    fn count(&mut self, pair: &Sides<'_>, silent: (bool, bool)) {
        self.pairs += 1;
        match silent {
            (true, false) => self.treated += 1,
            (false, true) => self.controls += 1,
            _ => {}
        }
        if silent == (true, false) && self.devices.len() < NAMED_MAX {
            self.devices.push(pair.treated.id.clone());
        }
    }

    /// The chance of so many treated ones, if the release silenced nobody.
    fn chance(&self) -> f64 {
        flips::chance_of_signs(self.treated, self.controls)
    }
}

/// Whether the treated device fell silent, and whether its partner did.
fn silent(rollout: &Rollout, pair: &Sides<'_>, now: Timestamp) -> PairState<(bool, bool)> {
    if !pair.stand(rollout, now) {
        return PairState::Lost;
    }
    let Some(began) = pair.treated.progress.began() else {
        return PairState::Pending;
    };
    let due = after(began, rollout.rules.install.horizon);
    if now < score::silent_at(rollout, due) {
        return PairState::Pending;
    }
    let alive_from = after(began, rollout.rules.poll.saturating_mul(-SILENT_POLLS));
    if pair
        .control
        .last_seen()
        .is_none_or(|seen| seen < alive_from)
    {
        return PairState::Lost;
    }
    // One that speaks and doesn't confirm isn't silent, on either side.
    let is_silent = |device: &DeviceView| device.last_seen().is_none_or(|seen| seen < due);
    PairState::In((is_silent(pair.treated), is_silent(pair.control)))
}

/// Whether a wave has pairs enough to find anything.
fn is_judged(state: &WaveState) -> bool {
    state.controls.pairs.len() >= PAIRS_MIN as usize
}

/// Whether the pairs speak for the whole wave: for nearly everybody in it, or for nearly everybody of as many by lot as are ever
/// compared. Where a hardware revision had no partners left, they don't, however many pairs there are.
pub(crate) fn covers(state: &WaveState) -> bool {
    let alone = state.controls.alone as usize;
    let asked = state.controls.pairs.len() + alone;
    is_judged(state) && alone <= asked / UNITS_FOR_ONE_SPARE
}

/// Whether the silence of a wave lets the next one open: where it is judged, once all looks were taken or one found something, for which a
/// person has answered then.
pub(crate) fn lets_on(state: &WaveState) -> bool {
    let silence = &state.controls.silence;
    !is_judged(state) || silence.looks.ended || silence.is_excess
}

/// How many pairs of `wave` have been listened for, and how many are planned. None if nobody waits for them.
pub(crate) fn missing(
    rollout: &Rollout,
    view: &FleetView,
    wave: usize,
    now: Timestamp,
) -> Option<(u32, u32)> {
    let state = rollout.waves.get(wave).filter(|state| !lets_on(state))?;
    let (found, _) = Silences::of(rollout, view, wave, now);
    Some((found.pairs, state.controls.planned()))
}

/// Takes the look that is due at the newest open wave.
pub(crate) fn observe(rollout: &mut Rollout, view: &FleetView, now: Timestamp) {
    let wave = rollout.current_wave();
    let open = |state: &&WaveState| is_judged(state) && !state.controls.silence.looks.ended;
    if rollout.waves.get(wave).filter(open).is_none() {
        return;
    }
    let (found, all) = Silences::of(rollout, view, wave, now);
    let alpha = alpha_of_silence(&rollout.rules);
    let state = &mut rollout.waves[wave];
    let planned = state.controls.planned();
    let silence = &mut state.controls.silence;
    if silence.looks.take(found.pairs, planned, all) {
        silence.is_excess |= is_excess(&silence.looks, &found, alpha, planned);
    }
}

fn is_excess(looks: &Looks, found: &Silences, alpha: f64, planned: u32) -> bool {
    found.pairs >= PAIRS_MIN && found.chance() <= looks.level(alpha, planned)
}

/// The excess of the newest open wave, if a look found one and it still stands by the level of the newest look: devices may have
/// spoken up since, and more pairs have come in.
pub(crate) fn standing(rollout: &Rollout, view: &FleetView, now: Timestamp) -> Option<Silences> {
    let wave = rollout.current_wave();
    let state = rollout.waves.get(wave)?;
    let silence = &state.controls.silence;
    if !silence.is_excess {
        return None;
    }
    let (found, _) = Silences::of(rollout, view, wave, now);
    let alpha = alpha_of_silence(&rollout.rules);
    is_excess(&silence.looks, &found, alpha, state.controls.planned()).then_some(found)
}
