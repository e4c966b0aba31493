//! Two whole years of U.S. federal holidays against a list written from a wall calendar.
//!
//! 2027 has holidays on Saturdays and on a Sunday, and ends with a day that is observed for the
//! year after; 2028 begins with that Saturday.

use jiff::civil::{Date, Weekday, date};
use mainstay_plan::holidays::us_federal;

type Row = (i8, i8, Weekday, &'static str);

use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday};

const OF_2027: [Row; 15] = [
    (1, 1, Friday, "New Year's Day"),
    (1, 18, Monday, "Birthday of Martin Luther King, Jr."),
    (2, 15, Monday, "Washington's Birthday"),
    (5, 31, Monday, "Memorial Day"),
    (6, 18, Friday, "Juneteenth"),
    (6, 19, Saturday, "Juneteenth"),
    (7, 4, Sunday, "Independence Day"),
    (7, 5, Monday, "Independence Day"),
    (9, 6, Monday, "Labor Day"),
    (10, 11, Monday, "Columbus Day"),
    (11, 11, Thursday, "Veterans Day"),
    (11, 25, Thursday, "Thanksgiving Day"),
    (12, 24, Friday, "Christmas Day"),
    (12, 25, Saturday, "Christmas Day"),
    (12, 31, Friday, "New Year's Day"),
];

const OF_2028: [Row; 12] = [
    (1, 1, Saturday, "New Year's Day"),
    (1, 17, Monday, "Birthday of Martin Luther King, Jr."),
    (2, 21, Monday, "Washington's Birthday"),
    (5, 29, Monday, "Memorial Day"),
    (6, 19, Monday, "Juneteenth"),
    (7, 4, Tuesday, "Independence Day"),
    (9, 4, Monday, "Labor Day"),
    (10, 9, Monday, "Columbus Day"),
    (11, 10, Friday, "Veterans Day"),
    (11, 11, Saturday, "Veterans Day"),
    (11, 23, Thursday, "Thanksgiving Day"),
    (12, 25, Monday, "Christmas Day"),
];

/// Every day of the year that counts as a holiday.
fn walk(year: i16) -> Vec<Row> {
    let next = |day: &Date| day.tomorrow().ok();
    std::iter::successors(Some(date(year, 1, 1)), next)
        .take_while(|day| day.year() == year)
        .filter_map(|day| Some((day.month(), day.day(), day.weekday(), us_federal(day)?)))
        .collect()
}

#[test]
fn every_holiday_of_2027() {
    assert_eq!(walk(2027), OF_2027);
}

#[test]
fn every_holiday_of_2028() {
    assert_eq!(walk(2028), OF_2028);
}
