//! One device that had nothing to do. Read [`Entry`].

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::HeaderValue;
use jiff::Timestamp;
use mainstay_fleet::KeptInstant;

use super::asked::{ASKED_BYTES_MAX, Kept};
use super::{Asked, Era, Found, LOOKED_AT_EVERY, TokenHash};
use crate::contacts::Contact;

/// What a device was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The body.
    pub body: Bytes,
    /// The name of this body, where clients may ask for another one.
    pub etag: Option<HeaderValue>,
}

/// A device that had nothing to do. Its token lies here, and not in the map beside it: what is free in that would else have room for one, too.
#[derive(Debug)]
pub(crate) struct Entry {
    token: TokenHash,
    era: Era,
    from: KeptInstant,
    /// For so many microseconds it holds: an hour at most, which fits.
    lasts_us: u32,
    contact: Arc<Contact>,
    asked: Arc<Kept>,
    answer: Arc<Answer>,
}

/// What devices were last heard to say, and were answered: most of a fleet says the same, and hears the same. Kept once, it takes no memory for
/// each device, and is at hand when the next one asks.
#[derive(Debug, Default)]
pub(super) struct Common {
    asked: Vec<Arc<Kept>>,
    answers: Vec<Arc<Answer>>,
}

/// So many of each are looked through for one like it. What no other device says is soon not among them any more.
const COMMON_MAX: usize = 8;

/// Takes what is kept already in place of one like it. The one that wasn't taken for longest is forgotten first: what many say stays, however
/// many there are beside them that all say something else.
fn share<T: PartialEq>(known: &mut Vec<Arc<T>>, one: &mut Arc<T>) {
    if let Some(at) = known.iter().position(|known| **known == **one) {
        let same = known.remove(at);
        *one = same.clone();
        known.push(same);
        return;
    }
    if known.len() >= COMMON_MAX {
        known.remove(0);
    }
    known.push(one.clone());
}

impl Entry {
    /// None if what was found is good for no time at all: an answer stays the same only while the next poll comes before the turn. None
    /// of somebody who asks in too many words, either.
    pub(super) fn new(
        token: TokenHash,
        era: Era,
        contact: Arc<Contact>,
        found: Found<'_>,
    ) -> Option<Self> {
        let longest = found.at.checked_add(LOOKED_AT_EVERY).ok()?;
        let near = found.turn.map(|turn| turn.checked_sub(found.poll));
        let until = match near {
            Some(near) => longest.min(near.ok()?),
            None => longest,
        };
        let is_short = found.asked.bytes() <= ASKED_BYTES_MAX;
        let lasts_us = until.as_microsecond() - found.at.as_microsecond();
        let lasts_us = u32::try_from(lasts_us).ok()?;
        (is_short && lasts_us > 0).then(|| Self {
            token,
            era,
            from: found.at.into(),
            lasts_us,
            contact,
            asked: Arc::new(Kept::of(found.asked)),
            answer: Arc::new(found.answer),
        })
    }

    /// Keeps what it has in common with others once.
    pub(super) fn share(&mut self, common: &mut Common) {
        share(&mut common.asked, &mut self.asked);
        share(&mut common.answers, &mut self.answer);
    }

    /// The hash of the device's token.
    pub(super) fn token(&self) -> &TokenHash {
        &self.token
    }

    /// The device, and where it is noted that it was heard of.
    pub fn contact(&self) -> &Arc<Contact> {
        &self.contact
    }

    /// What it was answered.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    pub(super) fn from(&self) -> Timestamp {
        self.from.into()
    }

    pub(super) fn era(&self) -> Era {
        self.era
    }

    /// Whether it holds at `now`; not before it was made: a clock that was set back shows another time of day.
    pub(super) fn is_good_at(&self, now: Timestamp) -> bool {
        let passed_us = now.as_microsecond() - self.from.micros();
        (0..i64::from(self.lasts_us)).contains(&passed_us)
    }

    pub(super) fn is_asked(&self, asked: &Asked<'_>) -> bool {
        self.asked.is(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a million of these are remembered, each with two counts and what the allocator adds: 96 bytes.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn an_entry_takes_little_room() {
        assert!(size_of::<Entry>() <= 72, "{}", size_of::<Entry>());
        let longest = LOOKED_AT_EVERY.as_micros();
        assert!(u32::try_from(longest).is_ok(), "{longest}");
    }

    #[test]
    fn what_is_alike_is_kept_once_as_long_as_others_say_it() {
        let mut known = Vec::new();
        let mut take = |number: usize| {
            let mut one = Arc::new(number);
            share(&mut known, &mut one);
            one
        };
        let (first, again) = (take(7), take(7));
        assert!(Arc::ptr_eq(&first, &again));
        // As many others as are looked through: the first one is forgotten, and each is what it says.
        let others: Vec<_> = (10..10 + COMMON_MAX).map(&mut take).collect();
        assert!(
            others
                .iter()
                .zip(10..)
                .all(|(other, number)| **other == number)
        );
        let anew = take(7);
        assert!(*anew == 7 && !Arc::ptr_eq(&first, &anew));
        assert!(known.len() <= COMMON_MAX);
    }

    #[test]
    fn what_many_say_stays_beside_what_each_says_alone() {
        let mut known = Vec::new();
        let mut take = |number: usize| {
            let mut one = Arc::new(number);
            share(&mut known, &mut one);
            one
        };
        let common = take(7);
        for rare in 10..10 + 3 * COMMON_MAX {
            take(rare);
            assert!(Arc::ptr_eq(&common, &take(7)), "{rare}");
        }
        assert_eq!(known.len(), COMMON_MAX);
    }
}
