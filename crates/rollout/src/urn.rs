//! What a rollout's draw needs of each device, and no more: a fleet is shown device by device, page by page, and is never in memory whole.
//! A million devices take some 90 MB. Read [`Urn`].

use core::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId, Ineligible, Site, Terms, eligible};

use crate::rules::Rules;
use crate::sample::{self, DrawRefusal, Enrolment, Shared, lot};
use crate::unit;

/// The devices that a rollout is drawn from.
#[derive(Debug, Clone)]
pub struct Urn {
    terms: Terms,
    rules: Rules,
    seed: u64,
    now: Timestamp,
    /// How many devices were shown.
    shown: usize,
    /// Those that are eligible.
    entrants: Vec<Entrant>,
    /// The number of each kind that is among them.
    kinds: BTreeMap<Kind, usize>,
    /// Why others aren't, by the reason's id.
    reasons: BTreeMap<&'static str, Shared>,
}

/// An eligible device.
#[derive(Debug, Clone)]
pub(crate) struct Entrant {
    id: DeviceId,
    /// The first bytes of its [`lot`]: those of a million devices hardly ever have two alike.
    lot: u64,
    /// How many were shown before it.
    place: usize,
    /// The number of its kind.
    pub kind: usize,
    /// Where it stands, if that counts.
    pub site: Option<Site>,
}

/// What a canary's minima ask of devices: all devices of one kind are alike to them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind {
    /// The hardware revision.
    pub hardware: String,
    /// The value of each attribute that has a minimum, in the order of the rules.
    pub values: Vec<Option<String>>,
}

impl Urn {
    /// One into which no device was put yet.
    #[must_use]
    pub fn new(terms: Terms, rules: Rules, seed: u64, now: Timestamp) -> Self {
        Self {
            terms,
            rules,
            seed,
            now,
            shown: 0,
            entrants: Vec::new(),
            kinds: BTreeMap::new(),
            reasons: BTreeMap::new(),
        }
    }

    /// Puts a device in, if it is eligible. Each may be shown once.
    pub fn show(&mut self, device: &Device) {
        match eligible(device, &self.terms, self.now) {
            Ok(()) => self.enter(device),
            Err(reason) => self.count(device, reason),
        }
        self.shown += 1;
    }

    fn enter(&mut self, device: &Device) {
        let minima = self.rules.canary.at_least_per.iter();
        let kind = Kind {
            hardware: device.hardware.clone(),
            values: minima
                .map(|minimum| device.attributes.get(&minimum.attribute).cloned())
                .collect(),
        };
        let next = self.kinds.len();
        self.entrants.push(Entrant {
            lot: beginning(lot(self.seed, sample::PURPOSE, &device.id)),
            id: device.id.clone(),
            place: self.shown,
            kind: *self.kinds.entry(kind).or_insert(next),
            site: unit::site(&self.rules, device),
        });
    }

    fn count(&mut self, device: &Device, reason: Ineligible) {
        let shared = self.reasons.entry(reason.id()).or_insert_with(|| Shared {
            devices: 0,
            first: device.id.clone(),
            reason,
        });
        shared.devices += 1;
    }

    /// Draws all of them into waves, canary first, and within a wave in the order of their lots. In which order they were shown doesn't matter.
    ///
    /// # Errors
    /// As [`sample::draw`].
    pub fn draw(self) -> Result<Vec<Enrolment>, DrawRefusal> {
        let mut drawn = self.drawn()?;
        // The sort is stable.
        drawn.sort_by_key(|(_, enrolment)| enrolment.wave);
        Ok(drawn.into_iter().map(|(_, enrolment)| enrolment).collect())
    }

    /// As [`Self::draw`], but within a wave in the order in which they were shown.
    ///
    /// # Errors
    /// As [`sample::draw`].
    pub fn draw_as_shown(self) -> Result<Vec<Enrolment>, DrawRefusal> {
        let mut drawn = self.drawn()?;
        drawn.sort_unstable_by_key(|(place, enrolment)| (enrolment.wave, *place));
        Ok(drawn.into_iter().map(|(_, enrolment)| enrolment).collect())
    }

    /// Who is drawn, in the order of their lots, each with its place in the order in which they were shown.
    fn drawn(mut self) -> Result<Vec<(usize, Enrolment)>, DrawRefusal> {
        if self.rules.waves.is_empty() {
            return Err(DrawRefusal::NoWaves);
        }
        if self.entrants.is_empty() {
            let reasons = self.reasons.into_values();
            return Err(DrawRefusal::NobodyEligible {
                considered: self.shown,
                commonest: reasons.max_by_key(|shared| shared.devices),
            });
        }
        let seed = self.seed;
        self.entrants
            .sort_unstable_by(|one, other| by_lot(seed, one, other));
        let canary = sample::canary(&self.rules, &self.entrants, &numbered(self.kinds))?;
        let outside = canary.iter().filter(|is_in| !**is_in).count();
        let ends = sample::wave_ends(&self.rules.waves, outside);
        let mut later = 0..outside;
        let mut wave = |is_canary: bool| match is_canary {
            true => Some(0),
            false => {
                let n = later.next()?;
                ends.iter().position(|end| n < *end)
            }
        };
        let entrants = self.entrants.into_iter().zip(canary);
        let drawn = entrants.filter_map(|(Entrant { id, place, .. }, is_canary)| {
            let wave = wave(is_canary)?;
            Some((place, Enrolment { device: id, wave }))
        });
        Ok(drawn.collect())
    }
}

fn beginning(lot: [u8; 32]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = lot;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// By their whole lots, which are made anew for the few that begin alike.
fn by_lot(seed: u64, one: &Entrant, other: &Entrant) -> Ordering {
    let whole = |of: &Entrant| lot(seed, sample::PURPOSE, &of.id);
    let begin = one.lot.cmp(&other.lot);
    let alike = begin.then_with(|| whole(one).cmp(&whole(other)));
    alike.then_with(|| one.id.cmp(&other.id))
}

/// The kinds by their numbers.
fn numbered(kinds: BTreeMap<Kind, usize>) -> Vec<Kind> {
    let mut numbered: Vec<_> = kinds.into_iter().map(|(kind, n)| (n, kind)).collect();
    numbered.sort_unstable();
    numbered.into_iter().map(|(_, kind)| kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::id;

    fn entrant(n: usize, begins: u64) -> Entrant {
        Entrant {
            id: id(n),
            lot: begins,
            place: n,
            kind: 0,
            site: None,
        }
    }

    #[test]
    fn lots_that_begin_alike_are_told_apart_by_the_rest() {
        let whole = |n: usize| lot(7, sample::PURPOSE, &id(n));
        for (one, other) in [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)] {
            let told = by_lot(7, &entrant(one, 1), &entrant(other, 1));
            assert_eq!(told, whole(one).cmp(&whole(other)), "{one}, {other}");
            let told = by_lot(7, &entrant(one, 2), &entrant(other, 1));
            assert_eq!(told, Ordering::Greater, "the beginning comes first");
        }
        assert_eq!(by_lot(7, &entrant(1, 1), &entrant(1, 1)), Ordering::Equal);
    }

    #[test]
    fn a_lot_begins_with_its_first_bytes() {
        let mut lot = [0; 32];
        lot[..9].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(beginning(lot), 0x0102_0304_0506_0708);
    }
}
