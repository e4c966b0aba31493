//! How often a good release is halted by mistake under a plan, by whatever a plan lets halt: upper bounds, reckoned before anything begins.
//!
//! Added up are the test on hard failures (`chances.rs`), the soft signals' share of alpha (`looks.rs`) and the tripwire of hardware
//! revisions (`false_trips.rs`). Each bound is said of devices that fail independently of each other. Bricks aren't in it, nor who halts by hand. Read
//! [`Mistakes`].

use mainstay_plan::{HardFailure, Plan, Unit};
use serde::Serialize;

use crate::chances;
use crate::false_trips::Wire;

/// How often a release that fails as rarely as expected, bricks nothing and keeps within its soft signals' margins is halted by
/// mistake: upper bounds, in percent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mistakes {
    /// In the plan's canary, which has so many devices ...
    pub devices: u32,
    /// ... by the test on hard failures, exactly if all of them are scored,
    pub by_test: f64,
    /// by the soft signals, which have this share of alpha over all waves,
    pub by_soft_signals: f64,
    /// by the tripwire of hardware revisions,
    pub by_tripwire: f64,
    /// and by any of them.
    pub canary: f64,
    /// What counts once.
    pub unit: Unit,
    /// In all waves of the track that has most of them ...
    pub waves: usize,
    /// ... by any of them; none if no wave comes after the first, nor where sites count: a later wave's devices make it likelier
    /// that their sites fail, and nothing says by how much.
    pub rollout: Option<f64>,
}

impl Mistakes {
    /// Of this plan, with `rule` in place of its own test on hard failures (which may be the same).
    #[must_use]
    pub fn of(rule: &HardFailure, plan: &Plan) -> Self {
        let (devices, waves) = (plan.rollout.canary.devices, plan.tracks.waves_max());
        let (test, wire) = (rule.test(&plan.health.soft, waves), wire(rule, plan));
        let by_test = 100.0 * chances::of_wave(test, test.expect, devices).halts;
        // This is of all waves already; each later wave begins the test afresh.
        let by_soft_signals = rule.shares(&plan.health.soft, waves).soft;
        let by_tripwire = 100.0 * wire.trips_among(devices);
        let is_known = waves > 1 && rule.unit == Unit::Device;
        let rollout = || {
            let later = (waves - 1) as f64 * test.alpha;
            (by_test + later + by_soft_signals + 100.0 * wire.ever_trips()).min(100.0)
        };
        Self {
            devices,
            by_test,
            by_soft_signals,
            by_tripwire,
            canary: (by_test + by_soft_signals + by_tripwire).min(100.0),
            unit: rule.unit,
            waves,
            rollout: is_known.then(rollout),
        }
    }
}

/// The plan's tripwire; of its classes the one with most hardware revisions trips it most easily.
fn wire(rule: &HardFailure, plan: &Plan) -> Wire {
    let revisions = plan.classes.iter().map(|class| class.hardware.len()).max();
    Wire {
        expect: rule.expect,
        halt: rule.halt,
        failures: plan.health.tripwire.failures_in_one_stratum,
        revisions: u32::try_from(revisions.unwrap_or(1)).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use mainstay_plan::{SignalName, SoftSignal, Wave, parse, starting_plan};

    use super::*;

    fn plan(edit: impl FnOnce(&mut Plan)) -> Plan {
        let mut plan = parse(starting_plan()).expect("the starting plan is a plan");
        edit(&mut plan);
        plan
    }

    fn with_battery(plan: &mut Plan) {
        plan.health.soft = vec![SoftSignal {
            name: SignalName::Battery,
            worse_by_at_most: 10,
            horizon: plan.health.install.horizon,
        }];
    }

    fn one_wave(plan: &mut Plan) {
        let tracks = &mut plan.tracks;
        let each = [
            &mut tracks.maintenance,
            &mut tracks.feature,
            &mut tracks.hotfix,
        ];
        for track in each.into_iter().flatten() {
            track.waves = vec![Wave::Canary];
        }
    }

    fn of(plan: &Plan) -> Mistakes {
        Mistakes::of(&plan.health.install, plan)
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    #[test]
    fn a_canarys_parts_add_up_and_each_keeps_its_share() {
        for (plan, soft, hard) in [(plan(|_| {}), 0.0, 5.0), (plan(with_battery), 1.0, 4.0)] {
            let found = of(&plan);
            near(found.by_soft_signals, soft);
            near(found.canary, found.by_test + soft + found.by_tripwire);
            assert!(
                found.by_test <= hard && found.by_tripwire > 0.0,
                "{found:?}"
            );
            assert!(found.canary <= 5.0, "{found:?}");
        }
    }

    /// Each wave after the canary adds what its own test may halt, and the tripwire's bound is that of a fleet of any size.
    #[test]
    fn later_waves_add_their_tests() {
        let plan = plan(with_battery);
        let found = of(&plan);
        let wire = 100.0 * wire(&plan.health.install, &plan).ever_trips();
        let later = 4.0 * (plan.tracks.waves_max() - 1) as f64;
        near(
            found.rollout.expect("devices count"),
            found.by_test + later + 1.0 + wire,
        );
        assert!(found.waves > 2 && wire > found.by_tripwire, "{found:?}");
    }

    /// A site counts once in the whole rollout, while later waves bring its other devices.
    #[test]
    fn where_sites_count_only_the_canary_is_bounded() {
        let by_device = of(&plan(with_battery));
        let by_site = of(&plan(|plan| {
            with_battery(plan);
            plan.health.install.unit = Unit::Site;
        }));
        assert_eq!((by_site.rollout, by_site.canary), (None, by_device.canary));
        assert!(by_device.rollout.is_some());
    }

    /// Nobody is held back where one wave is all, so that soft signals have no use for alpha.
    #[test]
    fn on_tracks_of_one_wave_the_test_has_all_of_alpha() {
        let bare = of(&plan(one_wave));
        let compared = of(&plan(|plan| {
            with_battery(plan);
            one_wave(plan);
        }));
        assert_eq!(compared, bare);
        assert_eq!(
            (bare.waves, bare.rollout, bare.by_soft_signals),
            (1, None, 0.0)
        );
        assert!(bare.by_test > of(&plan(with_battery)).by_test);
    }
}
