//! What holds of service levels whatever the devices do.

use std::sync::LazyLock;

use mainstay_rollout::{CannotReturn, FailureCause, Progress, ReleaseDigest};
use mainstay_telemetry::levels::{Figure, Level, Measure, Standing, Subject};
use proptest::prelude::*;

use super::*;

fn progress() -> impl Strategy<Value = Progress> {
    let cause = prop::sample::select(vec![
        FailureCause::SelfTest,
        FailureCause::WatchdogRevert,
        FailureCause::BootFailed,
        FailureCause::Bricked,
        FailureCause::InstallFailed,
        FailureCause::SelfTestLater,
        FailureCause::WentBack,
    ]);
    let second = 0..40 * DAY;
    prop_oneof![
        2 => Just(Progress::Waiting),
        1 => second.clone().prop_map(|s| Progress::Promised { at: at(s) }),
        1 => second.clone().prop_map(|s| Progress::Began { at: at(s) }),
        1 => (any::<bool>(), second.clone()).prop_map(|(began, s)| Progress::Refused {
            began: began.then(|| at(0)),
            at: at(s),
            refusal: "trust.unsigned".into(),
        }),
        1 => second.clone().prop_map(|s| Progress::OnTrial { began: at(0), booted: at(s) }),
        8 => second.clone().prop_map(confirmed),
        3 => (second.clone(), cause).prop_map(|(s, cause)| failed(s, cause)),
        1 => second.clone().prop_map(|s| Progress::Returned { began: at(0), at: at(s) }),
        1 => second.clone().prop_map(|s| Progress::Returning {
            began: at(0),
            at: at(s),
            to: ReleaseDigest([1; 32]).into(),
        }),
        1 => second.prop_map(|s| Progress::CannotReturn {
            began: at(0),
            at: at(s),
            why: CannotReturn::NothingBefore.into(),
        }),
    ]
}

fn devices() -> impl Strategy<Value = Vec<Progress>> {
    prop::collection::vec(progress(), 0..60)
}

const GOALS: &str = "p50_within = \"5d\"\np90_within = \"10d\"\np99_within = \"20d\"\nfailures_at_most = \"10 %\"\n\
                     reverts_at_most = \"5 %\"\nhalted_within = \"1d\"\nrecovered_within = \"2d\"";
const COHORT: &str = "[cohort.all]\nquery = 'has hardware'";

/// Read once: a property asks for it hundreds of times.
static PLAN: LazyLock<Plan> = LazyLock::new(|| plan(GOALS, COHORT));

fn of_release(levels: &ServiceLevels) -> impl Iterator<Item = &Level> {
    let is = |level: &&Level| matches!(level.subject, Subject::Release { .. });
    levels.levels.iter().filter(is)
}

proptest! {
    // Each case measures a fleet, with a year of dates.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_device_is_counted_once(devices in devices(), halted in proptest::option::of(0..40 * DAY)) {
        let plan = &*PLAN;
        let carried = [carried(plan, rolled(None, halted), &devices, 40 * DAY)];
        let counts = levels(plan, &carried, 40 * DAY).updates[0].counts;
        prop_assert_eq!(counts.devices as usize, devices.len());
        let sum = counts.not_begun + counts.under_way + counts.adopted + counts.failed + counts.sent_back;
        prop_assert_eq!(counts.devices, sum);
        prop_assert!(counts.reverted <= counts.failed);
    }

    #[test]
    fn the_order_of_devices_means_nothing(devices in devices(), halted in proptest::option::of(0..40 * DAY)) {
        let plan = &*PLAN;
        let reversed: Vec<_> = devices.iter().rev().cloned().collect();
        let told = |devices: &[Progress]| {
            let carried = [carried(plan, rolled(None, halted), devices, 40 * DAY)];
            levels(plan, &carried, 40 * DAY)
        };
        prop_assert_eq!(told(&devices), told(&reversed));
    }

    #[test]
    fn a_cohort_of_all_devices_stands_as_they_do(devices in devices()) {
        let plan = &*PLAN;
        let carried = [carried(plan, rolled(Some(30 * DAY), None), &devices, 40 * DAY)];
        let levels = levels(plan, &carried, 40 * DAY);
        let told = |kind: &str| -> Vec<_> {
            let own = levels.levels.iter().filter(|level| level.subject.kind() == kind);
            let updates = own.filter(|level| level.measure != Measure::DatesKept);
            updates.map(|level| (level.measure, level.figure, level.standing)).collect()
        };
        let expected = if devices.is_empty() { Vec::new() } else { told("release") };
        prop_assert_eq!(told("cohort"), expected.clone());
        prop_assert_eq!(told("class"), expected);
    }

    #[test]
    fn more_devices_take_longer(devices in devices()) {
        let plan = &*PLAN;
        let carried = [carried(plan, rolled(None, None), &devices, 40 * DAY)];
        let levels = levels(plan, &carried, 40 * DAY);
        let spans: Vec<_> = of_release(&levels)
            .filter(|level| level.measure.percent().is_some())
            .map(|level| match level.figure {
                Some(Figure::Time { seconds }) => seconds,
                _ => u64::MAX,
            })
            .collect();
        prop_assert_eq!(spans.len(), 4);
        prop_assert!(spans.is_sorted());
    }

    /// What is met stays met, and what is missed stays missed, while nothing but time passes.
    #[test]
    fn time_alone_turns_no_verdict(
        devices in devices(),
        over in proptest::option::of(0..40 * DAY),
        ends_at_percent in proptest::option::of(0..100_u8),
        now in 0..60 * DAY,
        later in 0..60 * DAY,
    ) {
        let plan = &*PLAN;
        let (now, later) = (now.min(later), now.max(later));
        let told = |now| {
            let rolled = Rolled { ends_at_percent, ..rolled(over, None) };
            let carried = [carried(plan, rolled, &devices, now)];
            levels(plan, &carried, now)
        };
        let (before, after) = (told(now), told(later));
        for (one, next) in of_release(&before).zip(of_release(&after)) {
            let is_settled = matches!(one.standing, Standing::Met | Standing::Missed);
            prop_assert!(!is_settled || one.standing == next.standing, "{:?} {:?}", one, next);
        }
    }

    #[test]
    fn a_claim_is_worth_no_more_than_silence(devices in devices()) {
        let plan = &*PLAN;
        let with = |devices: &[Progress]| {
            let carried = [carried(plan, rolled(None, None), devices, 40 * DAY)];
            levels(plan, &carried, 40 * DAY)
        };
        let claims = Progress::OnTrial { began: at(0), booted: at(1) };
        let claiming: Vec<_> = devices.iter().cloned().chain([claims]).collect();
        let silent: Vec<_> = devices.iter().cloned().chain([Progress::Waiting]).collect();
        let (claimed, silence) = (with(&claiming), with(&silent));
        prop_assert_eq!(claimed.updates[0].counts.adopted, silence.updates[0].counts.adopted);
        for (one, other) in of_release(&claimed).zip(of_release(&silence)) {
            prop_assert_eq!((one.figure, one.standing), (other.figure, other.standing));
        }
    }

    #[test]
    fn service_levels_survive_json(devices in devices()) {
        let plan = &*PLAN;
        let carried = [carried(plan, rolled(None, Some(9 * DAY)), &devices, 40 * DAY)];
        let levels = levels(plan, &carried, 40 * DAY);
        let json = serde_json::to_string(&levels).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<ServiceLevels>(&json).expect("read back"), levels);
    }
}
