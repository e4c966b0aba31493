//! The rules as the watch knows them: written down a second time, from the plan's words and not from the code that
//! is watched.
//!
//! They are coarser than that code where the coarse rule is enough to catch it cheating. Read
//! [`window_is_open`], [`takes_place`], [`is_fit`], [`is_past_stone`] and [`are_gateways_there`].

use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::Device;
use mainstay_rollout::{Candidate, Progress};

use crate::plan_text::PlanChoice;

/// The federal holidays of the years in which stories play, each on its day and on the day it is observed.
const HOLIDAYS: [Date; 22] = [
    date(2027, 1, 1),
    date(2027, 1, 18),
    date(2027, 2, 15),
    date(2027, 5, 31),
    date(2027, 6, 18),
    date(2027, 6, 19),
    date(2027, 7, 4),
    date(2027, 7, 5),
    date(2027, 9, 6),
    date(2027, 10, 11),
    date(2027, 11, 11),
    date(2027, 11, 25),
    date(2027, 12, 24),
    date(2027, 12, 25),
    date(2027, 12, 31),
    date(2028, 1, 1),
    date(2028, 1, 17),
    date(2028, 2, 21),
    date(2028, 5, 29),
    date(2028, 6, 19),
    date(2028, 7, 4),
    date(2028, 9, 4),
];

/// Whether a device in `zone` may begin at `now`. In the hour that comes twice in autumn this says yes twice.
pub fn window_is_open(plan: &PlanChoice, zone: &str, now: Timestamp) -> bool {
    let Ok(zone) = TimeZone::get(zone) else {
        return false;
    };
    let local = zone.to_datetime(now);
    let hour = u64::from(local.hour().unsigned_abs());
    let (from, until) = (plan.from_hour, plan.until_hour);
    let (in_hours, night) = match from < until {
        _ if plan.always_open => (true, local.date()),
        true => (from <= hour && hour < until, local.date()),
        false if hour < until => (true, local.date().yesterday().unwrap_or(local.date())),
        false => (hour >= from, local.date()),
    };
    in_hours && is_a_day(plan, night) && !is_black(plan, local.date())
}

/// Whether a window may start on this day.
fn is_a_day(plan: &PlanChoice, night: Date) -> bool {
    let weekend = [Weekday::Friday, Weekday::Saturday, Weekday::Sunday];
    let is_off = plan.weekdays_only && weekend.contains(&night.weekday());
    !is_off && !is_black(plan, night)
}

fn is_black(plan: &PlanChoice, day: Date) -> bool {
    plan.holidays && HOLIDAYS.contains(&day)
}

/// Whether a device surely takes one of the places for downloads: it was promised the release within its last
/// three polls, or is fetching it and not overdue.
pub fn takes_place(plan: &PlanChoice, progress: &Progress, now: Timestamp) -> bool {
    let minutes = |minutes: u64| SignedDuration::from_mins(i64::try_from(minutes).unwrap_or(0));
    match progress {
        Progress::Promised { at } => now < *at + minutes(3 * plan.poll_min),
        Progress::Began { at } => now < *at + minutes(plan.horizon_min),
        _ => false,
    }
}

/// The hardware revisions of the plan's class, in every world.
const HARDWARE: [&str; 2] = ["B", "C"];
/// The oldest boot loader that is good enough.
const BOOTLOADER: [u64; 3] = [1, 4, 0];
/// Noon after the last day of support, when it has ended everywhere on Earth.
const SUPPORT_ENDS: &str = "2035-01-01T12:00:00Z";

/// Whether a device is one of those that the plan's class is for, and is supported at `now`. No release of these
/// worlds is an emergency's.
pub fn is_fit(device: &Device, now: Timestamp) -> bool {
    let ends: Timestamp = SUPPORT_ENDS.parse().expect("the constant is an instant");
    let numbers: Result<Vec<u64>, _> = device.bootloader.split('.').map(str::parse).collect();
    let is_new = numbers.is_ok_and(|numbers| numbers.len() == 3 && numbers[..] >= BOOTLOADER[..]);
    HARDWARE.contains(&device.hardware.as_str()) && is_new && now < ends
}

/// The versions from which 1.2.0 may be installed, where 1.1.0 is a stepping stone on the way to it. These worlds have no
/// others.
const OVER_THE_STONE: [&str; 2] = ["1.1.0", "1.2.0"];

/// Whether a device that runs this version may get the candidate. Gateways have no stones.
pub fn is_past_stone(plan: &PlanChoice, candidate: &Candidate, runs: &str) -> bool {
    let is_asked = plan.stone && candidate.class == THERMOSTATS && candidate.version == "1.2.0";
    !is_asked || OVER_THE_STONE.contains(&runs)
}

/// The class that waits for gateways.
const THERMOSTATS: &str = "thermo-v2";

/// Whether so many gateways that ever booted a new release, out of all, are enough for the candidate. A device counts for the
/// servers only once it has confirmed, which is later: this is enough to notice that nobody waits.
pub fn are_gateways_there(
    plan: &PlanChoice,
    candidate: &Candidate,
    (ran, all): (usize, usize),
) -> bool {
    let is_asked = plan.gateways_first > 0 && candidate.class == THERMOSTATS;
    !is_asked || ran * 100 >= all * plan.gateways_first as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mainstay_fleet::{DeviceId, ReleaseDigest};

    use super::*;
    use crate::world::World;

    #[test]
    fn a_fit_device_is_one_that_the_plan_is_for() {
        let text = World::drawn(1).plan.text();
        for said in [
            r#"hardware = ["B", "C"], bootloader = ">=1.4.0""#,
            "security_until = 2034-12-31",
        ] {
            assert!(text.contains(said), "{said}");
        }
        for (hardware, bootloader, now, fit) in [
            ("B", "1.4.0", "2035-01-01T11:59:59Z", true),
            ("C", "1.10.0", "2027-06-10T00:00:00Z", true),
            ("A", "1.4.0", "2027-06-10T00:00:00Z", false),
            ("B", "1.3.99", "2027-06-10T00:00:00Z", false),
            ("B", "1.4", "2027-06-10T00:00:00Z", false),
            ("B", "old", "2027-06-10T00:00:00Z", false),
            ("B", "1.4.0", "2035-01-01T12:00:00Z", false),
        ] {
            let device = Device {
                id: DeviceId::new("th-1").unwrap(),
                class: "thermo-v2".to_owned(),
                hardware: hardware.to_owned(),
                zone: "America/Denver".to_owned(),
                bootloader: bootloader.to_owned(),
                registered_at: Timestamp::UNIX_EPOCH,
                last_seen: None,
                running: None,
                attributes: BTreeMap::new(),
            };
            let is = is_fit(&device, now.parse().unwrap());
            assert_eq!(is, fit, "{hardware} {bootloader} {now}");
        }
    }

    #[test]
    fn a_stone_lies_between_the_first_and_the_last() {
        let plan = |stone| PlanChoice { stone, ..plan() };
        assert!(
            plan(true)
                .text()
                .contains(r#"from = "1.2.0", at_least = "1.1.0""#)
        );
        for (stone, runs, gets, may) in [
            (true, "1.0.0", "1.2.0", false),
            (true, "1.0.0", "1.1.0", true),
            (true, "1.1.0", "1.2.0", true),
            (false, "1.0.0", "1.2.0", true),
        ] {
            let gets = candidate("thermo-v2", gets);
            let is = is_past_stone(&plan(stone), &gets, runs);
            assert_eq!(is, may, "{runs} {}", gets.version);
        }
        let gateway = candidate("gateway-v1", "1.2.0");
        assert!(is_past_stone(&plan(true), &gateway, "1.0.0"));
    }

    fn candidate(class: &str, version: &str) -> Candidate {
        Candidate {
            release: ReleaseDigest([2; 32]),
            version: version.to_owned(),
            sequence: 2,
            class: class.to_owned(),
            returns_to: Vec::new(),
            image_bytes: 0,
        }
    }

    #[test]
    fn a_share_of_the_gateways_comes_first() {
        let plan = |gateways_first| PlanChoice {
            gateways_first,
            ..plan()
        };
        let said = r#"from = "1.1.0", class = "gateway-v1", at_least = "1.1.0", share = "70 %""#;
        assert!(plan(70).text().contains(said));
        for (first, class, gateways, there) in [
            (0, "thermo-v2", (0, 0), true),
            (70, "thermo-v2", (2, 3), false),
            (70, "thermo-v2", (3, 4), true),
            (100, "thermo-v2", (3, 4), false),
            (100, "gateway-v1", (0, 4), true),
        ] {
            let is = are_gateways_there(&plan(first), &candidate(class, "1.1.0"), gateways);
            assert_eq!(is, there, "{first} {class} {gateways:?}");
        }
    }

    fn plan() -> PlanChoice {
        PlanChoice {
            always_open: false,
            from_hour: 22,
            until_hour: 2,
            weekdays_only: true,
            holidays: true,
            ..World::drawn(1).plan
        }
    }

    #[test]
    fn nights_belong_to_the_day_on_which_they_start() {
        // Phoenix is seven hours behind UTC all year; 2027-06-17 is a Thursday before an observed holiday.
        let open = |at: &str| window_is_open(&plan(), "America/Phoenix", at.parse().unwrap());
        assert!(open("2027-06-10T05:00:00Z"));
        assert!(!open("2027-06-10T04:59:59Z"));
        assert!(open("2027-06-11T08:59:59Z"), "Thursday's night, on Friday");
        assert!(!open("2027-06-11T09:00:00Z"));
        assert!(!open("2027-06-12T05:00:00Z"), "Friday's night");
        assert!(open("2027-06-18T06:59:59Z"));
        assert!(
            !open("2027-06-18T07:00:00Z"),
            "a holiday from its midnight on"
        );
    }
}
