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
//! | not worse: significantly within the margin, and no more treated devices unread than partners | at the last look | the next wave may open |
//! | neither | at the last look | a person is asked |
//!
//! One pair in ten is to spare: the last look comes when nine tenths of the pairs are in, so that a device which is never
//! reached doesn't hold up everybody, or when no further pair can come. Readings are handed in; this crate reads
//! nothing. Who hands none at all has no soft signals judged. Read [`SoftComparison`]; which readings are needed
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

/// A release isn't said to be no worse by fewer than this share of the planned pairs: what couldn't be read may be what it spoilt.
const READ_PERCENT_MIN: u32 = 75;

/// A finding shows so many of the worst pairs: enough to start looking, few enough for a sentence.
pub const WORST_MAX: usize = 3;

/// One soft signal of one wave beside the devices held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftComparison {
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
    /// In so many further pairs only the treated device couldn't be read on the candidate ...
    #[serde(default)]
    pub treated_unread: u32,
    /// ... and in so many only its partner.
    #[serde(default)]
    pub control_unread: u32,
    /// The worst pairs, the worst first, at most [`WORST_MAX`].
    pub worst: Vec<PairReading>,
}

/// Takes the looks that are due at the newest open wave.
pub(crate) fn observe(rollout: &mut Rollout, view: &FleetView, now: Timestamp) {
    let wave = rollout.current_wave();
    if !is_judged(rollout, view, wave) {
        return;
    }
    // Who has once been judged keeps its verdict: nothing is gathered for it again.
    let is_open = |rule: &SoftSignal| is_open(&rollout.waves[wave], rule.name);
    let rules: Vec<_> = rollout.rules.soft.iter().copied().filter(is_open).collect();
    if rules.is_empty() {
        return;
    }
    let readings = Readings::of(view, now);
    let pairs = sides(rollout, view, wave);
    let alphas = Alphas {
        worse: alpha_of_signal(&rollout.rules),
        not_worse: alpha(&rollout.rules),
    };
    for rule in rules {
        let scored = Scored::of(rollout, &pairs, &rule, &readings, now);
        let state = &mut rollout.waves[wave];
        let planned = state.controls.planned();
        comparison(state, rule.name).look(&rule, scored, planned, alphas, now);
    }
}

/// The one-sided levels of one signal's conclusions, as fractions.
#[derive(Debug, Clone, Copy)]
struct Alphas {
    /// That it is worse: the signal's share, spent look by look.
    worse: f64,
    /// That it isn't: the plan's alpha, at the last look.
    not_worse: f64,
}

/// Whether a signal of a wave has still to be judged.
pub(crate) fn is_open(state: &WaveState, signal: SignalName) -> bool {
    let judged = |c: &SoftComparison| c.signal == signal && c.verdict != SoftVerdict::Continue;
    !state.controls.signals.iter().any(judged)
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

fn comparison(state: &mut WaveState, signal: SignalName) -> &mut SoftComparison {
    let signals = &mut state.controls.signals;
    let found = signals.iter().position(|c| c.signal == signal);
    let n = found.unwrap_or_else(|| {
        signals.push(SoftComparison {
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

impl SoftComparison {
    fn look(
        &mut self,
        rule: &SoftSignal,
        scored: Scored,
        planned: u32,
        alphas: Alphas,
        now: Timestamp,
    ) {
        let pairs = u32::try_from(scored.pairs.len()).unwrap_or(u32::MAX);
        if self.verdict != SoftVerdict::Continue || !self.looks.take(pairs, planned, scored.all) {
            return;
        }
        self.verdict = self.judge(rule, &scored, pairs, planned, alphas);
        self.decided_at = (self.verdict != SoftVerdict::Continue).then_some(now);
        self.found = scored.found(rule);
    }

    fn judge(
        &self,
        rule: &SoftSignal,
        scored: &Scored,
        pairs: u32,
        planned: u32,
        alphas: Alphas,
    ) -> SoftVerdict {
        let above = scored.above(rule);
        let below: Vec<f64> = above.iter().map(|difference| -difference).collect();
        let enough = pairs >= PAIRS_MIN;
        // In 64 bits: a hundred times a count of devices may not fit into 32.
        let read = u64::from(pairs) * 100 >= u64::from(planned) * u64::from(READ_PERCENT_MIN);
        let is_whole = || read && scored.chance_of_unread() > alphas.not_worse;
        match self.looks.ended {
            _ if enough && flips::chance(&above) <= self.looks.level(alphas.worse, planned) => {
                SoftVerdict::Worse
            }
            false => SoftVerdict::Continue,
            true if enough && is_whole() && flips::chance(&below) <= alphas.not_worse => {
                SoftVerdict::NotWorse
            }
            true => SoftVerdict::Unclear,
        }
    }
}

/// The first signal of the newest open wave that was found to be worse.
pub(crate) fn worse(rollout: &Rollout) -> Option<(usize, &SoftComparison)> {
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
    let state = rollout.waves.get(wave)?;
    let begun = |rule: &&SoftSignal| state.controls.signals.iter().any(|c| c.signal == rule.name);
    let open = |rule: &&SoftSignal| begun(rule) && is_open(state, rule.name);
    if !rollout.rules.soft.iter().any(|rule| open(&rule)) {
        return None;
    }
    let readings = Readings::of(view, now);
    let pairs = sides(rollout, view, wave);
    let scored = |rule| {
        Scored::of(rollout, &pairs, rule, &readings, now)
            .pairs
            .len()
    };
    let fewest = rollout.rules.soft.iter().filter(open).map(scored).min()?;
    Some((
        u32::try_from(fewest).unwrap_or(u32::MAX),
        state.controls.planned(),
    ))
}
