//! What a device may run without having said so.

use super::super::{Ending, close, ends_unknown, has_nothing, may_run, waited_for_since};
use super::orders;
use crate::offer::Kind;
use crate::testing::{self, NEW, OLD, at};

#[test]
fn who_may_run_it_is_asked_until_it_says_so() {
    let [
        offered,
        retrieved,
        fetching,
        _,
        cancelling,
        installed,
        failed,
    ] = orders();
    assert!(may_run(&installed, Some(OLD)));
    assert!(may_run(&installed, None));
    for (order, how, expected) in [
        (&fetching, Ending::GivenUp, true),
        (&cancelling, Ending::Cancelled, true),
        (&retrieved, Ending::Cancelled, false),
        (&offered, Ending::Withdrawn, false),
        (&fetching, Ending::Superseded, false),
    ] {
        let over = close(order.clone(), how, at(9));
        assert_eq!(may_run(&over, Some(OLD)), expected, "{how:?}");
        assert!(!may_run(&over, Some(NEW)), "it has said so");
    }
    for order in [&retrieved, &fetching, &failed] {
        assert!(!may_run(order, Some(OLD)), "{order:?}");
    }
}

/// The horizon is half an hour, a poll ten minutes.
#[test]
fn who_left_it_and_names_something_older_after_its_horizon_has_nothing_of_it() {
    let rollout = testing::opened(1);
    let [_, _, fetching, _, cancelling, _, _] = orders();
    let left = close(cancelling.clone(), Ending::Cancelled, at(9));
    for (minute, expected) in [(9, false), (38, false), (39, true)] {
        assert_eq!(has_nothing(&left, &rollout, at(minute)), expected);
    }
    let given_up = close(fetching.clone(), Ending::GivenUp, at(9));
    let (mut of_another, mut back) = (left.clone(), left);
    of_another.rollout.0 += 1;
    back.offer.kind = Kind::Return;
    for order in [&fetching, &cancelling, &given_up, &of_another, &back] {
        assert!(!has_nothing(order, &rollout, at(99)), "{order:?}");
    }
    assert_eq!(waited_for_since(&rollout, at(69)), at(9));
}

#[test]
fn an_end_that_nobody_spoke_leaves_a_question() {
    let [_, retrieved, fetching, _, _, installed, _] = orders();
    for (order, how, expected) in [
        (&fetching, Ending::GivenUp, true),
        (&installed, Ending::Withdrawn, true),
        (&installed, Ending::Verified, false),
        (&retrieved, Ending::GivenUp, false),
    ] {
        let over = close(order.clone(), how, at(9));
        assert_eq!(ends_unknown(&over), expected, "{how:?}");
    }
    assert!(!ends_unknown(&fetching), "it hasn't ended");
}
