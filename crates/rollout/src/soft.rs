//! Soft signals: is the release worse than what the devices held back run, by more than the plan allows?
//!
//! A pair is scored when both its devices have been read at the signal's horizon, on one clock. Its difference is
//!
//! > ln((treated + 1) / (control + 1)) - ln(1 + margin), in the signal's units
//!
//! positive where the treated device is worse by more than the margin. **Why this one.** A margin in percent is a ratio, and ratios add up
//! as logarithms. They also tame what such readings do: a log storm of ten thousand lines weighs eight times as
//! much as one of two, not five thousand times, and still weighs more than a quiet device's small change, so that harm to a few devices isn't
//! outvoted as by a count of signs. One unit is added because most readings are small or nought: two quiet devices count as equal, and the step from
//! none to one is a step, not an infinite one. Whether the differences lie above nought is asked by the exact sign-flip test of `flips.rs`,
//! which knows neither the readings' shape nor a smallest sample; here fewer than [`PAIRS_MIN`] pairs conclude nothing all the same.
//!
//! | found | when | then |
//! |---|---|---|
//! | worse | at any look, within the signal's share of alpha | the rollout halts |
//! | not worse: significantly within the margin | at the last look | the next wave may open |
//! | neither | at the last look | a person is asked |
//!
//! One pair in ten is to spare: the last look comes when nine tenths of the pairs are in, so that a device which is never
//! reached doesn't hold up everybody, or when no further pair can come. Readings are handed in; this crate reads
//! nothing. Who hands none at all has no soft signals judged. Read [`Comparison`]; which readings are needed
//! stands in `readings.rs`.

use jiff::Timestamp;
use mainstay_plan::{SignalName, SoftSignal};
use serde::{Deserialize, Serialize};

use crate::control::sides;
use crate::flips;
use crate::looks::{Looks, PAIRS_MIN, alpha, alpha_of_signal};
use crate::question::Question;
use crate::readings::{PairReading, Readings, Scored};
use crate::rollout::Rollout;
use crate::view::FleetView;
use crate::wave::WaveState;

/// Of so many pairs one may be missing at the last look.
const PAIRS_FOR_ONE_SPARE: usize = 10;

/// A finding shows so many of the worst pairs: enough to start looking, few enough for a sentence.
pub const WORST_MAX: usize = 3;

/// One soft signal of one wave beside the devices held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The signal.
    pub signal: SignalName,
    /// The looks that were taken.
    pub looks: Looks,
    /// What they found; sticky once it isn't `Continue`.
    pub verdict: SoftVerdict,
    /// When the verdict fell.
    pub decided_at: Option<Timestamp>,
    /// What was seen at the newest look.
    pub found: Found,
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SoftVerdict {
    /// Pairs are still to come.
    #[default]
    Continue,
    /// Worse by more than the margin.
    Worse,
    /// Not worse by more than the margin.
    NotWorse,
    /// The last look could tell neither.
    Unclear,
}

/// What is seen of one signal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Over so many pairs.
    pub pairs: u32,
    /// By how many percent treated devices are worse than their partners, as the geometric mean of ratios, one unit added to
    /// each reading; below zero: better.
    pub worse_by_percent: i32,
    /// The plan's margin, in percent.
    pub margin_percent: u16,
    /// The worst pairs, the worst first, at most [`WORST_MAX`].
    pub worst: Vec<PairReading>,
}

/// Takes the looks that are due at the newest open wave.
pub(crate) fn observe(rollout: &mut Rollout, view: &FleetView, now: Timestamp) {
    let wave = rollout.current_wave();
    if !is_judged(rollout, view, wave) {
        return;
    }
    let readings = Readings::of(view, now);
    let pairs = sides(rollout, view, wave);
    for n in 0..rollout.rules.soft.len() {
        let rule = rollout.rules.soft[n];
        let scored = Scored::of(rollout, &pairs, &rule, &readings, now);
        let alphas = (alpha_of_signal(&rollout.rules), alpha(&rollout.rules));
        let state = &mut rollout.waves[wave];
        let planned = planned(state);
        comparison(state, rule.name).look(&rule, scored, planned, alphas, now);
    }
}

/// Whether the soft signals of a wave are judged: once they are, they are to the end, also if no more readings are handed.
fn is_judged(rollout: &Rollout, view: &FleetView, wave: usize) -> bool {
    let begun = |state: &WaveState| !state.controls.signals.is_empty();
    let begun = rollout.waves.get(wave).is_some_and(begun);
    holds_back(rollout, wave) && (begun || view.readings.is_some())
}

/// Whether this is a wave that others wait for, under a plan with soft signals.
fn holds_back(rollout: &Rollout, wave: usize) -> bool {
    let later = rollout.waves.iter().skip(wave + 1);
    let waiting: u32 = later.map(|state| state.members).sum();
    let open = |state: &WaveState| state.opened_at.is_some() && state.members > 0;
    !rollout.rules.soft.is_empty() && waiting > 0 && rollout.waves.get(wave).is_some_and(open)
}

fn planned(state: &WaveState) -> u32 {
    let pairs = state.controls.pairs.len();
    u32::try_from(pairs - pairs / PAIRS_FOR_ONE_SPARE).unwrap_or(u32::MAX)
}

fn comparison(state: &mut WaveState, signal: SignalName) -> &mut Comparison {
    let signals = &mut state.controls.signals;
    let found = signals.iter().position(|c| c.signal == signal);
    let n = found.unwrap_or_else(|| {
        signals.push(Comparison {
            signal,
            looks: Looks::default(),
            verdict: SoftVerdict::Continue,
            decided_at: None,
            found: Found::default(),
        });
        signals.len() - 1
    });
    &mut signals[n]
}

impl Comparison {
    fn look(
        &mut self,
        rule: &SoftSignal,
        scored: Scored,
        planned: u32,
        (share, whole): (f64, f64),
        now: Timestamp,
    ) {
        let pairs = u32::try_from(scored.pairs.len()).unwrap_or(u32::MAX);
        if self.verdict != SoftVerdict::Continue || !self.looks.take(pairs, planned, scored.all) {
            return;
        }
        self.verdict = self.judge(rule, &scored, pairs, planned, (share, whole));
        self.decided_at = (self.verdict != SoftVerdict::Continue).then_some(now);
        self.found = scored.found(rule);
    }

    fn judge(
        &self,
        rule: &SoftSignal,
        scored: &Scored,
        pairs: u32,
        planned: u32,
        (share, whole): (f64, f64),
    ) -> SoftVerdict {
        let above = scored.above(rule);
        let below: Vec<f64> = above.iter().map(|difference| -difference).collect();
        let enough = pairs >= PAIRS_MIN;
        match self.looks.ended {
            _ if enough && flips::chance(&above) <= self.looks.level(share, planned) => {
                SoftVerdict::Worse
            }
            false => SoftVerdict::Continue,
            true if enough && flips::chance(&below) <= whole => SoftVerdict::NotWorse,
            true => SoftVerdict::Unclear,
        }
    }
}

/// The first signal of the newest open wave that was found to be worse.
pub(crate) fn worse(rollout: &Rollout) -> Option<(usize, &Comparison)> {
    let waves = rollout.waves.iter().enumerate();
    let mut signals =
        waves.flat_map(|(n, state)| state.controls.signals.iter().map(move |c| (n, c)));
    signals.find(|(_, c)| c.verdict == SoftVerdict::Worse)
}

/// Whether the soft signals of a wave let the next one open.
pub(crate) fn lets_on(state: &WaveState) -> bool {
    let signals = &state.controls.signals;
    let answered = || {
        let unclear = |q: &Question| matches!(q, Question::SoftUnclear { .. });
        state.answers.iter().any(|answer| unclear(&answer.question))
    };
    match signals.iter().all(|c| c.verdict == SoftVerdict::NotWorse) {
        true => true,
        false => !signals.iter().any(|c| c.verdict == SoftVerdict::Continue) && answered(),
    }
}

/// What the last looks at a wave couldn't tell; none before all of them are over.
pub(crate) fn unclear(state: &WaveState) -> Vec<(SignalName, Found)> {
    let signals = &state.controls.signals;
    if lets_on(state) || signals.iter().any(|c| c.verdict == SoftVerdict::Continue) {
        return Vec::new();
    }
    let unclear = signals.iter().filter(|c| c.verdict == SoftVerdict::Unclear);
    unclear.map(|c| (c.signal, c.found.clone())).collect()
}

/// Of the comparison of `wave` that has furthest to go: how many pairs are in, and how many are planned. None if all
/// are over, or none is needed.
pub(crate) fn missing(
    rollout: &Rollout,
    view: &FleetView,
    wave: usize,
    now: Timestamp,
) -> Option<(u32, u32)> {
    let readings = Readings::of(view, now);
    let state = rollout.waves.get(wave)?;
    let pairs = sides(rollout, view, wave);
    let open = |rule: &&SoftSignal| {
        let of = |c: &Comparison| c.signal == rule.name && c.verdict == SoftVerdict::Continue;
        state.controls.signals.iter().any(of)
    };
    let scored = |rule| {
        Scored::of(rollout, &pairs, rule, &readings, now)
            .pairs
            .len()
    };
    let fewest = rollout.rules.soft.iter().filter(open).map(scored).min()?;
    Some((u32::try_from(fewest).unwrap_or(u32::MAX), planned(state)))
}
