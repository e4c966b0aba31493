//! Silence as excess over the devices held back: did the release silence anybody, or was it the weather?
//!
//! Each pair is listened for at one instant, when its treated device is judged. Pairs in which both spoke, or both are silent, say
//! nothing about the release. Of those in which exactly one fell silent, half should be treated ones: an exact sign
//! test, looked at as `looks.rs` says. What it finds becomes a question to a person, with the devices that fell silent. It
//! never halts, for silence isn't failure; and it never makes a silent device healthy, which `score.rs` sees to.
//!
//! Where the pairs don't speak for the whole wave, the plain bound of `question.rs` holds too. Read [`Silence`].

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use serde::{Deserialize, Serialize};

use crate::control::{PAIRS_MAX, PairState, Sides, sides};
use crate::flips;
use crate::looks::{Looks, PAIRS_MIN, alpha_of_wave};
use crate::rollout::Rollout;
use crate::score::{self, Score, Tally};
use crate::view::FleetView;
use crate::wave::WaveState;

/// A question names this many silent devices; the page of the rollout has all.
pub const NAMED_MAX: usize = 5;

/// What the looks at a wave's silence have found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The looks that were taken, until one found something.
    pub looks: Looks,
    /// Whether one did.
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
        let signs = |count: u32, sign: f64| vec![sign; count as usize];
        flips::chance(&[signs(self.treated, 1.0), signs(self.controls, -1.0)].concat())
    }
}

/// Whether the treated device fell silent, and whether its partner did.
fn silent(rollout: &Rollout, pair: &Sides<'_>, now: Timestamp) -> PairState<(bool, bool)> {
    if !pair.stand(rollout, now) {
        return PairState::Lost;
    }
    let Some(due) = pair.due(rollout.rules.install.horizon) else {
        return PairState::Pending;
    };
    if now < score::silent_at(rollout, due) {
        return PairState::Pending;
    }
    let treated = score::score(rollout, pair.treated, now) == Score::Silent;
    let control = pair.control.last_seen.is_none_or(|seen| seen < due);
    PairState::In((treated, control))
}

/// Whether a wave has pairs enough to find anything.
fn is_judged(state: &WaveState) -> bool {
    planned(state) >= PAIRS_MIN
}

/// Of so many units of a wave one may stand without a partner: as many as the plain bound lets be silent.
const UNITS_FOR_ONE_ALONE: u32 = 10;

/// Whether the pairs speak for the whole wave: for nearly everybody in it, or for as many by lot as are ever compared. Where a
/// hardware revision had no partners left, they don't.
pub(crate) fn covers(state: &WaveState, tally: &Tally) -> bool {
    let pairs = planned(state);
    let alone = tally.units.saturating_sub(pairs);
    is_judged(state) && (pairs as usize >= PAIRS_MAX || alone <= tally.units / UNITS_FOR_ONE_ALONE)
}

fn planned(state: &WaveState) -> u32 {
    u32::try_from(state.controls.pairs.len()).unwrap_or(u32::MAX)
}

/// Takes the look that is due at the newest open wave.
pub(crate) fn observe(rollout: &mut Rollout, view: &FleetView, now: Timestamp) {
    let wave = rollout.current_wave();
    let open = |state: &&WaveState| {
        let silence = &state.controls.silence;
        is_judged(state) && !silence.is_excess && !silence.looks.ended
    };
    if rollout.waves.get(wave).filter(open).is_none() {
        return;
    }
    let (found, all) = Silences::of(rollout, view, wave, now);
    let alpha = alpha_of_wave(&rollout.rules);
    let state = &mut rollout.waves[wave];
    let planned = planned(state);
    let silence = &mut state.controls.silence;
    if silence.looks.take(found.pairs, planned, all) {
        silence.is_excess = is_excess(&silence.looks, &found, alpha, planned);
    }
}

fn is_excess(looks: &Looks, found: &Silences, alpha: f64, planned: u32) -> bool {
    found.pairs >= PAIRS_MIN && found.chance() <= looks.level(alpha, planned)
}

/// The excess of the newest open wave, if a look found one and it still stands: devices may have spoken up since.
pub(crate) fn standing(rollout: &Rollout, view: &FleetView, now: Timestamp) -> Option<Silences> {
    let wave = rollout.current_wave();
    let state = rollout.waves.get(wave)?;
    let silence = &state.controls.silence;
    if !silence.is_excess {
        return None;
    }
    let (found, _) = Silences::of(rollout, view, wave, now);
    let alpha = alpha_of_wave(&rollout.rules);
    is_excess(&silence.looks, &found, alpha, planned(state)).then_some(found)
}
