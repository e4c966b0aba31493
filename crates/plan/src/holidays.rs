//! U.S. federal holidays by rule, never by a list of years. Read [`us_federal`], then [`around_us_federal`].
//!
//! The days are those of 5 USC 6103(a). One on a Saturday is observed on the Friday before
//! (6103(b)), one on a Sunday on the Monday after (Executive Order 11582); both days count here.

use jiff::civil::{Date, Weekday};

/// How a holiday finds its date.
enum Falls {
    /// On this month and day.
    On(i8, i8),
    /// On the nth such weekday of the month; -1 is the last.
    Nth(i8, i8, Weekday),
}

const HOLIDAYS: [(&str, Falls); 11] = [
    ("New Year's Day", Falls::On(1, 1)),
    (
        "Birthday of Martin Luther King, Jr.",
        Falls::Nth(1, 3, Weekday::Monday),
    ),
    ("Washington's Birthday", Falls::Nth(2, 3, Weekday::Monday)),
    ("Memorial Day", Falls::Nth(5, -1, Weekday::Monday)),
    ("Juneteenth", Falls::On(6, 19)),
    ("Independence Day", Falls::On(7, 4)),
    ("Labor Day", Falls::Nth(9, 1, Weekday::Monday)),
    ("Columbus Day", Falls::Nth(10, 2, Weekday::Monday)),
    ("Veterans Day", Falls::On(11, 11)),
    ("Thanksgiving Day", Falls::Nth(11, 4, Weekday::Thursday)),
    ("Christmas Day", Falls::On(12, 25)),
];

/// The federal holiday that is, or is observed, on `date`.
#[must_use]
pub fn us_federal(date: Date) -> Option<&'static str> {
    holiday_on(date)
        .or_else(|| observed_before(date))
        .or_else(|| observed_after(date))
}

/// The federal holiday beside which `date` lies without being one, in words: `the eve of Labor Day`, `the days after Labor Day`. Before is the day
/// before. After are all days to the next working one, that one included: on it people come back to what went wrong meanwhile.
#[must_use]
pub fn around_us_federal(date: Date) -> Option<String> {
    if us_federal(date).is_some() {
        return None;
    }
    let before = || us_federal(date.tomorrow().ok()?).map(|name| format!("the eve of {name}"));
    let after = || last_before(date).map(|name| format!("the days after {name}"));
    after().or_else(before)
}

/// The holiday before `date`, if no working day lies between.
fn last_before(date: Date) -> Option<&'static str> {
    let mut day = date.yesterday().ok()?;
    loop {
        if let Some(name) = us_federal(day) {
            return Some(name);
        }
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return None;
        }
        day = day.yesterday().ok()?;
    }
}

/// A Friday before a holiday on Saturday; this may be the last day of the year before.
fn observed_before(date: Date) -> Option<&'static str> {
    (date.weekday() == Weekday::Friday).then(|| holiday_on(date.tomorrow().ok()?))?
}

/// A Monday after a holiday on Sunday.
fn observed_after(date: Date) -> Option<&'static str> {
    (date.weekday() == Weekday::Monday).then(|| holiday_on(date.yesterday().ok()?))?
}

fn holiday_on(date: Date) -> Option<&'static str> {
    let found = HOLIDAYS.iter().find(|(_, falls)| falls.is(date))?;
    Some(found.0)
}

impl Falls {
    fn is(&self, date: Date) -> bool {
        match *self {
            Self::On(month, day) => (date.month(), date.day()) == (month, day),
            Self::Nth(month, nth, weekday) => {
                let nth_day = || date.nth_weekday_of_month(nth, weekday).ok();
                date.month() == month && nth_day() == Some(date)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_year_of_holidays() {
        let mut day = date(2026, 1, 1);
        let mut found = Vec::new();
        while day.year() == 2026 {
            found.extend(us_federal(day).map(|_| (day.month(), day.day())));
            day = day.tomorrow().unwrap();
        }
        let expected = [
            (1, 1),
            (1, 19),
            (2, 16),
            (5, 25),
            (6, 19),
            (7, 3), // the 4th is a Saturday
            (7, 4),
            (9, 7),
            (10, 12),
            (11, 11),
            (11, 26),
            (12, 25),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn days_around_holidays_end_with_a_working_day() {
        let cases = [
            // A Thursday.
            (date(2027, 11, 23), None),
            (date(2027, 11, 24), Some("the eve of Thanksgiving Day")),
            (date(2027, 11, 25), None),
            (date(2027, 11, 26), Some("the days after Thanksgiving Day")),
            (date(2027, 11, 27), None),
            // A Monday.
            (date(2027, 9, 4), None),
            (date(2027, 9, 5), Some("the eve of Labor Day")),
            (date(2027, 9, 7), Some("the days after Labor Day")),
            (date(2027, 9, 8), None),
            // A Saturday, observed on Friday.
            (date(2027, 12, 23), Some("the eve of Christmas Day")),
            (date(2027, 12, 24), None),
            (date(2027, 12, 25), None),
            (date(2027, 12, 26), Some("the days after Christmas Day")),
            (date(2027, 12, 27), Some("the days after Christmas Day")),
            (date(2027, 12, 28), None),
            (date(2027, 12, 30), Some("the eve of New Year's Day")),
            // A Sunday, observed on Monday.
            (date(2027, 7, 3), Some("the eve of Independence Day")),
            (date(2027, 7, 6), Some("the days after Independence Day")),
        ];
        for (day, expected) in cases {
            assert_eq!(around_us_federal(day).as_deref(), expected, "{day}");
        }
    }

    #[test]
    fn holidays_on_weekends_are_observed_beside_them() {
        let cases = [
            (date(2027, 7, 5), Some("Independence Day")),
            (date(2027, 12, 24), Some("Christmas Day")),
            (date(2027, 12, 31), Some("New Year's Day")),
            (date(2028, 1, 3), None),
            (date(2026, 12, 24), None),
            (date(2028, 5, 29), Some("Memorial Day")),
        ];
        for (day, expected) in cases {
            assert_eq!(us_federal(day), expected, "{day}");
        }
    }
}
