//! What only a person may decide.
//!
//! A question holds promotion, never the open waves: their members still get the candidate, and
//! the monitors still watch. It closes by itself when its cause goes away (silent devices that
//! speak up), or by an [`answer`]. A pause keeps none from being asked but the last, whether the next wave may open. Read [`Question`].

use jiff::Timestamp;
use mainstay_plan::SignalName;
use serde::{Deserialize, Serialize};

use crate::excess::{self, Silences};
use crate::rollout::{Phase, Rollout};
use crate::score::Tally;
use crate::soft::{self, Found};
use crate::sprt::Sprt;
use crate::step::Action;
use crate::view::FleetView;
use crate::wave::{self, Grounds, Passed, WaveState};

/// What a rollout asks a person before it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "kebab-case")]
pub enum Question {
    /// Too many devices fell silent after they began: neither healthy nor known to have failed.
    Silence {
        /// In which wave, from 0.
        wave: usize,
        /// So many silent ...
        silent: u32,
        /// ... of so many that can be reached: the members without unreached and refusing ones.
        reachable: u32,
    },
    /// More devices fell silent than of those held back for them.
    SilenceExcess {
        /// In which wave, from 0.
        wave: usize,
        /// The pairs, by who fell silent.
        silences: Silences,
    },
    /// The last look at the soft signals couldn't tell whether some of them are worse.
    SoftUnclear {
        /// In which wave, from 0.
        wave: usize,
        /// Which, and what was seen of them.
        signals: Vec<(SignalName, Found)>,
    },
    /// Every member is settled, and the test could neither accept nor reject.
    Undecided {
        /// In which wave, from 0.
        wave: usize,
        /// So many scored ...
        scored: u32,
        /// ... of which so many failed.
        failures: u32,
        /// So many healthy devices, and no failure, would have been accepted; none if the declared
        /// rates make no test.
        needed: Option<u32>,
    },
    /// Nothing speaks against the next wave, and it is a person who opens it.
    Promotion {
        /// After which wave, from 0.
        wave: usize,
        /// So many of its members are healthy, ...
        healthy: u32,
        /// ... so many failed, ...
        failed: u32,
        /// ... and so many are neither: silent, unreached, refusing, or still to be judged.
        others: u32,
    },
}

/// That a person answered: go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What was asked, with the numbers of that moment.
    pub question: Question,
    /// Who answered.
    pub who: String,
    /// In their words.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// An answer without a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rollout asks nothing")]
pub struct NothingAsked;

impl NothingAsked {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        "rollout.nothing-asked"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        "look at the rollout again: it may have gone on by itself"
    }
}

/// A wave whose members aren't (nearly) all compared with devices held back asks when more than this share of its reachable
/// members is silent; any other, when so many speak and never finish. It is a first bound, wide enough for an ordinary evening of bad connections and narrow enough that a fault which
/// silences a tenth of the fleet is seen by a person before the next wave.
pub const SILENT_SHARE_PERCENT_MAX: u32 = 10;

/// After an answer about silence the same wave asks again only when so many times as many devices
/// are silent: once more for news, not for each device.
const ASK_AGAIN_AT: u32 = 2;

impl Question {
    /// The wave it is about, from 0.
    #[must_use]
    pub fn wave(&self) -> usize {
        match self {
            Self::Silence { wave, .. }
            | Self::SilenceExcess { wave, .. }
            | Self::SoftUnclear { wave, .. }
            | Self::Undecided { wave, .. }
            | Self::Promotion { wave, .. } => *wave,
        }
    }

    /// The stable id of its kind.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Silence { .. } => "rollout.silence",
            Self::SilenceExcess { .. } => "rollout.silence-excess",
            Self::SoftUnclear { .. } => "rollout.soft-unclear",
            Self::Undecided { .. } => "rollout.undecided",
            Self::Promotion { .. } => "rollout.promotion",
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.id() == other.id() && self.wave() == other.wave()
    }
}

/// The question that the newest open wave raises now.
pub(crate) fn raised(
    rollout: &Rollout,
    view: &FleetView,
    tally: &Tally,
    now: Timestamp,
) -> Option<Question> {
    let wave = rollout.current_wave();
    let state = rollout.waves.get(wave)?;
    // Whoever speaks and never finishes is no excess of silence, and is asked about in any case.
    let silent = match excess::covers(state) {
        true => tally.unfinished,
        false => tally.silent,
    };
    let plain = || silence(wave, state, tally, silent);
    silence_excess(rollout, view, now)
        .or_else(plain)
        .or_else(|| undecided(rollout, wave, state, tally))
        .or_else(|| soft_unclear(wave, state))
        .or_else(|| promotion(rollout, wave, tally, now))
}

fn silence_excess(rollout: &Rollout, view: &FleetView, now: Timestamp) -> Option<Question> {
    let wave = rollout.current_wave();
    let silences = excess::standing(rollout, view, now)?;
    let news = is_news(silences.treated, rollout.waves.get(wave)?);
    news.then_some(Question::SilenceExcess { wave, silences })
}

/// Asked once the hard failures let the wave pass: one question after the other.
fn soft_unclear(wave: usize, state: &WaveState) -> Option<Question> {
    let signals = soft::unclear(state);
    let asks = state.passed.is_some() && !signals.is_empty();
    asks.then_some(Question::SoftUnclear { wave, signals })
}

fn silence(wave: usize, state: &WaveState, tally: &Tally, silent: u32) -> Option<Question> {
    let lost = tally.unreached + tally.refused;
    let reachable = tally.members.saturating_sub(lost);
    let allowed = u64::from(reachable) * u64::from(SILENT_SHARE_PERCENT_MAX);
    let too_many = u64::from(silent) * 100 > allowed;
    (too_many && is_news(silent, state)).then_some(Question::Silence {
        wave,
        silent,
        reachable,
    })
}

/// Whether so many silent devices haven't been answered for.
fn is_news(silent: u32, state: &WaveState) -> bool {
    let counts = state.answers.iter().map(|answer| match &answer.question {
        Question::Silence { silent, .. } => *silent,
        Question::SilenceExcess { silences, .. } => silences.treated,
        Question::SoftUnclear { .. } | Question::Undecided { .. } | Question::Promotion { .. } => 0,
    });
    let answered = counts.max().unwrap_or(0);
    silent >= answered.saturating_mul(ASK_AGAIN_AT).max(1)
}

fn undecided(rollout: &Rollout, wave: usize, state: &WaveState, tally: &Tally) -> Option<Question> {
    let open_end = state.passed.is_none() && tally.is_settled() && !wave::is_last(rollout, wave);
    open_end.then(|| Question::Undecided {
        wave,
        scored: state.monitor.scored,
        failures: state.monitor.failures,
        needed: Sprt::of(rollout.rules.test()).healthy_needed(),
    })
}

/// Asked last, when nothing else holds the next wave, and once: whatever turns up after the answer has questions of its own. A wave
/// of nobody tells nothing that somebody could look at.
fn promotion(rollout: &Rollout, wave: usize, tally: &Tally, now: Timestamp) -> Option<Question> {
    let state = rollout.waves.get(wave)?;
    let is_promotion = |answer: &Answer| matches!(answer.question, Question::Promotion { .. });
    let is_a_persons = rollout.rules.is_promoted_by_person && !wave::is_last(rollout, wave);
    let is_open = state.members > 0 && !state.answers.iter().any(is_promotion);
    (is_a_persons && is_open && wave::lets_on(rollout, wave, now)).then(|| Question::Promotion {
        wave,
        healthy: tally.healthy,
        failed: tally.failed,
        others: tally.members.saturating_sub(tally.healthy + tally.failed),
    })
}

/// Puts `question` to people. Only a question of a new kind is an action: changed numbers aren't
/// news.
pub(crate) fn ask(rollout: &mut Rollout, question: Question, now: Timestamp) -> Option<Action> {
    let asked_since = match &rollout.phase {
        Phase::AwaitsHuman {
            question: asked,
            since,
            ..
        } if asked.is_same(&question) => Some(*since),
        _ => None,
    };
    rollout.phase = Phase::AwaitsHuman {
        wave: rollout.current_wave(),
        question: question.clone(),
        since: asked_since.unwrap_or(now),
    };
    asked_since.is_none().then_some(Action::AskHuman(question))
}

/// Takes the open question back: its cause went away.
pub(crate) fn withdraw(rollout: &mut Rollout) {
    let wave = rollout.current_wave();
    rollout.phase = Phase::Rolling { wave };
}

/// Records that `who` answered the open question with "go on". (The other answer is
/// [`crate::halt::by_person`].) Whether `who` may is checked by the caller.
///
/// # Errors
/// If nothing is asked.
pub fn answer(
    rollout: &Rollout,
    who: &str,
    why: &str,
    now: Timestamp,
) -> Result<Rollout, NothingAsked> {
    let Phase::AwaitsHuman { wave, question, .. } = rollout.phase.clone() else {
        return Err(NothingAsked);
    };
    let mut next = rollout.clone();
    next.phase = Phase::Rolling { wave };
    if let Some(state) = next.waves.get_mut(wave) {
        settle(
            state,
            Answer {
                question,
                who: who.to_owned(),
                why: why.to_owned(),
                at: now,
            },
        );
    }
    Ok(next.since(rollout))
}

fn settle(state: &mut WaveState, answer: Answer) {
    if matches!(answer.question, Question::Undecided { .. }) {
        let grounds = Grounds::Person {
            who: answer.who.clone(),
        };
        state.passed = Some(Passed {
            at: answer.at,
            grounds,
        });
    }
    state.answers.push(answer);
}
