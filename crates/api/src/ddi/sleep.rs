//! How long a client sleeps between two polls. Read [`Sleep`].

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 00:00:01 to 23:59:59, always written so: Zephyr overlooks any other length, SWUpdate and RAUC's updater refuse what they can't
/// read, and none has a place for days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sleep {
    seconds: u32,
}

impl Sleep {
    /// The longest that can be said.
    pub const MAX: Self = Self { seconds: 86_399 };
    /// The shortest that a server tells clients in the field, as hawkBit does; tests go lower.
    pub const FIELD_MIN: Self = Self { seconds: 30 };

    /// The nearest that can be said.
    pub fn from_s(seconds: u32) -> Self {
        let seconds = seconds.clamp(1, Self::MAX.seconds);
        Self { seconds }
    }

    /// In seconds.
    pub const fn as_s(self) -> u32 {
        self.seconds
    }
}

impl fmt::Display for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minutes, seconds) = (self.seconds / 60, self.seconds % 60);
        write!(f, "{:02}:{:02}:{seconds:02}", minutes / 60, minutes % 60)
    }
}

impl FromStr for Sleep {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let part = |range: std::ops::Range<usize>, max: u32| {
            let digits = text.get(range)?;
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = plain.then(|| digits.parse::<u32>().ok()).flatten()?;
            (number <= max).then_some(number)
        };
        let shaped = text.len() == 8 && text.get(2..3) == Some(":") && text.get(5..6) == Some(":");
        let read = || Some(part(0..2, 23)? * 3600 + part(3..5, 59)? * 60 + part(6..8, 59)?);
        let seconds = shaped.then(read).flatten().filter(|seconds| *seconds > 0);
        seconds
            .map(Self::from_s)
            .ok_or("a time to sleep is 00:00:01 to 23:59:59")
    }
}

impl Serialize for Sleep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sleep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_signs_whatever_is_asked_for() {
        for (seconds, text) in [
            (0, "00:00:01"),
            (30, "00:00:30"),
            (300, "00:05:00"),
            (3_661, "01:01:01"),
            (86_399, "23:59:59"),
            (86_400, "23:59:59"),
            (u32::MAX, "23:59:59"),
        ] {
            assert_eq!(Sleep::from_s(seconds).to_string(), text);
            assert_eq!(text.parse(), Ok(Sleep::from_s(seconds)));
        }
        let none = [
            "", "5:00", "00:00:00", "24:00:00", "00:60:00", "1:00:000", "00:00:+1", "é0:00:1",
        ];
        for text in none {
            assert!(text.parse::<Sleep>().is_err(), "{text}");
        }
    }
}
