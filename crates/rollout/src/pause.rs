//! Letting a rollout stand still for a while, and go on.
//!
//! A halt says that the release is bad, and is for good. Often nobody knows that yet: a wave of complaints that may have another cause, a
//! network that is being repaired, a day on which nobody could help. A pause promises nothing to anybody and opens no wave until
//! operations lets it go on. Nothing is undone by it: a device that has begun ends what it began, every device is judged as before,
//! and what would halt the rollout still does. The members of open waves get the time back (`held.rs`).
//!
//! Read [`by_person`], then [`resume`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::held;
use crate::payloads;
use crate::rollout::Rollout;
use crate::view::DeviceView;
use crate::wait::Wait;

/// A rollout remembers so many pauses that are over, the newest ones: each is a person's deed with up to half a kilobyte of words, and
/// who pauses more often than that in one rollout has another problem than its record.
pub const PAUSES_MAX: usize = 32;

/// That a rollout is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// Since when.
    pub at: Timestamp,
    /// Who did it, by address.
    pub who: String,
    /// In their words.
    pub why: String,
    /// Whether also who has begun gets nothing, unless it has nothing to run: the release may have been stopped for good, and nobody who
    /// is asked knows.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub stops_begun: bool,
}

impl Paused {
    /// Whether the device may end what it began.
    pub(crate) fn lets_end(&self, device: &DeviceView) -> bool {
        match self.stops_begun {
            true => device.made_way(),
            false => payloads::may_end(device, self.at),
        }
    }

    /// As the reason for which nothing happens.
    #[must_use]
    pub fn wait(&self) -> Wait {
        Wait::Paused {
            since: self.at,
            who: self.who.clone(),
            why: self.why.clone(),
        }
    }
}

/// A pause that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// What it was.
    #[serde(flatten)]
    pub paused: Paused,
    /// When it ended; never before it began, whatever a clock said.
    pub until: Timestamp,
    /// Who let the rollout go on, by address.
    pub resumed_by: String,
}

/// Why a rollout can't be paused, or can't go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PauseRefused {
    /// Somebody paused it before.
    #[error("the rollout is paused already")]
    AlreadyPaused,
    /// Nobody paused it.
    #[error("the rollout isn't paused")]
    NotPaused,
    /// It has come to an end.
    #[error("the rollout is over")]
    Over,
}

impl PauseRefused {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::AlreadyPaused => "rollout.already-paused",
            Self::NotPaused => "rollout.not-paused",
            Self::Over => "rollout.over",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::AlreadyPaused => {
                "nothing more to do: it stands still; `mainstay why rollout` says who paused it"
            }
            Self::NotPaused => "nothing more to do; `mainstay why rollout` says what it waits for",
            Self::Over => "nothing more to do: nobody gets anything new from it",
        }
    }
}

/// Pauses the rollout because `who` says so, for the reason `why`. One person of any duty is enough to stop.
///
/// # Errors
/// If it is paused already, or over.
pub fn by_person(
    rollout: &Rollout,
    who: &str,
    why: &str,
    now: Timestamp,
) -> Result<Rollout, PauseRefused> {
    if rollout.is_over() {
        return Err(PauseRefused::Over);
    }
    if rollout.paused.is_some() {
        return Err(PauseRefused::AlreadyPaused);
    }
    let mut next = rollout.clone();
    next.paused = Some(Paused {
        at: now,
        who: who.to_owned(),
        why: why.to_owned(),
        stops_begun: false,
    });
    held::observe(&mut next, now);
    Ok(next.since(rollout))
}

/// Lets a paused rollout go on because `who` says so. Whether `who` may is checked by the caller.
///
/// # Errors
/// If it isn't paused, or is over.
pub fn resume(rollout: &Rollout, who: &str, now: Timestamp) -> Result<Rollout, PauseRefused> {
    if rollout.is_over() {
        return Err(PauseRefused::Over);
    }
    let mut next = rollout.clone();
    let paused = next.paused.take().ok_or(PauseRefused::NotPaused)?;
    let surplus = (next.pauses.len() + 1).saturating_sub(PAUSES_MAX);
    next.pauses.drain(..surplus);
    next.pauses.push(Pause {
        until: now.max(paused.at),
        resumed_by: who.to_owned(),
        paused,
    });
    held::observe(&mut next, now);
    Ok(next.since(rollout))
}

/// Pauses the rollout because it may have been stopped for good and nobody here knows, also if it is paused already: that pause ends where
/// this one begins, and stays on record. Who has begun gets nothing either, unless it has nothing to run. None if the rollout is over.
#[must_use]
pub fn anew(rollout: &Rollout, who: &str, why: &str, now: Timestamp) -> Option<Rollout> {
    let going_on = match resume(rollout, who, now) {
        Err(PauseRefused::NotPaused) => rollout.clone(),
        resumed => resumed.ok()?,
    };
    let mut next = by_person(&going_on, who, why, now).ok()?;
    if let Some(paused) = &mut next.paused {
        paused.stops_begun = true;
    }
    Some(next)
}

/// From when on a device that said it begins at `began` is judged: one that was paused just then got nothing until that was over. None while
/// it is paused.
pub(crate) fn counts_from(rollout: &Rollout, began: Timestamp) -> Option<Timestamp> {
    let (mut from, mut is_missed) = (began, false);
    for pause in &rollout.pauses {
        // One that took the place of another goes on where that ended.
        let goes_on = is_missed && pause.paused.at <= from;
        if (pause.paused.at < from || goes_on) && from <= pause.until {
            (from, is_missed) = (pause.until, true);
        }
    }
    let is_paused = |paused: &Paused| began > paused.at || is_missed && from >= paused.at;
    match rollout.paused.as_ref().is_some_and(is_paused) {
        true => None,
        false => Some(from),
    }
}

/// Whether the device may go on with the candidate: nobody begins while the rollout is paused, and who has begun ends that.
pub(crate) fn lets_on(rollout: &Rollout, device: &DeviceView) -> Result<(), Wait> {
    match &rollout.paused {
        Some(paused) if !paused.lets_end(device) => Err(paused.wait()),
        _ => Ok(()),
    }
}
