//! How long things take in a preview, in milliseconds. Read [`Spans`].

use jiff::{SignedDuration, Timestamp};

use super::Premise;
use crate::turn;

/// How long things take, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spans {
    /// Between two polls of a device.
    poll: SignedDuration,
    pub(super) poll_ms: i64,
    /// From an offer to the first boot of what was offered.
    pub(super) boots_ms: i64,
    /// From there to the device's word that it keeps it.
    pub(super) confirms_ms: i64,
}

impl Spans {
    /// As the premise says.
    pub(super) fn of(premise: &Premise<'_>) -> Self {
        let (poll, pace) = (premise.rules.poll, &premise.pace);
        Self {
            poll,
            poll_ms: ms(poll).max(1),
            boots_ms: ms(pace.download()) + ms(pace.restart),
            confirms_ms: ms(pace.confirm),
        }
    }

    /// When a device asks that will get nothing before its turn, if that is known: polls before that are passed over.
    pub(super) fn asks_again(&self, turn: Option<Timestamp>, now_ms: i64) -> i64 {
        let passed_over = turn.map_or(0, |turn| {
            let until_ms = turn.as_millisecond() - now_ms;
            (until_ms - 1).max(0) / self.poll_ms
        });
        let poll_ms = now_ms + passed_over * self.poll_ms;
        poll_ms + ms(turn::asks_again_after(self.poll, turn, instant(poll_ms)))
    }
}

/// The instant of a moment.
pub(super) fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

/// Whole milliseconds; ages if there are more than can be counted.
pub(super) fn ms(span: SignedDuration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4)
}
