//! The people's homes: which device stands where, on what hardware, and what it has to put up with.

use mainstay_fleet::DeviceId;

use crate::dice::Dice;

/// Six U.S. time zones, with how many of a hundred devices live in each. Arizona, which keeps
/// standard time all year, stands for Mountain's odd one out in the tests of `plan`.
const ZONES: &[(&str, u64)] = &[
    ("America/New_York", 44),
    ("America/Chicago", 29),
    ("America/Denver", 7),
    ("America/Los_Angeles", 16),
    ("America/Anchorage", 2),
    ("Pacific/Honolulu", 2),
];

/// What a device has to put up with. Chances are in thousandths.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hardship {
    /// A request that never reaches the server.
    pub request_lost: u32,
    /// An answer that never reaches the device, though the server acted on the request.
    pub answer_lost: u32,
    /// A download that stops halfway through a piece.
    pub download_cut: u32,
    /// A power cut at some flash operation of an installation.
    pub power_cut: u32,
    /// Standing somewhere with no network at all for the whole story.
    pub offline: u32,
}

impl Hardship {
    /// The harmless background of an ordinary fleet.
    pub const ORDINARY: Self = Self {
        request_lost: 10,
        answer_lost: 10,
        download_cut: 30,
        power_cut: 30,
        offline: 4,
    };
    /// Nothing ever goes wrong.
    pub const NONE: Self = Self {
        request_lost: 0,
        answer_lost: 0,
        download_cut: 0,
        power_cut: 0,
        offline: 0,
    };
}

/// One home: the facts about a device that its maker would have on file, and its luck.
#[derive(Debug, Clone)]
pub struct Home {
    /// The device's name, `th-0001` and so on.
    pub id: DeviceId,
    /// Hardware revision, one of the class's.
    pub hardware: String,
    /// IANA time zone.
    pub zone: &'static str,
    /// Whether the home has no network for the whole story.
    pub offline: bool,
    /// When the device is first switched on, in seconds after the story's start.
    pub first_seen_s: u64,
}

/// Draws `count` homes from a seed. Hardware revisions are taken in nearly equal shares.
///
/// At least one device is offline wherever `hardship` has offline devices at all and the fleet has
/// a hundred: a fleet in which everything answers is no fleet.
pub fn draw(count: u32, hardware: &[String], hardship: Hardship, seed: u64) -> Vec<Home> {
    let mut dice = Dice::new(seed, STREAM);
    let mut homes: Vec<Home> = (1..=count)
        .map(|number| home(number, hardware, hardship, &mut dice))
        .collect();
    if hardship.offline > 0 && count >= 100 && !homes.iter().any(|home| home.offline) {
        let unlucky = dice.below(u64::from(count));
        homes[usize::try_from(unlucky).unwrap_or(0)].offline = true;
    }
    homes
}

/// The stream of [`Dice`] that draws the population; devices use their own numbers, from 1.
const STREAM: u64 = 0;
/// Devices are first switched on within this span, so that their polls never march in step.
const FIRST_SEEN_WITHIN_S: u64 = 3600;

fn home(number: u32, hardware: &[String], hardship: Hardship, dice: &mut Dice) -> Home {
    let id = DeviceId::new(format!("th-{number:04}")).expect("letters, a dash and digits");
    let pick = usize::try_from(dice.below(hardware.len() as u64)).unwrap_or(0);
    Home {
        id,
        hardware: hardware.get(pick).cloned().unwrap_or_default(),
        zone: zone(dice.below(100)),
        offline: dice.chance(hardship.offline),
        first_seen_s: dice.below(FIRST_SEEN_WITHIN_S),
    }
}

fn zone(mut percent: u64) -> &'static str {
    for (name, share) in ZONES {
        if percent < *share {
            return name;
        }
        percent -= share;
    }
    ZONES[0].0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(seed: u64) -> Vec<Home> {
        draw(
            500,
            &["B".to_owned(), "C".to_owned()],
            Hardship::ORDINARY,
            seed,
        )
    }

    #[test]
    fn every_zone_and_every_revision_is_inhabited() {
        let homes = fleet(7);
        for (zone, _) in ZONES {
            assert!(
                homes.iter().any(|home| home.zone == *zone),
                "nobody lives in {zone}"
            );
        }
        let b = homes.iter().filter(|home| home.hardware == "B").count();
        assert!((200..300).contains(&b), "{b} of 500 on hardware B");
    }

    #[test]
    fn shares_add_up_to_a_hundred() {
        assert_eq!(ZONES.iter().map(|(_, share)| share).sum::<u64>(), 100);
    }

    #[test]
    fn some_device_is_always_out_of_reach() {
        assert!((0..20).all(|seed| fleet(seed).iter().any(|home| home.offline)));
    }
}
