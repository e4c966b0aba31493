//! Each rule has a record that keeps it and one that breaks it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::seen::{Acknowledged, Count, Ended, Fault, Piece, SOUND, Sent};

const LIMITS: Limits = Limits {
    bytes_per_second: 3000,
    downloads: 6,
    replicas: 3,
};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_000_000 + ms).unwrap()
}

fn asked(device: DeviceNumber, asked: i64, answered: i64) -> Exchange {
    Exchange {
        device,
        replica: 1,
        asked: at(asked),
        answered: at(answered),
    }
}

/// Device 0 is in the first wave, which opened at 100, and was offered the release, began and confirmed it; device 1 is in the second one, which never opened;
/// device 2 in none.
fn good() -> (Seen, Truth) {
    let sent = |kind, ms| Sent {
        device: 0,
        event: (kind, SOUND),
        at: at(ms),
    };
    let acknowledged = |kind, from, to| Acknowledged {
        by: asked(0, from, to),
        event: (kind, SOUND),
    };
    let seen = Seen {
        offers: vec![offer(0, 150, 160)],
        sent: vec![sent(BEGAN, 170), sent(CONFIRMED, 300)],
        acknowledged: vec![
            acknowledged(BEGAN, 170, 180),
            acknowledged(CONFIRMED, 310, 320),
        ],
        counts: vec![count(330, 1)],
        ..Seen::default()
    };
    let kept = |runs, events: &[&str]| Kept {
        events: events
            .iter()
            .map(|kind| ((*kind).to_owned(), SOUND))
            .collect(),
        runs: Some(runs),
        runs_by_api: Some(runs),
    };
    let truth = Truth {
        rollouts: vec![Told {
            release: SOUND,
            ending: Ending::Complete,
            opened: vec![Some(at(100)), None],
            waves: BTreeMap::from([(0, 0), (1, 1)]),
            updated: BTreeSet::from([0]),
            updated_by_api: 1,
        }],
        devices: vec![
            kept(SOUND, &[BEGAN, CONFIRMED]),
            kept(FACTORY, &[]),
            kept(FACTORY, &[]),
        ],
        really_run: vec![Some(SOUND), Some(FACTORY), None],
        real: BTreeSet::new(),
    };
    (seen, truth)
}

fn offer(device: DeviceNumber, from: i64, to: i64) -> Offer {
    Offer {
        by: asked(device, from, to),
        release: SOUND,
    }
}

fn count(ms: i64, updated: usize) -> Count {
    Count {
        at: at(ms),
        replica: 2,
        release: SOUND,
        updated,
    }
}

fn stop(kind: StopKind, acknowledged: i64, ends: Option<i64>) -> Stop {
    Stop {
        kind,
        release: SOUND,
        replica: 0,
        acknowledged: at(acknowledged),
        ends: ends.map(at),
    }
}

/// The rules that are broken once the good record is changed like this.
fn broken(change: impl FnOnce(&mut Seen, &mut Truth)) -> Vec<&'static str> {
    let (mut seen, mut truth) = good();
    change(&mut seen, &mut truth);
    let endings = [(SOUND, Ending::Complete)];
    let broken = judge(&seen, &truth, &LIMITS, &endings);
    broken.iter().map(|broken| broken.rule).collect()
}

#[test]
fn a_record_in_which_all_went_well_breaks_nothing() {
    assert_eq!(broken(|_, _| {}), Vec::<&str>::new());
}

#[test]
fn an_offer_needs_a_rollout_and_an_open_wave() {
    for (what, device, from, to, rule) in [
        (
            "not in the rollout",
            2,
            150,
            160,
            &["offer-not-enrolled"][..],
        ),
        ("its wave never opened", 1, 150, 160, &["offer-before-wave"]),
        ("before its wave opened", 0, 80, 99, &["offer-before-wave"]),
        ("asked before, answered after", 0, 80, 101, &[]),
    ] {
        let found = broken(|seen, _| seen.offers.push(offer(device, from, to)));
        assert_eq!(found, rule, "{what}");
    }
    let nobodys = broken(|seen, truth| {
        seen.offers[0].release = FACTORY;
        truth.really_run[0] = None;
    });
    assert_eq!(nobodys, ["offer-not-enrolled"]);
}

/// The offer in the good record was asked at 150 and answered at 160.
#[test]
fn a_stop_that_was_acknowledged_forbids_what_is_asked_later() {
    for (kind, acknowledged, ends, rule) in [
        (StopKind::Halt, 149, None, &["offer-after-halt"][..]),
        (StopKind::Halt, 150, None, &[]),
        (StopKind::Halt, 155, None, &[]),
        (StopKind::Hold, 149, None, &["offer-during-hold"]),
        (StopKind::Hold, 100, Some(161), &["offer-during-hold"]),
        (StopKind::Hold, 100, Some(160), &[]),
        (StopKind::Pause, 149, None, &["offer-during-pause"]),
        (StopKind::Pause, 100, Some(120), &[]),
    ] {
        let found = broken(|seen, _| seen.stops.push(stop(kind, acknowledged, ends)));
        assert_eq!(found, rule, "{kind:?} {acknowledged} {ends:?}");
    }
    let another = broken(|seen, _| {
        let mut stop = stop(StopKind::Halt, 100, None);
        stop.release = FACTORY;
        seen.stops.push(stop);
    });
    assert_eq!(another, Vec::<&str>::new());
}

/// The device said that it begins at 170.
#[test]
fn in_a_pause_who_has_begun_goes_on_and_in_no_other_stop() {
    for (kind, rule) in [
        (StopKind::Pause, &[][..]),
        (StopKind::Hold, &["offer-during-hold"]),
        (StopKind::Halt, &["offer-after-halt"]),
    ] {
        let found = broken(|seen, _| {
            seen.stops.push(stop(kind, 180, None));
            seen.offers.push(offer(0, 200, 210));
        });
        assert_eq!(found, rule, "{kind:?}");
    }
}

#[test]
fn what_was_confirmed_isnt_offered_again() {
    for (from, rule) in [(321, &["offer-after-confirmed"][..]), (320, &[])] {
        let found = broken(|seen, _| seen.offers.push(offer(0, from, from + 5)));
        assert_eq!(found, rule, "{from}");
    }
}

#[test]
fn what_was_acknowledged_is_there_once() {
    let lost = broken(|_, truth| truth.devices[0].events.retain(|(kind, _)| kind != BEGAN));
    assert_eq!(lost, ["report-lost"]);
    let twice = broken(|_, truth| truth.devices[0].events.push((BEGAN.to_owned(), SOUND)));
    assert_eq!(twice, ["report-twice"]);
    let of_another = broken(|_, truth| truth.devices[0].events[0].1 = FACTORY);
    assert_eq!(of_another, ["report-lost"]);
    let nobody = broken(|seen, truth| {
        seen.acknowledged[0].by.device = 7;
        truth.devices[0].events.remove(0);
    });
    assert_eq!(nobody, ["report-lost"]);
}

#[test]
fn who_counts_has_confirmed_and_who_has_confirmed_counts() {
    let unconfirmed = broken(|_, truth| {
        truth.rollouts[0].updated.insert(1);
        truth.rollouts[0].updated_by_api = 2;
    });
    assert_eq!(unconfirmed, ["counted-unconfirmed"]);
    let of_a_real_core = broken(|_, truth| {
        truth.rollouts[0].updated.insert(1);
        truth.rollouts[0].updated_by_api = 2;
        truth.real.insert(1);
    });
    assert_eq!(of_a_real_core, Vec::<&str>::new());
    let uncounted = broken(|_, truth| {
        truth.rollouts[0].updated.clear();
        truth.rollouts[0].updated_by_api = 0;
    });
    assert_eq!(uncounted, ["confirmed-uncounted"]);
    let halted = broken(|_, truth| {
        truth.rollouts[0].updated.clear();
        truth.rollouts[0].ending = Ending::Halted;
    });
    assert_eq!(halted, ["rollout-unfinished"]);
    let otherwise = broken(|_, truth| truth.rollouts[0].updated_by_api = 2);
    assert_eq!(otherwise, ["confirmed-uncounted"]);
}

/// The confirmation was first sent at 300.
#[test]
fn nobody_counts_before_the_confirmation_was_sent() {
    for (ms, updated, rule) in [
        (300, 1, &[][..]),
        (299, 1, &["counted-unconfirmed"]),
        (299, 0, &[]),
        (400, 2, &["counted-unconfirmed"]),
    ] {
        let found = broken(|seen, _| seen.counts = vec![count(ms, updated)]);
        assert_eq!(found, rule, "{ms} {updated}");
    }
}

#[test]
fn store_and_api_know_what_runs() {
    let by_store = broken(|_, truth| truth.devices[1].runs = Some(SOUND));
    assert_eq!(by_store, ["runs-otherwise"]);
    let by_api = broken(|_, truth| truth.devices[1].runs_by_api = None);
    assert_eq!(by_api, ["runs-otherwise"]);
}

#[test]
fn a_rollout_ends_as_it_should() {
    for ending in [Ending::Halted, Ending::Neither] {
        let found = broken(|_, truth| truth.rollouts[0].ending = ending);
        assert_eq!(found, ["rollout-unfinished"], "{ending:?}");
    }
}

#[test]
fn budgets_and_wrong_answers_are_told() {
    let bytes = broken(|seen, _| {
        seen.pieces.push(Piece {
            at: at(0),
            bytes: 4001,
        });
    });
    assert_eq!(bytes, ["bytes-over-budget"]);
    let downloads = broken(|seen, _| {
        let one = crate::seen::Download {
            device: 0,
            from: at(0),
            until: at(0) + Duration::from_millis(10),
        };
        seen.downloads = vec![one; 9];
    });
    assert_eq!(downloads, ["downloads-over-budget"]);
    let fault = broken(|seen, _| {
        seen.faults.push(Fault {
            by: asked(0, 1, 2),
            what: "500".to_owned(),
        });
    });
    assert_eq!(fault, ["wrong-answer"]);
    let ended = broken(|seen, _| {
        seen.ended.push(Ended {
            at: at(0),
            replica: 2,
        });
    });
    assert_eq!(ended, ["replica-ended"]);
}
