//! The plan's longest way of an emergency, beside what the engine then does: it is never shorter, and not much longer.

use mainstay_plan::emergency::{
    ASKS_LATER_PERCENT, Path, Place, SILENT_POLLS, Stage, longest, path,
};

use super::*;
use crate::rules::Rules;
use crate::view::{FleetView, SoftReading};
use crate::{Action, Wait, score, step};

/// The hours of the starting plan's window.
const NIGHTS: &str = "local = \"01:00-04:00\", days = \"Mon-Thu\", dst_gap = \"skip\"";

/// The starting plan with an emergency, and with these hours.
fn emergency(hours: &str) -> plan::Plan {
    let hotfix = "[track.hotfix]\n";
    let stated =
        "[track.hotfix]\nemergency = { deadline = \"3d\", build = \"4h\", gates = \"8h\" }\n";
    let text = plan::starting_plan().replacen(hotfix, stated, 1);
    assert!(text.contains(NIGHTS), "{text}");
    plan::parse(&text.replacen(NIGHTS, hours, 1)).expect("a plan")
}

/// What the engine makes of a rollout that starts after building and gates.
fn lived(plan: &plan::Plan, starts: Timestamp) -> Preview {
    let now = starts + SignedDuration::from_hours(12);
    let mut devices = fleet(500);
    for device in &mut devices {
        let before = device.last_seen.map(|seen| at(0).duration_since(seen));
        device.last_seen = before.map(|before| now - before * 6);
    }
    let hotfix = plan.tracks.hotfix.as_ref().expect("a track");
    let mut rules = Rules::new(plan, hotfix);
    // The way is that of a fleet for which there is room.
    rules.limits.downloads = 1000;
    let confirm = plan.classes[0].revert.confirm_within / 2;
    let premise = Premise {
        rules,
        now,
        pace: Pace {
            confirm,
            ..premise(&devices).pace
        },
        ..premise(&devices)
    };
    told(&premise)
}

/// By how much the way is longer than what the engine needs.
fn spare(path: &Path, lived: &Preview) -> SignedDuration {
    assert_eq!(lived.unreached, [], "{lived:#?}");
    path.ends.duration_since(lived.ends.expect("it completes"))
}

/// An ordinary Monday, the days before Thanksgiving and Christmas, the nights on which clocks change.
const STARTS: [&str; 5] = [
    "2027-06-07T12:00:00Z",
    "2027-11-23T09:00:00Z",
    "2027-12-21T09:00:00Z",
    "2027-03-13T12:00:00Z",
    "2027-11-06T12:00:00Z",
];

/// The worst way, and how much shorter the engine's was, from each of [`STARTS`] and from the worst.
fn spares(plan: &plan::Plan) -> (Path, Vec<SignedDuration>) {
    let places: Vec<_> = ZONES.iter().filter_map(|zone| Place::named(zone)).collect();
    let parsed = |text: &&str| text.parse::<Timestamp>().expect("an instant");
    let from = parsed(&"2027-01-01T00:00:00Z");
    let worst = longest(plan, &places, from).expect("a path");
    let starts = STARTS.iter().map(parsed).chain([worst.starts]);
    let spares = starts.map(|starts| {
        let path = path(plan, &places, starts).expect("a path");
        assert!(path.takes_s <= worst.takes_s, "{path:#?}");
        let spare = spare(&path, &lived(plan, starts));
        assert!(!spare.is_negative(), "{spare:#} {path:#?}");
        spare
    });
    let spares = spares.collect();
    (worst, spares)
}

/// A wave that passes before all its zones had their turn is a night earlier than the way says, and may be a weekend earlier.
#[test]
fn the_engine_is_never_slower_than_the_way_of_an_emergency() {
    let (worst, _) = spares(&emergency(NIGHTS));
    assert!(!worst.is_in_time(), "{worst:#?}");
}

#[test]
fn the_way_of_an_emergency_is_not_much_longer_than_the_engines() {
    let mut plan = emergency("local = \"00:00-24:00\"");
    // Who asks late, on the way and not in the engine's life, would meet a holiday a day earlier.
    plan.rollout.blackout = Vec::new();
    let (_, spares) = spares(&plan);
    // In each of three waves: a poll until devices hear of it, the spreading, a poll until they are heard again, and looks; and
    // at three moments devices ask later than they were told.
    let late = plan.rollout.poll * ASKS_LATER_PERCENT * 3 / 100;
    let polls = plan.rollout.poll * 2 + late;
    let each = polls + plan.rollout.jitter + SignedDuration::from_mins(2);
    assert!(spares.iter().all(|spare| *spare <= each * 3), "{spares:?}");
}

/// The starting plan with an emergency and windows that are always open, and a soft signal that is read after a day.
fn compared() -> plan::Plan {
    let mut plan = emergency("local = \"00:00-24:00\", days = \"daily\"");
    plan.rollout.blackout = Vec::new();
    plan.health.soft = vec![plan::SoftSignal {
        name: plan::SignalName::Battery,
        worse_by_at_most: 50,
        horizon: SignedDuration::from_hours(24),
    }];
    plan
}

/// From the beginning of the canary's last device to the opening of the next wave, as the way tells it.
fn next_wave_after(plan: &plan::Plan) -> SignedDuration {
    let places = [Place::named("America/Denver").expect("a zone")];
    let path = path(plan, &places, at(0)).expect("a path");
    let of = |stage| {
        let step = path.steps.iter().find(|step| step.stage == stage);
        step.expect("such a step")
    };
    let (judged, compared) = (of(Stage::Horizon), of(Stage::Comparison));
    compared.until.duration_since(judged.from)
}

/// A canary of 40 and those that wait for it, all in a rollout of `plan`; the canary's devices began at minute 0 and confirmed.
fn began(plan: &plan::Plan) -> (Rollout, FleetView) {
    let (mut rollout, mut view) = testing::waves_of(&[40, 400]);
    let hotfix = plan.tracks.hotfix.as_ref().expect("a track");
    rollout.rules = Rules::new(plan, hotfix);
    rollout.rules.install = testing::rules().install;
    rollout = step(&rollout, &view, at(0)).rollout;
    for device in view.devices.iter_mut().filter(|device| device.wave == 0) {
        testing::confirm(device, 0, 0);
    }
    (rollout, view)
}

/// The minute at which the engine opens the next wave, if everybody speaks once more at `heard` and a pair's readings come in at
/// `read`; asked each ten minutes.
fn opens(plan: &plan::Plan, heard: i64, read: Option<i64>) -> i64 {
    let (mut rollout, mut view) = began(plan);
    let readings = |view: &FleetView| {
        let of = |device: &crate::view::DeviceView| SoftReading {
            device: device.id.clone(),
            signal: plan::SignalName::Battery,
            at: at(read.unwrap_or_default()),
            milli: 1000,
        };
        view.devices.iter().map(of).collect()
    };
    if read.is_some() {
        view.readings = Some(readings(&view));
    }
    for minutes in (0..4 * 24 * 60).step_by(10) {
        if minutes >= heard {
            for device in &mut view.devices {
                device.last_seen = Some(at(minutes).into());
            }
        }
        let outcome = step(&rollout, &view, at(minutes));
        rollout = outcome.rollout;
        let is_next = |action: &Action| matches!(action, Action::OpenWave { wave: 1 });
        if outcome.actions.iter().any(is_next) {
            return minutes;
        }
    }
    let wait: Vec<Wait> = step(&rollout, &view, at(4 * 24 * 60)).waits;
    panic!("no wave opens: {wait:?}");
}

/// Readings that come as late as they count hold the next wave as long as the way says; silence alone holds it less.
#[test]
fn the_next_wave_opens_no_later_than_the_way_says_where_signals_are_compared() {
    assert_eq!(SILENT_POLLS, score::SILENT_POLLS);
    let plan = compared();
    let minutes = next_wave_after(&plan).as_mins();
    let (horizon, silence) = (24 * 60, 3 * plan.rollout.poll.as_mins());
    assert_eq!(minutes, horizon + silence + 2);
    let late = horizon + silence - 10;
    let opened = opens(&plan, 40, Some(late));
    assert!((late..=minutes).contains(&opened), "{opened} {minutes}");
    let silent = opens(&plan, 40, None);
    let soak = 40 + 4 * 60;
    assert!(silent >= soak && silent <= minutes, "{silent}");
}
