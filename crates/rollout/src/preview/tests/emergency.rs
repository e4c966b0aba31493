//! The plan's longest way of an emergency, beside what the engine then does: it is never shorter, and not much longer.

use mainstay_plan::emergency::{Path, Place, longest, path};

use super::*;
use crate::rules::Rules;

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
    let plan = emergency("local = \"00:00-24:00\"");
    let (_, spares) = spares(&plan);
    // In each of three waves: a poll until devices hear of it, the spreading, a poll until they are heard again, and looks.
    let each = plan.rollout.poll * 2 + plan.rollout.jitter + SignedDuration::from_mins(2);
    assert!(spares.iter().all(|spare| *spare <= each * 3), "{spares:?}");
}
