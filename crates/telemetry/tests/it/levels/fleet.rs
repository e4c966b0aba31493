//! What the fleet runs, and who can be reached.

use mainstay_telemetry::levels::{Fleet, InField, Reach, service_levels};

use super::*;

const COHORT: &str =
    "[service_levels]\nactive_within = \"14d\"\n[cohort.early]\nquery = 'hardware = \"A\"'";

/// Class, when it was heard of, what it runs and whether that is verified.
type Device<'a> = (&'a str, Option<i64>, Option<(&'a str, bool)>);

/// The fleet, of which the first `cohort` devices are in the cohort.
fn reach(devices: &[Device<'_>], cohort: usize) -> Vec<Reach> {
    let (plan, now) = (plan("", COHORT), 20 * DAY);
    let mut fleet = Fleet::new(&plan, at(now));
    for (index, (class, seen, running)) in devices.iter().enumerate() {
        let device = InField {
            class,
            last_seen: seen.map(at),
            running: *running,
        };
        fleet.add(&device, (index < cohort).then_some(0));
    }
    service_levels(&plan, fleet, &[], &[], at(now)).reach
}

#[test]
fn each_device_counts_once_and_only_verified_versions_have_a_name() {
    let now = Some(20 * DAY);
    let told = reach(
        &[
            ("device-v1", now, Some(("1.1.0", true))),
            ("device-v1", now, Some(("1.1.0", true))),
            ("device-v1", Some(6 * DAY), Some(("1.0.0", true))),
            ("device-v1", Some(6 * DAY - 1), Some(("1.1.0", true))),
            ("device-v1", now, Some(("1.2.0", false))),
            ("device-v1", now, None),
            ("device-v1", None, None),
            ("device-v0", now, Some(("0.9.0", true))),
        ],
        3,
    );
    let summary: Vec<_> = told
        .iter()
        .map(|one| {
            let verified: Vec<_> = one
                .verified
                .iter()
                .map(|count| (&*count.version, count.devices))
                .collect();
            let counts = (one.devices, one.unreachable, one.unverified);
            (one.subject.kind(), one.subject.name(), counts, verified)
        })
        .collect();
    let expected = [
        (
            "class",
            "device-v1",
            (7, 2, 2),
            vec![("1.1.0", 2), ("1.0.0", 1)],
        ),
        ("class", "device-v0", (1, 0, 0), vec![("0.9.0", 1)]),
        (
            "cohort",
            "early",
            (3, 0, 0),
            vec![("1.1.0", 2), ("1.0.0", 1)],
        ),
    ];
    assert_eq!(summary, expected);
}

/// A fleet that names a version for each device must not make a line for each.
#[test]
fn the_list_of_versions_is_bounded() {
    let names: Vec<_> = (0..50).map(|number| format!("9.9.{number}")).collect();
    let devices: Vec<_> = names
        .iter()
        .map(|name| ("device-v1", Some(20 * DAY), Some((name.as_str(), true))))
        .collect();
    let told = reach(&devices, 0);
    assert_eq!(told[0].verified.len(), 21);
    let last = &told[0].verified[20];
    assert_eq!((&*last.version, last.devices), ("all others", 30));
    // So many are told apart only while they are counted; nobody is lost.
    let names: Vec<_> = (0..1500).map(|number| format!("9.9.{number}")).collect();
    let devices = names
        .iter()
        .map(|name| ("device-v1", Some(20 * DAY), Some((name.as_str(), true))));
    let told = reach(&devices.collect::<Vec<_>>(), 0);
    assert_eq!(told[0].verified[20].devices, 1480);
}
