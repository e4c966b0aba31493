//! What stops a rollout this instant, before any horizon.
//!
//! Two wires, over all devices of the rollout: devices that brick, and failures that gather in one
//! hardware revision. The second also asks that the failures are at least the plan's `halt`
//! percent of that revision's devices that began: a fleet of a hundred thousand has its expected
//! failures too, and a bare count would halt every good release there. Failures are known before
//! successes, but all that began are in the denominator, so the share is never overstated. Read
//! [`Trip`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::progress::FailureCause;
use crate::rollout::Rollout;
use crate::view::FleetView;

/// What the tripwire caught on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trip", rename_all = "kebab-case")]
pub enum Trip {
    /// Devices that run neither version any more.
    Bricks {
        /// So many ...
        bricks: u32,
        /// ... where the plan stops at so many.
        limit: u32,
    },
    /// Failures that gather in one stratum.
    Stratum {
        /// The hardware revision.
        hardware: String,
        /// So many failures ...
        failures: u32,
        /// ... among so many devices of that revision that began ...
        began: u32,
        /// ... where the plan stops at so many failures.
        limit: u32,
    },
}

/// The wire that is touched, if one is; bricks first.
#[must_use]
pub fn check(rollout: &Rollout, view: &FleetView) -> Option<Trip> {
    bricks(rollout, view).or_else(|| stratum(rollout, view))
}

fn bricks(rollout: &Rollout, view: &FleetView) -> Option<Trip> {
    let failures = view.devices.iter().filter_map(|d| d.progress.failure());
    let count = failures
        .filter(|(_, cause)| *cause == FailureCause::Bricked)
        .count();
    let bricks = u32::try_from(count).unwrap_or(u32::MAX);
    // A limit of 0 would halt a rollout in which nothing happened.
    let limit = rollout.rules.tripwire.bricks.max(1);
    (bricks >= limit).then_some(Trip::Bricks { bricks, limit })
}

fn stratum(rollout: &Rollout, view: &FleetView) -> Option<Trip> {
    let limit = rollout.rules.tripwire.failures_in_one_stratum.max(1);
    let halt = rollout.rules.install.halt;
    let too_many = |c: &Count| {
        c.failures >= limit && f64::from(c.failures) * 100.0 >= halt * f64::from(c.began)
    };
    let (hardware, count) = counts(view).into_iter().find(|(_, c)| too_many(c))?;
    Some(Trip::Stratum {
        hardware: hardware.to_owned(),
        failures: count.failures,
        began: count.began,
        limit,
    })
}

#[derive(Default)]
struct Count {
    failures: u32,
    began: u32,
}

fn counts(view: &FleetView) -> BTreeMap<&str, Count> {
    let mut strata = BTreeMap::<&str, Count>::new();
    for device in &view.devices {
        let count = strata.entry(&device.hardware).or_default();
        count.began += u32::from(device.progress.began().is_some());
        count.failures += u32::from(device.progress.failure().is_some());
    }
    strata
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// 400 devices, every second one hardware B; the plan stops at 1 brick, or 4 failures in one
    /// stratum that are at least 12 % of it.
    fn check_trip(failing: impl Fn(usize) -> Option<FailureCause>, began: usize, expected: &str) {
        let rollout = testing::opened(400);
        let mut view = testing::view(400);
        for (n, device) in view.devices.iter_mut().take(began).enumerate() {
            device.progress = match failing(n) {
                Some(cause) => testing::failed(0, cause),
                None => testing::on_trial(0),
            };
        }
        let found = check(&rollout, &view).map(|trip| format!("{trip:?}"));
        assert!(found.unwrap_or_default().starts_with(expected));
    }

    #[test]
    fn one_brick_is_enough() {
        check_trip(
            |n| (n == 7).then_some(FailureCause::Bricked),
            400,
            "Bricks { bricks: 1",
        );
    }

    #[test]
    fn failures_that_gather_in_one_revision_trip_before_any_horizon() {
        let in_b = |n: usize| (n % 2 == 1 && n < 8).then_some(FailureCause::SelfTest);
        check_trip(
            in_b,
            40,
            "Stratum { hardware: \"B\", failures: 4, began: 20",
        );
        let scattered = |n: usize| (n < 6).then_some(FailureCause::SelfTest);
        check_trip(scattered, 40, "");
    }

    #[test]
    fn the_failures_that_a_large_fleet_expects_do_not_trip() {
        check_trip(|n| (n % 50 == 1).then_some(FailureCause::SelfTest), 400, "");
    }
}
