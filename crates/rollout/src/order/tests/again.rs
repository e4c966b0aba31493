//! When what went wrong is ordered once more.

use jiff::Timestamp;

use super::super::{BREAKS_MAX, Ending, Order, OrderNumber, again_at, close, fails_again};
use super::{FORWARD, offered};
use crate::offer::{Kind, Offer};
use crate::rollout::RolloutId;
use crate::testing::{OLD, at, opened};

const BACK: Offer = Offer {
    release: OLD,
    kind: Kind::Return,
};

/// Orders of a device, the newest first: how each ended, after so many minutes.
fn orders(offer: Offer, ends: &[(Ending, i64)]) -> Vec<Order> {
    let one = |(n, (how, minute)): (u32, &(Ending, i64))| {
        let number = OrderNumber::new(1_000_000 - n).expect("a number");
        close(
            Order::open(number, RolloutId(1), offer, at(0)),
            *how,
            at(*minute),
        )
    };
    (0..).zip(ends).map(one).collect()
}

/// The polls of the rollout come each ten minutes.
fn back_at(newest: &[Order]) -> Option<Timestamp> {
    again_at(newest, &opened(1), &BACK)
}

#[test]
fn each_failure_lets_it_wait_twice_as_long_up_to_a_day() {
    let mut expected = 30;
    for failures in 1..=super::super::ORDERS_LOOKED_AT {
        let ends = vec![(Ending::Failed, 1); failures as usize];
        assert_eq!(
            back_at(&orders(BACK, &ends)),
            Some(at(1 + expected)),
            "{failures}"
        );
        expected = (expected * 2).min(24 * 60);
    }
    assert_eq!(expected, 24 * 60);
}

#[test]
fn a_long_poll_isnt_cut_short() {
    let mut rollout = opened(1);
    rollout.rules.poll = jiff::SignedDuration::from_hours(12);
    for failures in 1..3 {
        let ends = vec![(Ending::Failed, 0); failures];
        let again = again_at(&orders(BACK, &ends), &rollout, &BACK);
        assert_eq!(again, Some(at(36 * 60)));
    }
}

#[test]
fn only_failures_of_the_same_offer_count_and_only_since_it_went_well() {
    use Ending::{
        BrokeOff, Cancelled, Failed, GivenUp, NothingFetched, Superseded, TakenAtItsWord, Verified,
        Withdrawn,
    };
    for (ends, expected) in [
        (&[][..], None),
        (&[(Failed, 9)], Some(39)),
        (&[(NothingFetched, 9)], Some(39)),
        (&[(Cancelled, 9)], Some(39)),
        (&[(Withdrawn, 9)], None),
        (&[(Superseded, 9)], None),
        (&[(BrokeOff, 9)], Some(39)),
        (&[(GivenUp, 9)], Some(39)),
        (&[(Verified, 9), (Failed, 5)], None),
        (&[(TakenAtItsWord, 9), (Failed, 5)], None),
        (&[(Failed, 9), (Verified, 5), (Failed, 2)], Some(39)),
        (&[(Superseded, 9), (Failed, 5), (Cancelled, 2)], Some(65)),
    ] {
        let found = back_at(&orders(BACK, ends));
        assert_eq!(found, expected.map(at), "{ends:?}");
    }
    let forward = orders(FORWARD, &[(Failed, 9)]);
    assert_eq!(back_at(&forward), None);
    let mut other = orders(BACK, &[(Failed, 9)]);
    other[0].rollout = RolloutId(2);
    assert_eq!(back_at(&other), None);
    assert_eq!(back_at(&[offered()]), None, "it is open");
}

#[test]
fn what_breaks_off_again_and_again_has_failed() {
    use Ending::{BrokeOff, Cancelled, Verified};
    for (ends, expected) in [
        (&[][..], false),
        (&[(BrokeOff, 5)], false),
        (&[(BrokeOff, 9), (Cancelled, 7)], false),
        (&[(BrokeOff, 9), (BrokeOff, 5)], true),
        (&[(BrokeOff, 9), (Cancelled, 7), (BrokeOff, 5)], true),
        (&[(BrokeOff, 9), (Verified, 7), (BrokeOff, 5)], false),
    ] {
        assert_eq!(
            fails_again(&orders(FORWARD, ends), &offered(), &opened(1)),
            expected,
            "{ends:?}"
        );
    }
    let others = orders(BACK, &[(BrokeOff, 1); BREAKS_MAX]);
    let found = fails_again(&others, &offered(), &opened(1));
    assert!(!found, "another offer");
}

/// What takes long over a slow line breaks off more often, and that is no news.
#[test]
fn the_larger_it_is_the_more_often_it_may_break_off() {
    for (image_bytes, most) in [
        (0, 3),
        (64 << 20, 3),
        ((256 << 20) - 1, 3),
        (256 << 20, 4),
        (1 << 30, 7),
        ((2 << 30) - 1, 10),
        (u64::MAX, 11),
    ] {
        let mut rollout = opened(1);
        rollout.candidate.image_bytes = image_bytes;
        for (before, expected) in [(most - 2, false), (most - 1, true)] {
            let ends = vec![(Ending::BrokeOff, 5); before];
            let found = fails_again(&orders(FORWARD, &ends), &offered(), &rollout);
            assert_eq!(found, expected, "{before} of {image_bytes}");
        }
        assert!(most < super::super::ORDERS_LOOKED_AT as usize);
    }
}
