//! What a device may run without having said so.

use super::super::{Ending, close, ends_unknown, may_run};
use super::orders;
use crate::testing::{NEW, OLD, at};

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
