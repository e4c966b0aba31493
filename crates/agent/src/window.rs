//! Whether the device may restart into a new image now: the plan's windows are the server's business, these
//! are the owner's of this one device.
//!
//! A restart that goes *back* never waits.

use jiff::civil::{DateTime, Time, Weekday};

/// Hours of some days, in local time. One whose end isn't after its beginning ends the next day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// On which days it begins; none means on all.
    pub days: Vec<Weekday>,
    /// When it begins.
    pub from: Time,
    /// When it has ended.
    pub to: Time,
}

/// Why a restart waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// No window is open.
    Window,
    /// The user asked for a delay.
    Deferred,
}

impl Wait {
    /// The stable name.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Deferred => "deferred",
        }
    }
}

impl Window {
    /// Whether it is open at this local time.
    #[must_use]
    pub fn is_open(&self, now: DateTime) -> bool {
        let begins_on = |day| self.days.is_empty() || self.days.contains(&day);
        let (today, yesterday) = (now.weekday(), now.weekday().previous());
        let time = now.time();
        if self.from < self.to {
            return begins_on(today) && self.from <= time && time < self.to;
        }
        (begins_on(today) && self.from <= time) || (begins_on(yesterday) && time < self.to)
    }
}

/// Why a restart waits at `now`; none if it may happen. `deferred_s` is for how long the user has deferred it.
#[must_use]
pub fn wait(
    windows: &[Window],
    now: DateTime,
    deferred_s: Option<u64>,
    defer_s_max: u64,
) -> Option<Wait> {
    if deferred_s.is_some_and(|deferred_s| deferred_s < defer_s_max) {
        return Some(Wait::Deferred);
    }
    let open = windows.is_empty() || windows.iter().any(|window| window.is_open(now));
    (!open).then_some(Wait::Window)
}

/// What clocks on the wall show at this moment, in Unix milliseconds, where the device stands.
#[must_use]
pub fn local_time(now_ms: u64) -> DateTime {
    let now_ms = i64::try_from(now_ms).unwrap_or(i64::MAX);
    let now = jiff::Timestamp::from_millisecond(now_ms).unwrap_or(jiff::Timestamp::MAX);
    jiff::tz::TimeZone::system().to_datetime(now)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    #[test]
    fn windows_open_and_close_also_over_midnight() {
        let night = Window {
            days: vec![Weekday::Friday],
            from: time(23, 0, 0, 0),
            to: time(4, 0, 0, 0),
        };
        let noon = Window {
            days: vec![],
            from: time(12, 0, 0, 0),
            to: time(13, 0, 0, 0),
        };
        // The 4th of December 2026 is a Friday.
        for (day, hour, minute, night_open, noon_open) in [
            (4, 22, 59, false, false),
            (4, 23, 0, true, false),
            (5, 3, 59, true, false),
            (5, 4, 0, false, false),
            (5, 23, 30, false, false),
            (4, 3, 0, false, false),
            (6, 12, 0, false, true),
            (6, 13, 0, false, false),
        ] {
            let now = date(2026, 12, day).at(hour, minute, 0, 0);
            assert_eq!(night.is_open(now), night_open, "{now}");
            assert_eq!(noon.is_open(now), noon_open, "{now}");
        }
    }

    #[test]
    fn a_deferral_holds_for_so_long_and_no_longer() {
        let now = date(2026, 12, 4).at(12, 0, 0, 0);
        for (deferred_s, expected) in [
            (None, None),
            (Some(0), Some(Wait::Deferred)),
            (Some(99), Some(Wait::Deferred)),
            (Some(100), None),
        ] {
            assert_eq!(wait(&[], now, deferred_s, 100), expected);
        }
    }
}
