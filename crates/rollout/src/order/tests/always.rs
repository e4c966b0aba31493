//! What holds of an order whatever its client says, and whenever.

use proptest::prelude::*;

use super::super::{Ending, Order, OrderState, Told, Word, cancel, close, heed};
use super::{FORWARD, offered};
use crate::order::log::ENTRIES_MAX;
use crate::testing::{NEW, OLD, at};
use crate::wait::Wait;

/// Something that happens to an order.
#[derive(Debug, Clone, Copy)]
enum Event {
    Word(Word),
    Cancel,
    GiveUp,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let word = prop::sample::select(vec![
        Word::Retrieved,
        Word::Downloading,
        Word::FetchBegan,
        Word::FetchEntered,
        Word::HasWhole,
        Word::FetchedWhole,
        Word::FetchResumed { from: 4 },
        Word::FetchResumed { from: 9 },
        Word::Progress,
        Word::Rejected,
        Word::NotUnderstood,
        Word::Installed,
        Word::Failed,
        Word::FailedAgain,
        Word::Cancelled,
        Word::CancelAccepted,
        Word::CancelRefused,
        Word::Runs { release: NEW },
        Word::Runs { release: OLD },
    ]);
    let event = prop_oneof![
        20 => word.prop_map(Event::Word),
        2 => Just(Event::Cancel),
        1 => Just(Event::GiveUp),
    ];
    prop::collection::vec(event, 1..40)
}

fn happen(order: Order, event: Event, minute: i64) -> (Order, Vec<Told>) {
    let before = order.clone();
    match event {
        Event::Word(word) => heed(order, word, at(minute)).unwrap_or((before, Vec::new())),
        Event::Cancel => (cancel(order, Wait::Complete, at(minute)), Vec::new()),
        Event::GiveUp => (close(order, Ending::GivenUp, at(minute)), Vec::new()),
    }
}

/// What one event may make of an order.
fn check(before: &Order, event: Event, after: &Order, told: &[Told]) -> Result<(), TestCaseError> {
    if !before.is_open() {
        prop_assert_eq!(after, before, "closed stays closed");
        prop_assert_eq!(told, []);
    }
    let same = (after.number, after.rollout, after.offer, after.opened_at);
    let expected = (before.number, before.rollout, FORWARD, before.opened_at);
    prop_assert_eq!(same, expected);
    let is_version = matches!(event, Event::Word(Word::Runs { release: NEW }));
    if before.is_open() && after.ending() == Some(Ending::Verified) {
        prop_assert!(is_version, "{:?}", event);
    }
    prop_assert_ne!(after.ending(), Some(Ending::TakenAtItsWord));
    prop_assert_eq!(
        told.contains(&Told::Confirmed),
        is_version && before.is_open()
    );
    let counts = matches!(
        after.state,
        OrderState::Installed { .. } | OrderState::Fetching { .. }
    );
    if counts
        || told
            .iter()
            .any(|told| matches!(told, Told::Began | Told::Failed))
    {
        prop_assert!(after.seen.has_fetched(), "{:?}", event);
    }
    prop_assert!(after.seen.fetches >= before.seen.fetches);
    prop_assert!(after.seen.log <= ENTRIES_MAX + 40, "{}", after.seen.log);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_a_client_says_an_order_keeps_its_promises(events in events(), full: bool) {
        let mut order = offered();
        order.seen.log = if full { ENTRIES_MAX } else { 0 };
        let mut began = 0;
        for (minute, event) in (1..).zip(events) {
            let (after, told) = happen(order.clone(), event, minute);
            check(&order, event, &after, &told)?;
            began += told.iter().filter(|told| **told == Told::Began).count();
            let (again, told) = happen(after.clone(), event, minute);
            prop_assert_eq!(&again.state, &after.state, "a repeated word changes nothing");
            prop_assert_eq!(told, [], "and tells nothing");
            order = after;
        }
        prop_assert!(began <= 1);
    }
}
