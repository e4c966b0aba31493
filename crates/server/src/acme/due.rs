//! When a certificate is asked for, and when again after that was in vain. Pure. Read [`renewal`] and [`wait`].

use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

/// After the first failure so long is waited, and each time twice as long as before. Authorities count failures of one name: the best known one lets five
/// be in an hour, and this comes to four.
const FIRST_WAIT: Duration = Duration::from_secs(5 * 60);

/// Never longer, unless the authority says so: what was mended is noticed on the same day.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 60 * 60);

/// And never longer than this while there is none that is good: nobody is let in.
const LONGEST_WITHOUT: Duration = Duration::from_secs(60 * 60);

/// An authority that says to come back later than this is asked after it all the same: a rate is counted over a week at most, and a certificate may end meanwhile.
const HEEDED_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Into so many parts the time is cut in which servers come apart.
pub(super) const PARTS: u32 = 1000;

/// From when on a certificate is renewed: when a third of its life is left, or up to a tenth of it earlier, each server at a `part` of its own, so that many
/// that began together don't come together for ever.
pub(super) fn renewal(begins: Timestamp, ends: Timestamp, part: u32) -> Timestamp {
    let life = ends.duration_since(begins);
    let part = i32::try_from(part.min(PARTS)).unwrap_or(0);
    let early = life / 10_000 * part;
    // It lies within its life.
    ends - life / 3 - early
}

/// How long is waited after so many failures in a row, up to a quarter of it longer by `part`; and for as long at least as the authority `asked`. Of the time that is
/// `left` of the certificate that is shown no more than a quarter is waited at once, whoever says so; none is left where there is none, or it is over.
pub(super) fn wait(failures: u32, asked: Option<Duration>, left: Duration, part: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    let own = FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT);
    let asked = asked.unwrap_or_default().min(HEEDED_MAX);
    let waits = match left.is_zero() {
        true => own.min(LONGEST_WITHOUT).max(asked),
        false => own.max(asked).min((left / 4).max(FIRST_WAIT)),
    };
    waits + own.min(waits) / 4 * part.min(PARTS) / PARTS
}

/// What a `Retry-After` asks for: seconds, or an instant (RFC 9110, section 10.2.3). None if it can't be read.
pub(super) fn asked(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = rfc2822::DateTimeParser::new()
        .parse_timestamp(header)
        .ok()?;
    let left: SignedDuration = at.duration_since(now);
    Some(left.try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_third_of_its_life_before_its_end_it_is_renewed_or_somewhat_earlier() {
        let (begins, ends) = (at("2026-01-01T00:00:00Z"), at("2026-04-01T00:00:00Z"));
        assert_eq!(renewal(begins, ends, 0), at("2026-03-02T00:00:00Z"));
        assert_eq!(renewal(begins, ends, PARTS), at("2026-02-21T00:00:00Z"));
        let half = renewal(begins, ends, PARTS / 2);
        assert_eq!(half, at("2026-02-25T12:00:00Z"));
        // One for six days, and one without an end.
        let ends = at("2026-01-07T00:00:00Z");
        assert_eq!(renewal(begins, ends, 0), at("2026-01-05T00:00:00Z"));
        assert!(renewal(begins, Timestamp::MAX, PARTS) > at("5000-01-01T00:00:00Z"));
    }

    #[test]
    fn waits_grow_from_minutes_to_hours_and_no_further() {
        let minutes = |failures| wait(failures, None, Duration::MAX, 0).as_secs() / 60;
        let all: Vec<_> = (1..=9).map(minutes).collect();
        assert_eq!(all, [5, 10, 20, 40, 80, 160, 320, 360, 360]);
        assert_eq!((minutes(0), minutes(u32::MAX)), (5, 360));
        // The best known authority lets five attempts fail in an hour.
        let first_hour = (1..=9).scan(0, |sum, nth| {
            *sum += minutes(nth);
            Some(*sum)
        });
        assert!(first_hour.filter(|after| *after < 60).count() < 5);
        assert_eq!(
            wait(1, None, Duration::MAX, PARTS),
            Duration::from_secs(375)
        );
    }

    #[test]
    fn whoever_says_when_to_come_back_is_heeded_within_a_week() {
        let hour = Duration::from_secs(3600);
        assert_eq!(wait(1, Some(hour), Duration::MAX, 0), hour);
        assert_eq!(
            wait(1, Some(Duration::from_secs(1)), Duration::MAX, 0),
            FIRST_WAIT
        );
        assert_eq!(wait(9, Some(Duration::MAX), Duration::MAX, 0), HEEDED_MAX);
        let now = at("2026-12-01T12:00:00Z");
        for (header, expected) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("Tue, 01 Dec 2026 12:01:00 GMT", Some(60)),
            ("Tue, 01 Dec 2026 11:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let expected = expected.map(Duration::from_secs);
            assert_eq!(asked(header, now), expected, "{header}");
        }
    }

    #[test]
    fn nobody_waits_past_the_end_of_what_is_shown() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        for (failures, asked, left, expected) in [
            (9, None, hours(8), hours(2)),
            (9, Some(hours(100)), hours(8), hours(2)),
            (9, Some(hours(100)), hours(1), hours(1) / 4),
            (9, None, Duration::from_secs(60), FIRST_WAIT),
            (1, None, hours(8), FIRST_WAIT),
            (9, None, Duration::ZERO, LONGEST_WITHOUT),
            (9, Some(hours(3)), Duration::ZERO, hours(3)),
        ] {
            let found = wait(failures, asked, left, 0);
            assert_eq!(found, expected, "{failures} {asked:?} {left:?}");
        }
    }
}
