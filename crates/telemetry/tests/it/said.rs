//! What a check-in says beside its reports, folded into progress: for reports that never came, and for what no report tells.

use jiff::Timestamp;
use mainstay_protocol::{BootReason, CheckIn, Health, ReportList, Running, SelfTest};
use mainstay_rollout::{Candidate, FailureCause, Progress, ReleaseDigest};
use mainstay_telemetry::{Said, fold_said};
use mainstay_trust::Digest;

const OLD: Digest = Digest([1; 32]);
const NEW: Digest = Digest([2; 32]);
const OTHER: Digest = Digest([3; 32]);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a small number")
}

fn candidate() -> Candidate {
    Candidate {
        release: ReleaseDigest(NEW.0),
        version: "1.1.0".to_owned(),
        sequence: 2,
        class: "thermo-v2".to_owned(),
        returns_to: vec![ReleaseDigest(OLD.0)],
        image_bytes: 0,
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

fn check_in(
    manifest: Digest,
    sequence: u64,
    confirmed: bool,
    boot: BootReason,
) -> CheckIn<'static> {
    CheckIn {
        nonce: [0; 16],
        running: Running {
            manifest,
            sequence,
            version: "1",
            confirmed,
            slot: 0,
        },
        boot,
        revocations: None,
        root_version: 1,
        status_seq: 1,
        health: Health::default(),
        reports: ReportList::default(),
    }
}

#[test]
fn the_check_in_makes_up_for_lost_reports() {
    let check = |from: Progress, check_in: &CheckIn<'_>, expected: Progress| {
        let after = fold_said(from, &candidate(), &Said::of(check_in), at(10));
        assert_eq!(after, expected);
    };
    let began = || Progress::Began { at: at(1) };
    let runs = |manifest, sequence, confirmed| {
        check_in(manifest, sequence, confirmed, BootReason::Confirmed)
    };
    check(began(), &runs(NEW, 2, true), confirmed_at(1, 10, 10));
    let on_trial = Progress::OnTrial {
        began: at(1),
        booted: at(10),
    };
    check(began(), &runs(NEW, 2, false), on_trial.clone());
    check(began(), &runs(OLD, 1, true), began());
    let silent = failed_at(1, 10, FailureCause::WentBack);
    check(on_trial, &runs(OLD, 1, true), silent.clone());
    check(confirmed_at(1, 2, 3), &runs(OLD, 1, true), silent);
    check(
        confirmed_at(1, 2, 3),
        &runs(OTHER, 3, true),
        confirmed_at(1, 2, 3),
    );
    check(
        returning(),
        &runs(OLD, 1, true),
        Progress::Returned {
            began: at(1),
            at: at(10),
        },
    );
    check(returning(), &runs(OTHER, 0, true), returning());
    // The fix reached it before the way back did.
    let past = Progress::Returned {
        began: at(1),
        at: at(10),
    };
    check(returning(), &runs(OTHER, 3, true), past);
    check(returning(), &runs(OTHER, 3, false), returning());
    let safe_mode = check_in(OLD, 1, true, BootReason::SafeMode);
    check(began(), &safe_mode, failed_at(1, 10, FailureCause::Bricked));
}

/// What no report tells: the image that a device had kept is lost, and it runs what was left of the older one.
#[test]
fn who_falls_back_on_what_was_left_has_failed() {
    let check = |from: Progress, boot, expected: Progress| {
        let said = Said::of(&check_in(OLD, 1, false, boot));
        assert_eq!(fold_said(from, &candidate(), &said, at(10)), expected);
    };
    let on_trial = || Progress::OnTrial {
        began: at(1),
        booted: at(2),
    };
    let lost = || failed_at(1, 10, FailureCause::WentBack);
    check(on_trial(), BootReason::LastResort, lost());
    check(confirmed_at(1, 2, 3), BootReason::LastResort, lost());
    check(Progress::Waiting, BootReason::LastResort, Progress::Waiting);
    // Told to go back, and there before it was offered the way: it refuses to install what it runs, and has no more to do.
    let back = Progress::Returned {
        began: at(1),
        at: at(10),
    };
    check(returning(), BootReason::LastResort, back);
    // Sent back by hand, and not decided yet.
    check(
        confirmed_at(1, 2, 3),
        BootReason::Trial,
        confirmed_at(1, 2, 3),
    );
}

#[test]
fn a_self_test_that_fails_later_is_a_failure_too() {
    let check = |from: Progress, manifest, sequence, confirmed, expected: Progress| {
        let mut check_in = check_in(manifest, sequence, confirmed, BootReason::Confirmed);
        check_in.health.self_test = SelfTest::Failed;
        let said = Said::of(&check_in);
        assert_eq!(fold_said(from, &candidate(), &said, at(10)), expected);
    };
    let began = || Progress::Began { at: at(1) };
    let later = || failed_at(1, 10, FailureCause::SelfTestLater);
    check(confirmed_at(1, 2, 3), NEW, 2, true, later());
    check(began(), NEW, 2, true, later());
    check(returning(), NEW, 2, true, returning());
    // On trial the device judges for itself; and what it ran before isn't the candidate's to answer for.
    let on_trial = Progress::OnTrial {
        began: at(1),
        booted: at(10),
    };
    check(began(), NEW, 2, false, on_trial);
    check(began(), OLD, 1, true, began());
    check(later(), NEW, 2, true, later());
}
