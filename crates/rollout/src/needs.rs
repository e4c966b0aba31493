//! What comes first: stepping stones on the device itself, and versions that another class has to run.
//!
//! A stone keeps single devices away from a release: they aren't drawn, and one that falls behind a stone after it was
//! drawn is offered nothing. A prerequisite holds the whole rollout: no wave opens and nothing is promised until enough
//! devices of the other class are verified to run what is asked for. It never picks members of a wave: a canary of those whose
//! neighbours were quick wouldn't be a random one any more.
//!
//! Read [`Unmet`], then [`past_stones`].

use core::fmt;

use jiff::Timestamp;
use mainstay_fleet::stone_ahead;
use mainstay_plan::{Class, Prerequisite, VersionNumber};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::held;
use crate::progress::Progress;
use crate::rollout::{Candidate, Rollout};
use crate::version;
use crate::view::{DeviceView, FleetView};
use crate::wait::Wait;
use crate::words::devices;

/// What the devices of a class run, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassVersions {
    /// The class.
    pub class: String,
    /// How many devices of it are registered.
    pub devices: u32,
    /// The versions that some of them are verified to run, each with their number; in any order.
    pub verified: Vec<(String, u32)>,
}

/// A prerequisite that isn't met, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmet {
    /// The other class.
    pub class: String,
    /// What its devices must run at least.
    pub at_least: VersionNumber,
    /// So many are verified to ...
    pub ready: u32,
    /// ... of so many that must ...
    pub needed: u32,
    /// ... of so many that are registered.
    pub devices: u32,
}

impl fmt::Display for Unmet {
    /// As the end of "..., because ...".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            class,
            at_least,
            ready,
            needed,
            devices: all,
        } = self;
        if *all == 0 {
            return write!(
                f,
                "devices of {class} must run {at_least} or later first, and none is registered"
            );
        }
        let (of, verb) = (devices(*all), if *ready == 1 { "is" } else { "are" });
        let must = match needed == all {
            true => "all must".to_owned(),
            false => format!("{needed} must"),
        };
        write!(
            f,
            "{ready} of {of} of {class} {verb} verified to run {at_least} or later, and {must}"
        )
    }
}

/// What a device must run before it gets `candidate`, the lowest first.
#[must_use]
pub fn stones(class: &Class, candidate: &Candidate) -> Vec<Version> {
    let stones = class.stones_before(asks_as(candidate)).into_iter();
    stones.map(version::version).collect()
}

/// What other classes must run before `candidate` is rolled out.
#[must_use]
pub fn prerequisites(class: &Class, candidate: &Candidate) -> Vec<Prerequisite> {
    class.prerequisites_of(asks_as(candidate))
}

/// A pre-release asks for what its release will ask for; a version that can't be read, for everything.
fn asks_as(candidate: &Candidate) -> VersionNumber {
    let parsed = candidate.version.parse::<Version>();
    parsed.map_or(
        VersionNumber::new(u64::MAX, u64::MAX, u64::MAX),
        |version| version::number(&version),
    )
}

/// The prerequisites that aren't met, given what the devices of other classes run. A class of which nothing is known, or that
/// has no devices, meets none.
#[must_use]
pub fn unmet(prerequisites: &[Prerequisite], others: &[ClassVersions]) -> Vec<Unmet> {
    let missing = |prerequisite| {
        let unmet = standing(prerequisite, others);
        (unmet.devices == 0 || unmet.ready < unmet.needed).then_some(unmet)
    };
    prerequisites.iter().filter_map(missing).collect()
}

fn standing(prerequisite: &Prerequisite, others: &[ClassVersions]) -> Unmet {
    let Prerequisite {
        class,
        at_least,
        share_percent,
        ..
    } = prerequisite;
    let of_class = |other: &&ClassVersions| other.class == class.as_str();
    let other = others.iter().find(of_class);
    let all = other.map_or(0, |other| other.devices);
    let needed = (u64::from(all) * u64::from(*share_percent)).div_ceil(100);
    Unmet {
        class: class.to_string(),
        at_least: *at_least,
        ready: other.map_or(0, |other| ready(other, *at_least)),
        // At most `all`.
        needed: u32::try_from(needed).unwrap_or(u32::MAX),
        devices: all,
    }
}

fn ready(other: &ClassVersions, at_least: VersionNumber) -> u32 {
    let stone = [version::version(at_least)];
    let good = other.verified.iter();
    good.filter(|(version, _)| stone_ahead(version, &stone).is_none())
        .map(|(_, count)| count)
        .sum()
}

/// Notes in the rollout what it waits for in other classes, so that an offer that was decided before can't be promised any
/// more: the generation is raised with it.
pub(crate) fn observe(rollout: &mut Rollout, view: &FleetView, now: Timestamp) {
    if let Some(others) = &view.others {
        rollout.unmet = unmet(&rollout.rules.prerequisites, others);
    }
    held::observe(rollout, now);
}

/// Whether a device that `runs` this version, confirmed, has reached every stepping stone on the way to the candidate. Asked before
/// [`crate::offer()`], which knows a device by its releases alone; what is no offer of the candidate is let through.
///
/// # Errors
/// [`Wait::BehindStone`], with the lowest stone that is still ahead.
pub fn past_stones(rollout: &Rollout, device: &DeviceView, runs: Option<&str>) -> Result<(), Wait> {
    let is_to_come = matches!(
        device.progress,
        Progress::Waiting
            | Progress::Promised { .. }
            | Progress::Began { .. }
            | Progress::Refused { began: None, .. }
    );
    let is_there = device.runs(rollout.candidate.release);
    // Its only slot makes way for what it was promised, and it was over the stones then.
    let makes_way = device.runs_nothing() && !matches!(device.progress, Progress::Waiting);
    if rollout.is_over() || !is_to_come || is_there || makes_way {
        return Ok(());
    }
    match stone_ahead(runs.unwrap_or_default(), &rollout.rules.stones) {
        None => Ok(()),
        Some(stone) => Err(Wait::BehindStone {
            stone: stone.to_string(),
        }),
    }
}
