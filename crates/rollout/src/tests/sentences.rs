//! The words for each reason.

use jiff::civil::Time;
use mainstay_plan as plan;

use crate::incident::{Common, Trait};
use crate::progress::{FailureCause, Progress};
use crate::returns::CannotReturn;
use crate::testing::{OLD, at, device, opened, view};
use crate::tripwire::Trip;
use crate::why::{self, Subject};
use crate::{HaltReason, Kind, Question, Wait, Withheld, halt, offer};

const SUBJECT: Subject<'_> = Subject {
    device: "th-0193",
    class: "thermo-v2",
    hardware: "B",
    runs: Some("1.0.0"),
};

#[test]
fn a_closed_window_is_explained_as_the_owner_would_see_it() {
    let mut rollout = opened(40);
    rollout.rules.window.from = Time::constant(1, 0, 0, 0);
    rollout.rules.window.until = Time::constant(4, 0, 0, 0);
    // 18:48 of the same day in Denver.
    let now = at(12 * 60 + 48);
    let wait = offer(&rollout, &device(0), 0, now).expect_err("the window is closed");
    assert_eq!(
        why::sentence(&SUBJECT, &rollout, &wait, now),
        "th-0193 (thermo-v2, hardware B) runs 1.0.0 and isn't updating to 1.1.0, because its \
         window opens tonight, 01:00 America/Denver (in 6 h 12 min)."
    );
    assert_eq!(why::next(&wait), "nothing to do");
}

fn check_reason(wait: Wait, expected: &str) {
    assert_eq!(why::reason(&opened(40), &wait, at(30)), expected);
}

#[test]
fn reasons_of_the_rollout_end_a_sentence() {
    let (in_flight, limit, until) = (100, 100, at(31));
    let (wave, open, scored, needed) = (1, Some(0), 6, 20);
    check_reason(
        Wait::WaveNotOpen { wave, open },
        "the 10 % wave, which it is in, opens after the canary",
    );
    check_reason(
        Wait::Jitter { until },
        "devices are spread over the window, and its turn comes in 1 min",
    );
    check_reason(
        Wait::Budget { in_flight, limit },
        "100 of 100 allowed downloads are running",
    );
    check_reason(
        Wait::Evidence {
            wave,
            scored,
            needed,
        },
        "the 10 % wave has 6 scored devices and needs 20 if no further one fails",
    );
    check_reason(
        Wait::Soak { until },
        "the wave has passed and rests; it ends in 1 min",
    );
    let devices = 1;
    check_reason(
        Wait::Unsettled { wave: 0, devices },
        "1 device is still to be judged in the canary",
    );
    let (wave, silent, reachable) = (0, 5, 40);
    let question = Question::Silence {
        wave,
        silent,
        reachable,
    };
    check_reason(
        Wait::Human { question },
        "a person must answer: in the canary 5 of 40 reachable devices (13 %) fell silent after they began",
    );
}

#[test]
fn reasons_of_the_device_end_a_sentence() {
    let reason = HaltReason::Sprt {
        wave: 0,
        failures: 2,
        scored: 6,
    };
    check_reason(
        Wait::Halted { reason },
        "the rollout is halted: 2 of the first 6 devices scored in the canary failed (1 % expected, 12 % must halt)",
    );
    let cause = FailureCause::SelfTest;
    check_reason(
        Wait::Failed { cause },
        "it failed its self-test and went back when it tried",
    );
    let cause = FailureCause::SelfTestLater;
    check_reason(
        Wait::Failed { cause },
        "it failed its self-test after it had confirmed",
    );
    let cause = FailureCause::WentBack;
    check_reason(
        Wait::Failed { cause },
        "it went back to an older version without a word",
    );
    let refusal = "trust.below-floor".to_owned();
    check_reason(
        Wait::Refused { refusal },
        "it refused the release (trust.below-floor)",
    );
    let zone = "Mars/Olympus".to_owned();
    check_reason(
        Wait::UnknownZone { zone },
        "its time zone \"Mars/Olympus\" isn't known",
    );
    check_reason(
        Wait::GaveUp { at: at(0) },
        "it didn't begin in time and was given up 30 min ago",
    );
}

#[test]
fn a_device_that_is_not_waiting_is_not_excused() {
    let rollout = opened(40);
    let check = |wait: Wait, expected: &str| {
        let sentence = why::sentence(&SUBJECT, &rollout, &wait, at(30));
        assert_eq!(
            sentence,
            format!("th-0193 (thermo-v2, hardware B) {expected}.")
        );
    };
    check(
        Wait::AlreadyRuns,
        "runs 1.0.0, so there is nothing to update",
    );
    check(
        Wait::OnTrial { until: at(40) },
        "is trying 1.1.0, and is judged in 10 min",
    );
    check(
        Wait::Returned,
        "runs 1.0.0 again: 1.1.0 was halted, and it went back",
    );
    check(
        Wait::CannotReturn {
            why: CannotReturn::NothingBefore,
        },
        "runs 1.0.0 and can't go back from 1.1.0: what it ran before isn't known",
    );
}

#[test]
fn halts_and_findings_are_told_with_their_numbers() {
    let rollout = opened(40);
    let trip = |trip| why::halted(&rollout, &HaltReason::Tripwire { trip });
    assert_eq!(
        trip(Trip::Bricks {
            bricks: 1,
            limit: 1
        }),
        "1 device runs neither version any more (the plan stops at 1)"
    );
    assert_eq!(
        trip(Trip::Stratum {
            hardware: "B".to_owned(),
            failures: 4,
            began: 20,
            limit: 4
        }),
        "4 of the 20 devices of hardware B that began have failed (the plan stops at 4)"
    );
    let common = |kind, value: &str| Common {
        kind,
        value: value.to_owned(),
        failing: 6,
        ran_with: 12,
        ran: 23,
    };
    assert_eq!(
        why::shared(&common(Trait::Hardware, "B")),
        "every failing device is hardware B (6 of 6; B is 52 % of those that ran it)"
    );
    let release = OLD.to_string();
    assert!(
        why::shared(&common(Trait::EarlierRelease, &release)).contains("release 010101010101 (")
    );
}

#[test]
fn a_begun_device_says_since_when() {
    let rollout = opened(40);
    let mut begun = device(0);
    begun.progress = Progress::Began { at: at(10) };
    assert_eq!(
        why::sentence(
            &SUBJECT,
            &rollout,
            &Wait::Installing { since: at(10) },
            at(30)
        ),
        "th-0193 (thermo-v2, hardware B) runs 1.0.0 and has been installing 1.1.0 for 20 min."
    );
}

#[test]
fn a_device_whose_turn_it_is_hears_so() {
    let device = "th-0193 (thermo-v2, hardware B) runs 1.0.0";
    let rollout = opened(40);
    let gets = format!("{device} and gets 1.1.0 at its next check-in.");
    assert_eq!(why::offered(&SUBJECT, &rollout, Kind::Forward), gets);
    let instead = format!("{device} and gets back what it ran before 1.1.0 at its next check-in.");
    assert_eq!(why::offered(&SUBJECT, &rollout, Kind::Return), instead);
    let halted = halt::by_person(&rollout, &view(40), "kim", "smoke", at(5)).expect("rolling");
    let back = format!("{device} and is going back from 1.1.0, which was halted.");
    assert_eq!(why::offered(&SUBJECT, &halted.rollout, Kind::Return), back);
}

#[test]
fn a_device_at_rest_hears_why_nothing_comes() {
    let device = "th-0193 (thermo-v2, hardware B) runs 1.0.0";
    let none = format!("{device}, and no rollout is under way for it.");
    assert_eq!(why::not_enrolled(&SUBJECT), none);
    assert_eq!(why::at_rest(none.clone(), Ok(())), none);
    let ended = mainstay_fleet::Ineligible::SupportEnded {
        last_day: jiff::civil::date(2032, 6, 30),
        then: Some("thermo-v3".to_owned()),
    };
    let unsupported = format!(
        "{none} Only the hotfix track still reaches it, because security support of its class ended on \
         2032-06-30; its owner is to move to thermo-v3."
    );
    assert_eq!(why::at_rest(none, Err(ended)), unsupported);
}

#[test]
fn a_device_that_was_not_drawn_hears_why_not() {
    let rollout = opened(40);
    let check = |ineligible: Option<&mainstay_fleet::Ineligible>, expected: &str| {
        let sentence = why::not_drawn(&SUBJECT, &rollout, ineligible);
        let whole = "th-0193 (thermo-v2, hardware B) runs 1.0.0 and isn't in the rollout of 1.1.0";
        assert_eq!(sentence, format!("{whole}, because {expected}."));
    };
    let (has, needs) = ("1.0.0".to_owned(), "1.4.0".to_owned());
    let old = mainstay_fleet::Ineligible::BootloaderTooOld { has, needs };
    check(Some(&old), "its boot loader 1.0.0 isn't 1.4.0 or newer");
    check(None, "it wasn't eligible when that started");
}

#[test]
fn a_device_beyond_the_last_wave_hears_where_that_ends() {
    let mut rollout = opened(40);
    let mut check = |last: plan::Wave, expected: &str| {
        rollout.rules.waves = vec![plan::Wave::Canary, last];
        let sentence = why::not_drawn(&SUBJECT, &rollout, None);
        assert!(sentence.contains(expected), "{sentence}");
    };
    check(
        plan::Wave::Percent(50),
        "because its waves end at 50 % of the devices, and it isn't one of them",
    );
    check(
        plan::Wave::Canary,
        "because that is for a canary, and it wasn't drawn for that",
    );
}

#[test]
fn what_is_settled_waits_for_nothing() {
    let (at, until, cause) = (at(0), at(1), FailureCause::SelfTest);
    let why = CannotReturn::NothingBefore;
    for (wait, settled) in [
        (Wait::AlreadyRuns, true),
        (Wait::Complete, true),
        (Wait::Returned, true),
        (Wait::GaveUp { at }, true),
        (Wait::Failed { cause }, true),
        (Wait::CannotReturn { why }, true),
        (Wait::Jitter { until }, false),
        (Wait::Installing { since: at }, false),
        (Wait::OnTrial { until }, false),
    ] {
        assert_eq!(wait.is_settled(), settled, "{wait:?}");
    }
}

#[test]
fn what_withholds_a_release_is_told_with_what_to_do() {
    let (since, who, why) = (at(0), "kim".to_owned(), "smoke".to_owned());
    let refusal = "trust.revoked-key".to_owned();
    let cases = [
        (
            Withheld::Held { since, who, why },
            "kim put it on hold 30 min ago: smoke",
        ),
        (
            Withheld::Refused { refusal },
            "every device would refuse it (trust.revoked-key)",
        ),
        (
            Withheld::RevocationsStale { since },
            "the revocations' next update was due 30 min ago",
        ),
        (Withheld::Unscheduled, "operations hasn't signed a schedule"),
        (
            Withheld::ScheduleRefused {
                refusal: "trust.retired-key".to_owned(),
            },
            "every device would refuse the schedule that operations signed (trust.retired-key)",
        ),
        (
            Withheld::ScheduleOpens { at: at(31) },
            "the schedule that operations signed begins in 1 min",
        ),
        (
            Withheld::OutsideShare { share: 1005 },
            "operations' schedule lets only 10.05 % of the devices install it, and this isn't one of them",
        ),
        (
            Withheld::Unfit {
                refusal: "trust.downgrade".to_owned(),
            },
            "a device that checks what it installs would refuse it here (trust.downgrade)",
        ),
        (
            Withheld::AfterAWhile { at: at(31) },
            "its client couldn't install it the last time, and is told again in 1 min",
        ),
        (
            Withheld::Unspeakable {
                reason: "ddi.too-large".to_owned(),
            },
            "its client can't be told of the file (ddi.too-large)",
        ),
    ];
    for (because, expected) in cases {
        let wait = Wait::Withheld { because };
        assert!(!why::next(&wait).is_empty());
        check_reason(wait, expected);
    }
}
