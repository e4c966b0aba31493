//! Days of the week on which a window starts. Read [`DaySet`] first.

use std::fmt;

use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

/// Monday to Sunday with the three letters a plan uses.
pub(crate) const WEEKDAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "Mon"),
    (Weekday::Tuesday, "Tue"),
    (Weekday::Wednesday, "Wed"),
    (Weekday::Thursday, "Thu"),
    (Weekday::Friday, "Fri"),
    (Weekday::Saturday, "Sat"),
    (Weekday::Sunday, "Sun"),
];

/// A non-empty set of weekdays, written `daily`, `Mon-Thu` or `Mon,Wed,Fri-Sun`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DaySet(u8);

impl DaySet {
    /// All seven days.
    pub const DAILY: Self = Self(0b111_1111);

    /// Reads `daily`, single days and ranges; a range may run over the weekend (`Fri-Mon`).
    /// Returns nothing when the text is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim().eq_ignore_ascii_case("daily") {
            return Some(Self::DAILY);
        }
        let mut set = 0;
        for part in text.split(',') {
            set |= range(part)?;
        }
        Some(Self(set))
    }

    /// Whether `day` is one of them.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }
}

impl fmt::Display for DaySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::DAILY {
            return f.write_str("daily");
        }
        let days: Vec<_> = WEEKDAYS
            .iter()
            .filter(|(day, _)| self.contains(*day))
            .map(|(_, name)| *name)
            .collect();
        f.write_str(&days.join(","))
    }
}

impl fmt::Debug for DaySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DaySet({self})")
    }
}

impl From<DaySet> for String {
    fn from(days: DaySet) -> Self {
        days.to_string()
    }
}

impl TryFrom<String> for DaySet {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} names no days"))
    }
}

/// Stores a weekday as its ISO 8601 number, Monday 1 to Sunday 7.
pub(crate) mod weekday_number {
    use jiff::civil::Weekday;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(day: &Weekday, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i8(day.to_monday_one_offset())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Weekday, D::Error> {
        let number = i8::deserialize(from)?;
        Weekday::from_monday_one_offset(number).map_err(D::Error::custom)
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

/// The days of `Mon` or `Mon-Thu`.
fn range(part: &str) -> Option<u8> {
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let (mut day, last) = (weekday(first)?, weekday(last)?);
    let mut set = bit(day);
    while day != last {
        day = day.next();
        set |= bit(day);
    }
    Some(set)
}

/// `Mon` or `Monday`, in any case.
pub(crate) fn weekday(text: &str) -> Option<Weekday> {
    let text = text.trim();
    let matches = |(day, short): &&(Weekday, &str)| {
        text.eq_ignore_ascii_case(short) || text.eq_ignore_ascii_case(&format!("{day:?}"))
    };
    WEEKDAYS.iter().find(matches).map(|(day, _)| *day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_shown() {
        let cases = [
            ("daily", Some("daily")),
            ("Mon-Sun", Some("daily")),
            ("Mon-Thu", Some("Mon,Tue,Wed,Thu")),
            ("fri-mon", Some("Mon,Fri,Sat,Sun")),
            ("Mon, Wednesday", Some("Mon,Wed")),
            ("Mon", Some("Mon")),
            ("", None),
            ("Mon-", None),
            ("Mon-Wed-Fri", None),
            ("weekdays", None),
        ];
        for (text, expected) in cases {
            let shown = DaySet::parse(text).map(|days| days.to_string());
            assert_eq!(shown.as_deref(), expected, "{text:?}");
        }
    }
}
