//! What stops a rollout this instant, before any horizon.
//!
//! Two wires, over all devices of the rollout: devices that brick, and failures that gather in one
//! hardware revision. The second also asks that the failures are at least the plan's `halt`
//! percent of that revision's devices that began: a fleet of a hundred thousand has its expected
//! failures too, and a bare count would halt every good release there. Failures are known before
//! successes, but all that began are in the denominator, so the share is never overstated. How
//! often it stops a good release all the same stands in `false_trips.rs`. Read [`Trip`].

use std::collections::BTreeMap;

use mainstay_fleet::Site;
use serde::{Deserialize, Serialize};

use crate::progress::FailureCause;
use crate::rollout::Rollout;
use crate::unit::Sites;
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
        /// So many failures (each site once, where the plan counts sites) ...
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
        .filter(|(_, cause)| matches!(cause, FailureCause::Bricked | FailureCause::Lost))
        .count();
    let bricks = u32::try_from(count).unwrap_or(u32::MAX);
    // A limit of 0 would halt a rollout in which nothing happened.
    let limit = rollout.rules.tripwire.bricks.max(1);
    (bricks >= limit).then_some(Trip::Bricks { bricks, limit })
}

fn stratum(rollout: &Rollout, view: &FleetView) -> Option<Trip> {
    let limit = rollout.rules.tripwire.failures_in_one_stratum.max(1);
    let halt = rollout.rules.install.halt;
    let too_many = |c: &Count| gathers(c.failures, c.began, limit, halt);
    let (hardware, count) = counts(rollout, view)
        .into_iter()
        .find(|(_, c)| too_many(c))?;
    Some(Trip::Stratum {
        hardware: hardware.to_owned(),
        failures: count.failures,
        began: count.began,
        limit,
    })
}

/// Whether so many failures among so many devices that began are what a plan stops at: at `limit` of them, and at `halt` percent.
pub(crate) fn gathers(failures: u32, began: u32, limit: u32, halt: f64) -> bool {
    failures >= limit && f64::from(failures) * 100.0 >= halt * f64::from(began)
}

struct Count<'v> {
    failures: u32,
    began: u32,
    began_at: Sites<&'v Site>,
    failed_at: Sites<&'v Site>,
}

/// By hardware revision; a site counts once, however many of its devices began or failed.
fn counts<'v>(rollout: &Rollout, view: &'v FleetView) -> BTreeMap<&'v str, Count<'v>> {
    let none = || Count {
        failures: 0,
        began: 0,
        began_at: Sites::of(&rollout.rules),
        failed_at: Sites::of(&rollout.rules),
    };
    let mut strata = BTreeMap::new();
    for device in &view.devices {
        let (count, site) = (
            strata.entry(device.hardware.as_str()).or_insert_with(none),
            device.site.as_ref(),
        );
        if device.progress.began().is_some() {
            count.began += u32::from(count.began_at.add(site));
        }
        if device.progress.failure().is_some() {
            count.failures += u32::from(count.failed_at.add(site));
        }
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
    fn a_site_fails_once() {
        let (mut rollout, mut view) = (testing::opened(40), testing::view(40));
        for n in [1, 3, 5, 7, 9] {
            view.devices[n].progress = testing::failed(0, FailureCause::SelfTest);
        }
        assert!(check(&rollout, &view).is_some(), "each device counts");
        testing::at_sites(&mut rollout, &mut view, 10);
        assert_eq!(check(&rollout, &view), None, "all stand at one site");
        for n in [11, 21, 31] {
            view.devices[n].progress = testing::failed(0, FailureCause::SelfTest);
        }
        let Some(Trip::Stratum {
            failures, began, ..
        }) = check(&rollout, &view)
        else {
            panic!("four sites");
        };
        assert_eq!((failures, began), (4, 4));
    }

    #[test]
    fn the_failures_that_a_large_fleet_expects_do_not_trip() {
        check_trip(|n| (n % 50 == 1).then_some(FailureCause::SelfTest), 400, "");
    }
}
