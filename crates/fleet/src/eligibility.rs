//! Which devices a release may go to. Read [`eligible`].

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};
use semver::Version;

use crate::device::{Device, Running};
use crate::ineligible::Ineligible;

/// What a release, and the plan that it rests on, ask of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The class that the release is made for.
    pub class: String,
    /// The release's sequence number.
    pub sequence: u64,
    /// The hardware revisions of the class.
    pub hardware: Vec<String>,
    /// The oldest boot loader that the class's releases may meet.
    pub bootloader_min: Version,
    /// How long the class is supported, if anybody promised it.
    pub support: Option<Support>,
    /// Whether the release is an emergency's: it goes to devices without support too.
    pub is_critical: bool,
    /// The stepping stones before the release, the lowest first: a device runs each of these versions, or a later
    /// one, before it gets the release.
    pub stones: Vec<Version>,
}

/// The end of a class's security support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// Its last day. It ends when that day has ended everywhere on Earth, so that the promise is
    /// kept in each owner's own zone.
    pub last_day: Date,
    /// What owners move to afterwards, in the plan's words.
    pub then: Option<String>,
}

/// Whether `device` may be enrolled at `now` for a release under these terms.
///
/// # Errors
/// The first reason why not: what the device is comes before what it runs.
pub fn eligible(device: &Device, terms: &Terms, now: Timestamp) -> Result<(), Ineligible> {
    is_of_the_kind(device, terms)?;
    if !terms.is_critical {
        supported(terms.support.as_ref(), now)?;
    }
    bootloader_fits(device, &terms.bootloader_min)?;
    let running = runs_something_older(device, terms.sequence)?;
    match stone_ahead(&running.version, &terms.stones) {
        None => Ok(()),
        Some(stone) => Err(Ineligible::BehindStone {
            stone: stone.to_string(),
        }),
    }
}

/// The first of these stepping stones, the lowest first, that a device which runs this version hasn't reached.
#[must_use]
pub fn stone_ahead<'s>(runs: &str, stones: &'s [Version]) -> Option<&'s Version> {
    // A version that can't be read is no proof that a stone was reached; nor is a stone's own pre-release.
    let runs = runs.parse::<Version>().ok();
    let is_reached = |stone: &Version| {
        let runs = runs.as_ref();
        runs.is_some_and(|runs| runs.cmp_precedence(stone).is_ge())
    };
    stones.iter().find(|stone| !is_reached(stone))
}

fn is_of_the_kind(device: &Device, terms: &Terms) -> Result<(), Ineligible> {
    if device.class != terms.class {
        return Err(Ineligible::WrongClass {
            class: device.class.clone(),
        });
    }
    if !terms.hardware.contains(&device.hardware) {
        return Err(Ineligible::WrongHardware {
            hardware: device.hardware.clone(),
            listed: terms.hardware.clone(),
        });
    }
    Ok(())
}

/// Whether a class with this promise is still supported at `now`; one without a promise is.
///
/// # Errors
/// [`Ineligible::SupportEnded`], with the day and what to move to.
pub fn supported(support: Option<&Support>, now: Timestamp) -> Result<(), Ineligible> {
    /// The zone in which each day ends last.
    const LAST_ON_EARTH_HOURS: i8 = -12;
    let zone = TimeZone::fixed(offset(LAST_ON_EARTH_HOURS));
    match support {
        Some(Support { last_day, then }) if zone.to_datetime(now).date() > *last_day => {
            Err(Ineligible::SupportEnded {
                last_day: *last_day,
                then: then.clone(),
            })
        }
        _ => Ok(()),
    }
}

fn bootloader_fits(device: &Device, min: &Version) -> Result<(), Ineligible> {
    // A version that can't be read is no proof that the boot loader is new enough.
    let version = device.bootloader.parse::<Version>();
    if version.is_ok_and(|version| version.cmp_precedence(min).is_ge()) {
        return Ok(());
    }
    Err(Ineligible::BootloaderTooOld {
        has: device.bootloader.clone(),
        needs: min.to_string(),
    })
}

fn runs_something_older(device: &Device, sequence: u64) -> Result<&Running, Ineligible> {
    let running = device.running.as_ref().ok_or(Ineligible::NeverSeen)?;
    if running.sequence >= sequence {
        return Err(Ineligible::AlreadyRuns {
            version: running.version.clone(),
        });
    }
    if running.is_on_trial() {
        return Err(Ineligible::OnTrial {
            version: running.version.clone(),
        });
    }
    Ok(running)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{DeviceId, ReleaseDigest};

    fn device() -> Device {
        Device {
            id: DeviceId::new("th-1").expect("a good name"),
            class: "thermo-v2".to_owned(),
            hardware: "B".to_owned(),
            zone: "America/Denver".to_owned(),
            bootloader: "1.10.0".to_owned(),
            registered_at: Timestamp::UNIX_EPOCH,
            last_seen: None,
            running: Some(running(1, true)),
            attributes: BTreeMap::new(),
        }
    }

    fn running(sequence: u64, verified: bool) -> Running {
        Running {
            release: ReleaseDigest([1; 32]),
            version: "1.0.0".to_owned(),
            sequence,
            verified,
            last_resort: false,
            since: Timestamp::UNIX_EPOCH,
        }
    }

    fn terms() -> Terms {
        Terms {
            class: "thermo-v2".to_owned(),
            sequence: 2,
            hardware: vec!["B".to_owned(), "C".to_owned()],
            bootloader_min: Version::new(1, 4, 0),
            support: Some(Support {
                last_day: Date::constant(2032, 6, 30),
                then: Some("thermo-v3".to_owned()),
            }),
            is_critical: false,
            stones: Vec::new(),
        }
    }

    fn noon(day: &str) -> Timestamp {
        format!("{day}T12:00:00Z").parse().expect("a day")
    }

    /// Turns one thing of a good device, and says by which id and sentence it is refused then.
    fn check(turn: impl FnOnce(&mut Device), expected: Option<(&str, &str)>) {
        let mut device = device();
        turn(&mut device);
        let refused = eligible(&device, &terms(), noon("2026-11-26")).err();
        let told = refused.map(|refused| (refused.id(), refused.to_string()));
        let expected = expected.map(|(id, sentence)| (id, sentence.to_owned()));
        assert_eq!(told, expected);
    }

    #[test]
    fn each_reason_is_named() {
        check(|_| {}, None);
        check(
            |d| d.class = "thermo-v1".to_owned(),
            Some(("fleet.wrong-class", "it is of class thermo-v1")),
        );
        let sentence = "it is of hardware A, and its class lists B, C";
        check(
            |d| d.hardware = "A".to_owned(),
            Some(("fleet.wrong-hardware", sentence)),
        );
        for old in ["1.3.9", "1.4.0-rc.1", "old", ""] {
            let sentence = format!("its boot loader {old} isn't 1.4.0 or newer");
            check(
                |d| d.bootloader = old.to_owned(),
                Some(("fleet.bootloader-too-old", &sentence)),
            );
        }
        check(|d| d.bootloader = "1.4.0".to_owned(), None);
        check(
            |d| d.running = None,
            Some(("fleet.never-seen", "it has never said what it runs")),
        );
        check(
            |d| d.running = Some(running(2, true)),
            Some(("fleet.already-runs", "it runs 1.0.0 already")),
        );
        check(
            |d| d.running = Some(running(1, false)),
            Some(("fleet.on-trial", "it is trying out 1.0.0")),
        );
    }

    /// Nothing would ever reach them again: they wait in their safe mode for what comes next.
    #[test]
    fn who_lost_what_it_had_confirmed_may_get_the_next_release() {
        let left = |last_resort, release| Running {
            last_resort,
            release,
            ..running(1, false)
        };
        check(
            |d| d.running = Some(left(true, ReleaseDigest([1; 32]))),
            None,
        );
        check(|d| d.running = Some(left(false, Running::NOTHING)), None);
    }

    #[test]
    fn the_lowest_stone_ahead_is_named() {
        let stones = vec![Version::new(2, 0, 0), Version::new(3, 1, 0)];
        let behind = |stone: &str| {
            let sentence = format!("it must run {stone} or later first");
            Some(("fleet.behind-stone".to_owned(), sentence))
        };
        for (version, expected) in [
            ("1.4.0", Some("2.0.0")),
            ("1.10.0", Some("2.0.0")),
            ("2.0.0-rc.1", Some("2.0.0")),
            ("2.0.0", Some("3.1.0")),
            ("3.0.9", Some("3.1.0")),
            ("3.1.0", None),
            ("3.1.0+build.7", None),
            ("10.0.0", None),
            ("2024-05", Some("2.0.0")),
            ("", Some("2.0.0")),
        ] {
            let mut device = device();
            device.running.as_mut().expect("it runs").version = version.to_owned();
            let terms = Terms {
                stones: stones.clone(),
                ..terms()
            };
            let refused = eligible(&device, &terms, noon("2026-11-26")).err();
            let told = refused.map(|refused| (refused.id().to_owned(), refused.to_string()));
            let expected = expected.and_then(behind);
            assert_eq!(told, expected, "{version:?}");
        }
    }

    #[test]
    fn support_lasts_until_its_last_day_has_ended_everywhere() {
        for (now, good) in [
            ("2032-06-30T23:59:59Z", true),
            ("2032-07-01T11:59:59Z", true),
            ("2032-07-01T12:00:00Z", false),
        ] {
            let now: Timestamp = now.parse().expect("an instant");
            assert_eq!(eligible(&device(), &terms(), now).is_ok(), good, "{now}");
        }
    }

    #[test]
    fn the_end_of_support_names_its_day_and_the_way_on() {
        let later = noon("2033-01-01");
        let refused = |terms: &Terms| eligible(&device(), terms, later).err();
        let told = refused(&terms()).expect("support has ended");
        assert_eq!(told.id(), "fleet.support-ended");
        assert_eq!(
            told.to_string(),
            "security support of its class ended on 2032-06-30; its owner is to move to thermo-v3"
        );
        let mut nowhere = terms();
        nowhere.support.as_mut().expect("promised").then = None;
        let told = refused(&nowhere).expect("support has ended").to_string();
        assert_eq!(told, "security support of its class ended on 2032-06-30");
        let critical = Terms {
            is_critical: true,
            ..terms()
        };
        assert_eq!(refused(&critical), None, "an emergency reaches it");
        let unpromised = Terms {
            support: None,
            ..terms()
        };
        assert_eq!(refused(&unpromised), None);
    }
}
