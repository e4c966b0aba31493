//! Time during which a rollout promises nothing to anybody, and that isn't its devices' fault.
//!
//! Another class must come first (`needs.rs`), or a person has paused the rollout (`pause.rs`); often the one while the other. The
//! members of open waves get that time back, each minute once: patience with them stands still meanwhile. Read [`observe`].

use jiff::{SignedDuration, Timestamp};

use crate::rollout::Rollout;
use crate::score::patience_ends;

/// Whether nothing may be promised to anybody who hasn't begun, and no wave may open.
pub(crate) fn is_held(rollout: &Rollout) -> bool {
    !rollout.unmet.is_empty() || rollout.paused.is_some()
}

/// Notes since when the rollout is held; once nothing holds it any more, gives the time back.
pub(crate) fn observe(rollout: &mut Rollout, now: Timestamp) {
    match rollout.held_since {
        None if is_held(rollout) => rollout.held_since = Some(now),
        Some(since) if !is_held(rollout) => {
            give_back(rollout, since, now);
            rollout.held_since = None;
        }
        _ => {}
    }
}

/// Gives the members of open waves the time back during which nothing was promised, if they hadn't been given up before.
fn give_back(rollout: &mut Rollout, since: Timestamp, now: Timestamp) {
    for number in 0..rollout.waves.len() {
        let is_patient = patience_ends(rollout, number).is_some_and(|end| since < end);
        let wave = &mut rollout.waves[number];
        if let Some(opened) = wave.opened_at.filter(|_| is_patient) {
            // A clock that went back takes nothing away from anybody.
            let held = now.duration_since(since.max(opened));
            wave.held = wave.held.saturating_add(held.max(SignedDuration::ZERO));
        }
    }
}
