//! Reports folded into progress: in order, repeated, and with some of them lost.

use jiff::Timestamp;
use mainstay_protocol::{Event, InstallFailure, RevertCause};
use mainstay_rollout::{FailureCause, Progress, ReleaseDigest};
use mainstay_telemetry::{DeviceEvent, fold};
use mainstay_trust::Digest;
use proptest::prelude::*;

const OLD: Digest = Digest([1; 32]);
const NEW: Digest = Digest([2; 32]);
const OTHER: Digest = Digest([3; 32]);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a small number")
}

fn seen(event: &Event) -> DeviceEvent {
    DeviceEvent::of(event, |code| format!("refusal-{code}"))
}

/// Folds reports, the first heard at second 10, the next at 20 and so on.
fn told(from: Progress, reports: &[Event]) -> Progress {
    let events = reports.iter().map(seen).zip(1..);
    events.fold(from, |progress, (event, n)| {
        fold(progress, &event, at(n * 10))
    })
}

fn started(manifest: Digest) -> Event {
    Event::DownloadStarted { manifest }
}

fn booted(manifest: Digest) -> Event {
    Event::TrialBooted { manifest }
}

fn confirmed(manifest: Digest) -> Event {
    Event::Confirmed { manifest }
}

fn reverted(cause: RevertCause) -> Event {
    Event::Reverted {
        manifest: NEW,
        cause,
    }
}

fn confirmed_at(began: i64, booted: i64, confirmed: i64) -> Progress {
    Progress::Confirmed {
        began: at(began),
        booted: at(booted),
        at: at(confirmed),
    }
}

fn failed_at(began: i64, known: i64, cause: FailureCause) -> Progress {
    Progress::Failed {
        began: at(began),
        at: at(known),
        cause,
    }
}

fn returning() -> Progress {
    Progress::Returning {
        began: at(1),
        at: at(5),
        to: ReleaseDigest(OLD.0).into(),
    }
}

#[test]
fn a_good_update_is_counted_when_the_device_says_so() {
    let way = [
        started(NEW),
        Event::Installed { manifest: NEW },
        booted(NEW),
        confirmed(NEW),
    ];
    let began = Progress::Began { at: at(10) };
    assert_eq!(told(Progress::Waiting, &way[..2]), began);
    let on_trial = Progress::OnTrial {
        began: at(10),
        booted: at(30),
    };
    assert_eq!(told(Progress::Waiting, &way[..3]), on_trial);
    assert_eq!(told(Progress::Waiting, &way), confirmed_at(10, 30, 40));
}

#[test]
fn lost_reports_cost_only_their_time() {
    let promised = Progress::Promised { at: at(1) };
    assert_eq!(
        told(promised.clone(), &[confirmed(NEW)]),
        confirmed_at(10, 10, 10)
    );
    assert_eq!(
        told(promised.clone(), &[started(NEW), confirmed(NEW)]),
        confirmed_at(10, 20, 20)
    );
    let failed = failed_at(10, 10, FailureCause::SelfTest);
    assert_eq!(told(promised, &[reverted(RevertCause::SelfTest)]), failed);
}

#[test]
fn each_way_of_going_back_has_its_cause() {
    let cases = [
        (RevertCause::SelfTest, FailureCause::SelfTest),
        (RevertCause::Watchdog, FailureCause::WatchdogRevert),
        (RevertCause::BootLimit, FailureCause::BootFailed),
        (RevertCause::ImageInvalid, FailureCause::InstallFailed),
    ];
    for (reported, cause) in cases {
        let way = [started(NEW), booted(NEW), reverted(reported)];
        assert_eq!(told(Progress::Waiting, &way), failed_at(10, 30, cause));
    }
}

#[test]
fn a_device_that_can_t_install_has_failed() {
    let failure = Event::Failed {
        manifest: NEW,
        cause: InstallFailure::StorageFull,
    };
    let cause = FailureCause::InstallFailed;
    assert_eq!(
        told(Progress::Waiting, &[started(NEW), failure]),
        failed_at(10, 20, cause)
    );
    assert_eq!(
        seen(&failure).phrase("1.1.0"),
        "couldn't install 1.1.0 (storage-full)"
    );
}

#[test]
fn a_confirmed_device_may_still_fail_and_a_failed_one_stays_failed() {
    let cause = FailureCause::Bricked;
    let confirmed_first = confirmed_at(1, 2, 3);
    assert_eq!(
        told(confirmed_first, &[Event::EnteredSafeMode]),
        failed_at(1, 10, FailureCause::Lost),
        "it takes nothing older any more"
    );
    let unwell = failed_at(1, 3, FailureCause::SelfTestLater);
    assert_eq!(
        told(unwell, &[Event::EnteredSafeMode, Event::EnteredSafeMode]),
        failed_at(1, 3, FailureCause::Lost)
    );
    let failed = failed_at(1, 3, FailureCause::SelfTest);
    assert_eq!(
        told(failed.clone(), &[started(NEW), booted(NEW), confirmed(NEW)]),
        failed
    );
    assert_eq!(
        told(failed, &[Event::EnteredSafeMode]),
        failed_at(1, 3, cause),
        "a brick is worse, and the device fails since the first of both"
    );
}

#[test]
fn a_device_that_was_never_touched_is_not_this_rollout_s_brick() {
    assert_eq!(
        told(Progress::Waiting, &[Event::EnteredSafeMode]),
        Progress::Waiting
    );
    let refused = told(
        Progress::Waiting,
        &[Event::Refused {
            manifest: NEW,
            refusal: 83,
        }],
    );
    assert_eq!(told(refused.clone(), &[Event::EnteredSafeMode]), refused);
}

#[test]
fn a_refusal_remembers_whether_something_had_begun() {
    let refuse = Event::Refused {
        manifest: NEW,
        refusal: 83,
    };
    let refused = |began, second| Progress::Refused {
        began,
        at: at(second),
        refusal: "refusal-83".into(),
    };
    assert_eq!(told(Progress::Waiting, &[refuse]), refused(None, 10));
    assert_eq!(
        told(Progress::Waiting, &[started(NEW), refuse]),
        refused(Some(at(10)), 20)
    );
    let again = told(Progress::Waiting, &[started(NEW), refuse, started(NEW)]);
    assert_eq!(again, Progress::Began { at: at(10) });
}

#[test]
fn a_device_on_its_way_back_arrives() {
    let back = Progress::Returned {
        began: at(1),
        at: at(10),
    };
    assert_eq!(told(returning(), &[confirmed(OLD)]), back);
    for news in [
        started(OLD),
        booted(OLD),
        Event::Refused {
            manifest: OLD,
            refusal: 84,
        },
    ] {
        assert_eq!(told(returning(), &[news]), returning(), "{news:?}");
    }
    assert_eq!(
        told(returning(), &[confirmed(NEW)]),
        returning(),
        "a late confirmation"
    );
    let self_test = failed_at(1, 10, FailureCause::SelfTest);
    assert_eq!(
        told(returning(), &[reverted(RevertCause::SelfTest)]),
        self_test
    );
    assert_eq!(
        told(
            back.clone(),
            &[started(OLD), confirmed(NEW), Event::PowerLost]
        ),
        back
    );
}

#[test]
fn events_are_told_in_words() {
    let refused = seen(&Event::Refused {
        manifest: NEW,
        refusal: 83,
    });
    assert_eq!(refused.phrase("1.1.0"), "refused 1.1.0 (refusal-83)");
    let gave_up = seen(&reverted(RevertCause::SelfTest));
    assert_eq!(
        gave_up.phrase("1.1.0"),
        "gave 1.1.0 up: it failed its self-test and went back"
    );
    assert_eq!(
        seen(&started(OTHER)).release(),
        Some(ReleaseDigest(OTHER.0))
    );
    assert_eq!(seen(&Event::PowerLost).release(), None);
}

fn any_report() -> impl Strategy<Value = Event> {
    let release = || Just(NEW);
    let cause = prop_oneof![Just(RevertCause::SelfTest), Just(RevertCause::BootLimit)];
    prop_oneof![
        release().prop_map(started),
        release().prop_map(booted),
        release().prop_map(confirmed),
        release().prop_map(|manifest| Event::Refused {
            manifest,
            refusal: 83
        }),
        cause.prop_map(reverted),
        Just(Event::EnteredSafeMode),
        Just(Event::PowerLost),
        release().prop_map(|manifest| Event::Failed {
            manifest,
            cause: InstallFailure::HookFailed,
        }),
    ]
}

proptest! {
    #[test]
    fn a_repeated_report_changes_nothing(reports in prop::collection::vec(any_report(), 0..20), returns: bool) {
        let mut progress = if returns { returning() } else { Progress::Waiting };
        for (event, n) in reports.iter().map(seen).zip(10..) {
            progress = fold(progress, &event, at(n));
            prop_assert_eq!(&fold(progress.clone(), &event, at(n + 100)), &progress);
        }
    }

    #[test]
    fn only_the_device_s_own_word_confirms(reports in prop::collection::vec(any_report(), 0..20)) {
        let progress = told(Progress::Waiting, &reports);
        let said = reports.contains(&confirmed(NEW));
        let counted = matches!(progress, Progress::Confirmed { .. });
        prop_assert!(said || !counted);
    }

    #[test]
    fn the_moment_it_began_never_changes(reports in prop::collection::vec(any_report(), 0..20)) {
        let mut progress = Progress::Waiting;
        for (event, n) in reports.iter().map(seen).zip(10..) {
            let next = fold(progress.clone(), &event, at(n));
            prop_assert!(progress.began().is_none() || next.began() == progress.began());
            progress = next;
        }
    }
}
