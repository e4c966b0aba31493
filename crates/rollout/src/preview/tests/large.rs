//! What is too large to arrive before the horizon: 2 GiB, over lines of two speeds.

use super::*;

/// Ten devices in one wave, of which two may download at a time.
fn large(devices: &[Device], bytes_per_second: u64) -> Premise<'_> {
    let mut premise = premise(devices);
    premise.candidate.image_bytes = 2 << 30;
    premise.pace.image_bytes = 2 << 30;
    premise.pace.bytes_per_second = bytes_per_second;
    premise.rules.limits.downloads = 2;
    premise.rules.waves = vec![plan::Wave::Percent(100)];
    premise
}

/// 72 minutes: silent after an hour, but not after the 143 minutes for which a place is held.
#[test]
fn who_still_downloads_when_it_counts_as_silent_keeps_its_place() {
    let devices = fleet(10);
    let told = told(&large(&devices, 500_000));
    assert_eq!(told.peak.downloads, 2);
    assert_eq!((told.enrolled, told.unreached.len()), (10, 0));
    // The last two begin when eight others have ended, two by two.
    assert!(told.ends > Some(at(4 * 72)), "{:?}", told.ends);
}

/// Six hours: the place is another's after 143 minutes, though the download goes on.
#[test]
fn who_downloads_for_longer_than_that_gives_its_place_back_once() {
    let devices = fleet(10);
    let told = told(&large(&devices, 100_000));
    // Who began in the first 143 minutes, in the next, and in those after.
    let downloads = told.peak.downloads;
    assert!((3..=6).contains(&downloads), "{downloads} at once");
    assert_eq!((told.enrolled, told.unreached.len()), (10, 0));
}
