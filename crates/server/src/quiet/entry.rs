//! One device that had nothing to do. Read [`Entry`].

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::HeaderValue;
use jiff::Timestamp;

use super::asked::{ASKED_BYTES_MAX, Kept};
use super::{Asked, Era, Found, LOOKED_AT_EVERY};
use crate::contacts::Contact;

/// What a device was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The body.
    pub body: Bytes,
    /// The name of this body, where clients may ask for another one.
    pub etag: Option<HeaderValue>,
}

/// A device that had nothing to do.
#[derive(Debug)]
pub(crate) struct Entry {
    era: Era,
    from: Timestamp,
    until: Timestamp,
    contact: Arc<Contact>,
    asked: Kept,
    answer: Answer,
}

impl Entry {
    /// None if what was found is good for no time at all: an answer stays the same only while the next poll comes before the turn. None
    /// of somebody who asks in too many words, either.
    pub(super) fn new(era: Era, contact: Arc<Contact>, found: Found<'_>) -> Option<Self> {
        let longest = found.at.checked_add(LOOKED_AT_EVERY).ok()?;
        let near = found.turn.map(|turn| turn.checked_sub(found.poll));
        let until = match near {
            Some(near) => longest.min(near.ok()?),
            None => longest,
        };
        let is_short = found.asked.bytes() <= ASKED_BYTES_MAX;
        (is_short && found.at < until).then(|| Self {
            era,
            from: found.at,
            until,
            contact,
            asked: Kept::of(found.asked),
            answer: found.answer,
        })
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
        self.from
    }

    pub(super) fn era(&self) -> Era {
        self.era
    }

    /// Whether it holds at `now`; not before it was made: a clock that was set back shows another time of day.
    pub(super) fn is_good_at(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    pub(super) fn is_asked(&self, asked: &Asked<'_>) -> bool {
        self.asked.is(asked)
    }
}
