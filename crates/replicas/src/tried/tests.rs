//! Records in which something was tried, and others in which it wasn't.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::seen::{Blow, Exchange, FAULTY, Late, Offer, Piece, SOUND};
use crate::truth::{Ending, Told};

const LIMITS: Limits = Limits {
    bytes_per_second: 3000,
    downloads: 6,
    replicas: 3,
};

fn at(ms: u64) -> Timestamp {
    Timestamp::from_second(1000).unwrap() + Duration::from_millis(ms)
}

fn ask(device: DeviceNumber, replica: usize, ms: u64) -> Answer {
    Answer {
        device,
        replica,
        is_check_in: true,
        at: at(ms),
        took: Duration::from_millis(10),
        end: End::Good,
    }
}

fn blow(replica: Option<usize>) -> Blow {
    Blow {
        at: at(0),
        what: "a blow".to_owned(),
        replica,
    }
}

/// Devices 0 to 2 are in the first wave, which opened at 100, and device 3 in the second one, which never did. The halt was acknowledged at 200; then devices 0 to 2
/// each asked a replica.
fn tried() -> (Seen, Truth) {
    let seen = Seen {
        answers: vec![ask(0, 0, 210), ask(1, 1, 220), ask(2, 2, 230)],
        stops: vec![Stop {
            kind: StopKind::Halt,
            release: FAULTY,
            replica: 0,
            acknowledged: at(200),
            ends: None,
        }],
        pieces: vec![Piece {
            at: at(0),
            bytes: 1010,
        }],
        blows: [0, 1, 2, 0, 1]
            .map(Some)
            .into_iter()
            .chain([None; 2])
            .map(blow)
            .collect(),
        ..Seen::default()
    };
    let truth = Truth {
        rollouts: vec![Told {
            release: FAULTY,
            ending: Ending::Halted,
            opened: vec![Some(at(100)), None],
            waves: BTreeMap::from([(0, 0), (1, 0), (2, 0), (3, 1)]),
            updated: BTreeSet::new(),
            updated_by_api: 0,
        }],
        ..Truth::default()
    };
    (seen, truth)
}

/// The rules that are broken once the record is changed like this.
fn broken(change: impl FnOnce(&mut Seen, &mut Truth)) -> Vec<&'static str> {
    let (mut seen, mut truth) = tried();
    change(&mut seen, &mut truth);
    let broken = untried(&seen, &truth, &LIMITS);
    broken.iter().map(|broken| broken.rule).collect()
}

fn offered(ms: u64, release: usize) -> Offer {
    let by = Exchange {
        device: 2,
        replica: 2,
        asked: at(ms),
        answered: at(ms + 5),
    };
    Offer { by, release }
}

#[test]
fn a_halt_is_tried_once_each_replica_was_asked() {
    assert_eq!(broken(|_, _| {}), Vec::<&str>::new());
    let nobody = broken(|seen, _| seen.answers.clear());
    assert_eq!(nobody, ["halt-untried"; 3]);
    let no_rollout = broken(|_, truth| truth.rollouts.clear());
    assert_eq!(no_rollout, ["halt-untried"; 3]);
}

#[test]
fn an_ask_that_couldnt_have_been_answered_with_an_offer_tries_nothing() {
    type Change = fn(&mut Seen);
    let changes: [(&str, Change); 6] = [
        ("it told its reports", |seen| {
            seen.answers[2].is_check_in = false;
        }),
        ("it got no answer", |seen| seen.answers[2].end = End::Broken),
        ("before the halt was acknowledged", |seen| {
            seen.answers[2].at = at(200);
        }),
        ("its wave never opened", |seen| seen.answers[2].device = 3),
        ("it isn't in the rollout", |seen| seen.answers[2].device = 4),
        ("it was offered it before", |seen| {
            seen.offers.push(offered(200, FAULTY));
        }),
    ];
    for (what, change) in changes {
        assert_eq!(broken(|seen, _| change(seen)), ["halt-untried"], "{what}");
    }
}

/// An offer after the halt is what is looked for: it doesn't make the ask that it answers vanish.
#[test]
fn other_offers_dont_matter() {
    for offer in [offered(150, SOUND), offered(230, FAULTY)] {
        let found = broken(|seen, _| seen.offers.push(offer));
        assert_eq!(found, Vec::<&str>::new(), "{offer:?}");
    }
}

#[test]
fn a_wave_that_opened_after_the_halt_tries_nothing() {
    let found = broken(|_, truth| truth.rollouts[0].opened[0] = Some(at(201)));
    assert_eq!(found, ["halt-untried"; 3]);
}

/// A pause and a hold are told, and demand nothing. Replica 2 was asked at 230 and had answered at 240.
#[test]
fn each_stop_has_its_figure() {
    for (kind, ends, expected) in [
        (
            StopKind::Halt,
            None,
            "figure replicas_asks_after_halt 1 asks",
        ),
        (
            StopKind::Hold,
            Some(241),
            "figure replicas_asks_after_hold 1 asks",
        ),
        (
            StopKind::Pause,
            Some(240),
            "figure replicas_asks_after_pause 0 asks",
        ),
    ] {
        let (mut seen, truth) = tried();
        (seen.stops[0].kind, seen.stops[0].ends) = (kind, ends.map(at));
        assert_eq!(lines(&seen, &truth), [expected]);
        assert!(untried(&seen, &truth, &LIMITS).is_empty(), "{kind:?}");
    }
}

/// The bucket has 4000 bytes, and one server's share is a quarter of it.
#[test]
fn a_line_that_was_never_full_shows_nothing() {
    for (bytes, rule) in [(1000, &["budget-untried"][..]), (1004, &[])] {
        let found = broken(|seen, _| seen.pieces[0].bytes = bytes);
        assert_eq!(found, rule, "{bytes}");
    }
}

#[test]
fn a_line_that_was_read_late_is_not_judged() {
    for (by_ms, rule) in [(1000, &[][..]), (1001, &["budget-untried"])] {
        let found = broken(|seen, _| {
            // The lateness makes the bucket larger: more has to be in it.
            seen.pieces[0].bytes = 4000;
            seen.late.push(Late {
                at: at(0),
                by: Duration::from_millis(by_ms),
            });
        });
        assert_eq!(found, rule, "{by_ms}");
    }
}

#[test]
fn who_is_hardly_ever_killed_shows_nothing() {
    for (number, what) in [(0, "a kill less"), (6, "an outage less")] {
        let found = broken(|seen, _| {
            seen.blows.remove(number);
        });
        assert_eq!(found, ["kills-untried"], "{what}");
    }
}
