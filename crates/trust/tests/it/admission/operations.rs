//! What operations has a word in: schedules, shares and bundles.

use super::scene::*;
use crate::people::{
    self, bundle_statement, operator, pinned, root, schedule, server, signed, status,
};
use mainstay_trust::verify;
use mainstay_trust::{BundleStatement, Digest, KeyState, Refusal, RustCrypto, Schedule};

#[test]
fn a_class_may_wait_for_operations() {
    let now = status().issued;
    expect_scheduled(|_| {}, Ok(()));
    let unscheduled = |s: &mut Scene| {
        scheduled(s);
        s.schedule = None;
    };
    expect_in(unscheduled, Err(Refusal::ScheduleMissing));
    expect_scheduled(
        |p| p.release = Digest([1; 32]),
        Err(Refusal::ScheduleMismatch),
    );
    expect_scheduled(|p| p.class[0] ^= 1, Err(Refusal::ScheduleMismatch));
    expect_scheduled(|p| p.not_before = now, Ok(()));
    expect_scheduled(|p| p.not_before = now + 1, Err(Refusal::ScheduleEarly));
    expect_scheduled(|p| p.expires = now + 1, Ok(()));
    expect_scheduled(|p| p.expires = now, Err(Refusal::ScheduleExpired));
    // This device's place for this release, as a table of shares would show it.
    let place = (0..=10_000).find(|share| {
        let schedule = Schedule {
            share: *share,
            ..schedule()
        };
        schedule.includes(b"th-0042", &RustCrypto)
    });
    let place = place.unwrap();
    assert!((1..10_000).contains(&place), "{place}");
    expect_scheduled(|p| p.share = place, Ok(()));
    expect_scheduled(|p| p.share = place - 1, Err(Refusal::NotInShare));
    expect_scheduled(|p| p.share = 0, Err(Refusal::NotInShare));
    // Where the class doesn't ask for one, nobody looks at it.
    expect_in(
        |s| {
            s.schedule = Some(Schedule {
                share: 0,
                ..schedule()
            })
        },
        Ok(()),
    );
}

/// Of many devices about as many lie within a share as it says.
#[test]
fn a_share_is_a_share() {
    let schedule = Schedule {
        share: 1_000,
        ..schedule()
    };
    let inside = (0..10_000_u32)
        .filter(|number| schedule.includes(&number.to_be_bytes(), &RustCrypto))
        .count();
    assert!((850..1_150).contains(&inside), "{inside} of 10,000");
}

#[track_caller]
fn expect_offline(
    change: impl FnOnce(&mut BundleStatement, &mut Scene),
    expected: Result<(), Refusal>,
) {
    expect_guarded(
        |s| {
            let mut statement = bundle_statement();
            change(&mut statement, s);
            s.bundle = Some(statement);
        },
        expected,
    );
}

#[test]
fn a_bundle_installs_offline_what_it_was_made_for() {
    expect_offline(|_, _| {}, Ok(()));
    expect_offline(
        |b, _| b.release = Digest([1; 32]),
        Err(Refusal::BundleMismatch),
    );
    expect_offline(|b, s| s.device.counters.time = b.expires - 1, Ok(()));
    expect_offline(
        |b, s| s.device.counters.time = b.expires,
        Err(Refusal::BundleExpired),
    );
    expect_offline(
        |b, s| s.device.clock = Some(b.expires),
        Err(Refusal::BundleExpired),
    );
    expect_offline(|b, _| b.revocations.number = 2, Err(Refusal::BundleStale));
    expect_offline(
        |b, _| b.revocations.number = 4,
        Err(Refusal::RevocationsMissing),
    );
    expect_offline(
        |_, s| s.revocations = None,
        Err(Refusal::RevocationsMissing),
    );
    // A class that waits for operations has their word in the statement.
    expect_offline(|_, s| (scheduled(s), s.schedule = None).0, Ok(()));
}

#[test]
fn a_bundle_refreshes_nothing() {
    let mut scene = scene();
    guarded(&mut scene);
    scene.bundle = Some(bundle_statement());
    scene.device.clock = Some(1_749_500_000);
    let admitted = scene.admitted().unwrap();
    assert_eq!(admitted.time(), scene.device.counters.time);
    assert_eq!(admitted.status(), scene.device.counters.status);
    assert!(admitted.is_offline());
    scene.bundle = None;
    assert!(!scene.admitted().unwrap().is_offline());
}

/// A retired key's last number bounds what it says: of a schedule the moment from which it holds, of a
/// statement the moment when it was made.
#[test]
fn a_retired_key_of_operations_has_said_its_last() {
    let judged = |max_sequence| {
        let mut root = root();
        *people::state_of(&mut root, &operator()) = KeyState::Retired { max_sequence };
        let root = pinned(&root);
        let schedule = signed(&schedule(), &[&operator()]);
        let bundle = signed(&bundle_statement(), &[&operator()]);
        (
            verify::schedule(&schedule, &root, &RustCrypto).map(|_| ()),
            verify::bundle_statement(&bundle, &root, &RustCrypto).map(|_| ()),
        )
    };
    let refused = Err(Refusal::RetiredKey);
    let (from, made) = (schedule().not_before, bundle_statement().issued);
    assert_eq!(judged(from).0, Ok(()));
    assert_eq!(judged(from - 1).0, refused);
    assert_eq!(judged(made).1, Ok(()));
    assert_eq!(judged(made - 1).1, refused);
}

#[test]
fn statements_are_believed_only_from_operations() {
    let root = pinned(&root());
    let by = |person: &people::Person| {
        let schedule = signed(&schedule(), &[person]);
        let bundle = signed(&bundle_statement(), &[person]);
        (
            verify::schedule(&schedule, &root, &RustCrypto).map(|_| ()),
            verify::bundle_statement(&bundle, &root, &RustCrypto).map(|_| ()),
        )
    };
    assert_eq!(by(&operator()), (Ok(()), Ok(())));
    for other in [
        server(),
        people::manager(),
        people::engineer(),
        people::keeper(),
    ] {
        assert_eq!(
            by(&other),
            (Err(Refusal::RoleMissing), Err(Refusal::RoleMissing))
        );
    }
    let schedule = signed(&schedule(), &[&operator()]);
    let as_bundle = verify::bundle_statement(&schedule, &root, &RustCrypto);
    assert_eq!(as_bundle.map(|_| ()), Err(Refusal::ForeignProfile));
}
