//! Soft signals, as the server comes to know them: what a device says at a check-in, and which polls it missed.
//!
//! Of error log and battery the device itself gives the figure. Missed polls are counted by the server, from the instants at
//! which it heard of the device: a device that is cut off can't tell of it, and so every device can be read, whatever it runs. Nothing
//! here judges a reading; [`mainstay_rollout::readings`] says which are wanted and what pairs of them say. Read [`said_milli`], then
//! [`missed_polls`].

use jiff::{SignedDuration, Timestamp};
use mainstay_plan::SignalName;
use mainstay_protocol::Health;

/// Seconds of a day.
const DAY_S: u64 = 86_400;

/// What a device says of a signal, in thousandths of the signal's unit; none if it doesn't measure it, or if the signal isn't the
/// device's to tell.
#[must_use]
pub fn said_milli(signal: SignalName, health: &Health) -> Option<u32> {
    let figure = match signal {
        SignalName::ErrorLog => health.error_log(),
        SignalName::Battery => health.battery_drain(),
        SignalName::Connectivity => None,
    };
    figure.map(|figure| u32::from(figure) * 1000)
}

/// How many polls a device missed that was heard of at `last`, and then at `now`, where one is due each `poll`: only those due after
/// `since`. Who comes within half a poll of its time has missed none.
#[must_use]
pub fn missed_polls(
    last: Timestamp,
    now: Timestamp,
    since: Timestamp,
    poll: SignedDuration,
) -> u32 {
    let poll = poll.as_millis();
    let millis = |from: Timestamp, to: Timestamp| to.duration_since(from).as_millis();
    if poll <= 0 {
        return 0;
    }
    let missed = (millis(last, now) + poll / 2) / poll - 1;
    let missed_before = millis(last, since).max(0) / poll;
    u32::try_from((missed - missed_before).max(0)).unwrap_or(u32::MAX)
}

/// So many polls missed from `since` to `now`, as thousandths of missed polls a day.
#[must_use]
pub fn missed_milli_per_day(missed: u32, since: Timestamp, now: Timestamp) -> u32 {
    let elapsed_s = u64::try_from(now.duration_since(since).as_secs()).unwrap_or(0);
    // At most 2^32 times 2^27.
    let milli = u64::from(missed) * DAY_S * 1000 / elapsed_s.max(1);
    u32::try_from(milli).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use mainstay_protocol::Measures;

    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_device_tells_what_it_measures() {
        let health = |measures| Health {
            error_logs_per_hour: 3,
            battery_drain_permille_per_day: u16::MAX,
            missed_polls: 7,
            measures,
            ..Health::default()
        };
        let all = health(Some(Measures {
            error_log: true,
            battery: true,
        }));
        assert_eq!(said_milli(SignalName::ErrorLog, &all), Some(3000));
        assert_eq!(said_milli(SignalName::Battery, &all), Some(65_535_000));
        assert_eq!(said_milli(SignalName::Connectivity, &all), None);
        for signal in [SignalName::ErrorLog, SignalName::Battery] {
            assert_eq!(said_milli(signal, &health(None)), None);
        }
    }

    #[test]
    fn polls_are_missed_by_whole_ones() {
        // Heard of at, again at, counted from; missed of one an hour.
        for (last, now, since, missed) in [
            (0, 60, 0, 0),
            (0, 0, 0, 0),
            (60, 0, 0, 0),
            (0, 89, 0, 0),
            (0, 90, 0, 1),
            (0, 121, 0, 1),
            (0, 600, 0, 9),
            (600, 660, 0, 0),
            (0, 600, 59, 9),
            (0, 600, 60, 8),
            (0, 600, 301, 4),
            (0, 600, 660, 0),
        ] {
            let found = missed_polls(at(last), at(now), at(since), HOUR);
            assert_eq!(found, missed, "{last}, {now}, since {since}");
        }
        assert_eq!(missed_polls(at(0), at(9), at(0), SignedDuration::ZERO), 0);
    }

    #[test]
    fn what_was_missed_is_told_by_the_day() {
        for (missed, minutes, milli) in [
            (0, 0, 0),
            (0, 720, 0),
            (1, 1440, 1000),
            (3, 720, 6000),
            (1, 1500, 960),
            (u32::MAX, 0, u32::MAX),
        ] {
            assert_eq!(missed_milli_per_day(missed, at(0), at(minutes)), milli);
        }
    }
}
