//! Who begins anew.

use super::super::{Ending, Order, begins_anew, close};
use super::{FORWARD, offered, orders};
use crate::offer::{Kind, Offer};
use crate::progress::Progress;
use crate::rollout::RolloutId;
use crate::testing::{OLD, at};

fn anew(progress: &Progress, open: Option<&Order>) -> bool {
    begins_anew(progress, open, RolloutId(1), &FORWARD)
}

#[test]
fn who_has_nothing_in_hand_begins_anew() {
    let began = Progress::Began { at: at(1) };
    let [_, retrieved, fetching, early, late, installed, _] = orders();
    for (order, expected) in [
        (&offered(), true),
        (&retrieved, true),
        (&fetching, false),
        (&early, true),
        (&late, false),
        (&installed, false),
    ] {
        assert_eq!(anew(&began, Some(order)), expected, "{order:?}");
    }
    assert!(anew(&began, None), "its order is over");
    let mut other = fetching.clone();
    other.rollout = RolloutId(2);
    assert!(anew(&began, Some(&other)), "it has something else");
    let over = close(fetching, Ending::GivenUp, at(9));
    assert!(!over.is_open());
}

#[test]
fn who_has_not_begun_or_goes_back_is_asked_elsewhere() {
    for progress in [Progress::Waiting, Progress::Promised { at: at(1) }] {
        assert!(!anew(&progress, None), "{progress:?}");
    }
    let back = Offer {
        release: OLD,
        kind: Kind::Return,
    };
    let began = Progress::Began { at: at(1) };
    assert!(!begins_anew(&began, None, RolloutId(1), &back));
}
