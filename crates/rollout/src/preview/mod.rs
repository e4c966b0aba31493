//! How a rollout would go if it started now, and nothing went wrong: lived through in virtual time.
//!
//! Nothing here decides. Canary and waves are drawn by [`crate::draw`], the waves move by [`crate::step()`], each device
//! is answered by [`crate::offer()`] and comes again by [`crate::turn`]: the rules are those of the rollout that will
//! happen. What a preview adds is a fleet that polls, downloads at a declared pace, installs and confirms. It is told
//! beside each preview in words what was assumed.
//!
//! | question | file |
//! |---|---|
//! | what must be known of the devices' work? | `pace.rs`, turned into `spans.rs` |
//! | which devices, and what is remembered of each? | `member.rs` |
//! | what happens, one moment after the other? | `course.rs` |
//! | when does a server look at the rollout? | `looks.rs` |
//! | how much is downloaded at once? | `flow.rs` |
//! | who is left out, and why? | `left_out.rs` |
//! | what is told in the end? | `outcome.rs`, gathered by `gather.rs`, and what was assumed by `assumed.rs` |
//!
//! Read [`Premise`], then [`preview_until`].

mod assumed;
mod course;
mod flow;
mod gather;
mod left_out;
mod looks;
mod member;
mod outcome;
mod pace;
mod spans;
#[cfg(test)]
mod tests;

use std::sync::atomic::AtomicBool;

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::{Device, Terms};

pub use left_out::LeftOut;
pub use outcome::{Asked, Catch, Peak, Preview, WavePreview, ZonePreview};
pub use pace::Pace;

use crate::rollout::{Candidate, Rollout, RolloutId};
use crate::rules::Rules;
use crate::sample::{DrawRefusal, draw};
use course::Course;

/// What a preview starts from.
#[derive(Debug, Clone)]
pub struct Premise<'a> {
    /// The release.
    pub candidate: Candidate,
    /// What it asks of devices.
    pub terms: Terms,
    /// The rules of its rollout.
    pub rules: Rules,
    /// All devices of its class.
    pub devices: &'a [Device],
    /// What the canary, the waves and the jitter are drawn by.
    pub seed: u64,
    /// When the rollout would start.
    pub now: Timestamp,
    /// How long devices take.
    pub pace: Pace,
    /// How often a server looks after its rollouts.
    pub look_every: SignedDuration,
}

/// How the rollout would go.
///
/// # Errors
/// As [`draw`]: if nobody is eligible, or the rules can't be met.
pub fn preview(premise: &Premise<'_>) -> Result<Preview, DrawRefusal> {
    preview_until(&AtomicBool::new(false), premise)
}

/// As [`preview`], but no further once `stop` is set: that takes some milliseconds to be noticed, and what is told then
/// says how far the rollout was followed.
///
/// # Errors
/// As [`preview`].
pub fn preview_until(stop: &AtomicBool, premise: &Premise<'_>) -> Result<Preview, DrawRefusal> {
    let Premise {
        candidate,
        terms,
        rules,
        devices,
        seed,
        now,
        ..
    } = premise;
    let enrolments = draw(terms, rules, *seed, devices, *now)?;
    // Nobody knows beforehand what the devices of a comparison will read; without readings it would wait for ever.
    let rules = Rules {
        soft: Vec::new(),
        // Nor how fast other classes get on.
        prerequisites: Vec::new(),
        ..rules.clone()
    };
    let rollout = Rollout::start(
        // The store has given it no number, and no revision of the plan is kept by it.
        RolloutId(0),
        candidate.clone(),
        rules,
        String::new(),
        *seed,
        &enrolments,
        *now,
    );
    let course = Course::begin(premise, rollout, &enrolments);
    Ok(gather::gather(premise, course.run(stop)))
}
