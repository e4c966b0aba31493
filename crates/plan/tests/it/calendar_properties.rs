//! What holds of every cadence under any blackouts.

use jiff::civil::{Date, Weekday, date};
use mainstay_plan::calendar::{freezes, release_dates};
use mainstay_plan::{Blackout, Cadence};
use proptest::prelude::*;

fn any_cadence() -> impl Strategy<Value = Cadence> {
    let nth = prop::sample::select(vec![1, 2, 3, 4, -1]);
    let weekday =
        (1..=7i8).prop_map(|day| Weekday::from_monday_one_offset(day).expect("a day of the week"));
    (any::<bool>(), nth, weekday).prop_map(|(monthly, nth, weekday)| match monthly {
        true => Cadence::Monthly { nth, weekday },
        false => Cadence::Quarterly { nth, weekday },
    })
}

fn any_day() -> impl Strategy<Value = Date> {
    (2026..2032i16, 1..=12i8, 1..=28i8).prop_map(|(year, month, day)| date(year, month, day))
}

fn any_blackouts() -> impl Strategy<Value = Vec<Blackout>> {
    let stretch = (any_day(), 0..150i32).prop_map(|(from, days)| {
        let to = from.saturating_add(jiff::Span::new().days(days));
        Blackout::Dates { from, to }
    });
    (any::<bool>(), prop::collection::vec(stretch, 0..3)).prop_map(|(holidays, mut found)| {
        found.extend(holidays.then_some(Blackout::UsFederalHolidays));
        found
    })
}

fn is_frozen(day: Date, blackouts: &[Blackout]) -> bool {
    blackouts
        .iter()
        .any(|blackout| blackout.covers(day).is_some())
}

proptest! {
    #[test]
    fn no_release_is_due_on_a_frozen_day_and_their_order_holds(
        cadence in any_cadence(), from in any_day(), blackouts in any_blackouts(),
    ) {
        let dates: Vec<_> = release_dates(cadence, from, &blackouts).take(24).collect();
        for date in &dates {
            prop_assert!(date.day() >= from);
            if let Some(due) = date.due() {
                prop_assert!(!is_frozen(due, &blackouts));
                prop_assert_eq!(due == date.declared, !is_frozen(date.declared, &blackouts));
            }
        }
        for pair in dates.windows(2) {
            prop_assert!(pair[0].day() < pair[1].declared);
        }
    }

    #[test]
    fn where_a_calendar_begins_changes_nothing_in_it(
        cadence in any_cadence(), from in any_day(), later in 0..400i32, blackouts in any_blackouts(),
    ) {
        let later = from.saturating_add(jiff::Span::new().days(later));
        let early = release_dates(cadence, from, &blackouts).skip_while(|date| date.day() < later);
        let early: Vec<_> = early.take(5).collect();
        let late: Vec<_> = release_dates(cadence, later, &blackouts).take(5).collect();
        prop_assert_eq!(early, late);
    }

    #[test]
    fn every_frozen_day_is_in_one_freeze_and_no_other_day_is(
        from in any_day(), days in 0..200i32, blackouts in any_blackouts(),
    ) {
        let to = from.saturating_add(jiff::Span::new().days(days));
        let found = freezes(&blackouts, from, to);
        let next = |day: &Date| day.tomorrow().ok();
        for day in std::iter::successors(Some(from), next).take_while(|day| *day <= to) {
            let holding = found.iter().filter(|freeze| freeze.from <= day && day <= freeze.to);
            prop_assert_eq!(holding.count(), usize::from(is_frozen(day, &blackouts)), "{}", day);
        }
        for freeze in &found {
            prop_assert!(freeze.to >= from && freeze.from <= to);
            let edges = [freeze.from.yesterday(), freeze.to.tomorrow()];
            prop_assert!(edges.into_iter().flatten().all(|day| !is_frozen(day, &blackouts)));
        }
    }
}
