//! The way of a release through its stages, and everything that stops it.

use jiff::Timestamp;
use mainstay_access::{Duty, Email, Person};
use mainstay_plan::{ClassId, GateName, PlanDigest, Track, TrackName, Wave};
use mainstay_release::{Facts, Refusal, Release, Stage, StageName};
use mainstay_trust::Digest;

const REVISION: PlanDigest = PlanDigest([9; 32]);
const NO_EVIDENCE: Digest = Digest([0; 32]);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a small number")
}

fn person(name: &str, duty: Duty) -> Person {
    let email = Email::new(&format!("{name}@northwind.example")).expect("an address");
    Person { email, duty }
}

fn ana() -> Person {
    person("ana", Duty::Engineer)
}

fn sam() -> Person {
    person("sam", Duty::ReleaseManager)
}

fn kim() -> Person {
    person("kim", Duty::Operations)
}

fn facts(version: &str, sequence: u64) -> Facts {
    Facts {
        class: ClassId::new("thermo-v2").expect("a class"),
        version: version.parse().expect("a version"),
        sequence,
        manifest: Digest([sequence as u8; 32]),
        image: Digest([7; 32]),
        image_bytes: 1000,
        returns_to: vec![Digest([0; 32])],
        track: TrackName::Maintenance,
    }
}

fn track(gates: &[&str]) -> Track {
    Track {
        name: TrackName::Maintenance,
        cadence: None,
        gates: gates
            .iter()
            .map(|gate| GateName::new(gate).expect("a gate"))
            .collect(),
        waves: vec![Wave::Canary, Wave::Percent(100)],
        soak: jiff::SignedDuration::from_hours(2),
        fleet_within: None,
        emergency: None,
        goals: mainstay_plan::Goals::default(),
    }
}

/// A release that went as far as `stage`, each step by the right person, a second after the last.
fn at_stage(stage: StageName) -> Release {
    let order = [
        StageName::Draft,
        StageName::Signed,
        StageName::Gated,
        StageName::Approved,
        StageName::Scheduled,
        StageName::Rolling,
        StageName::Complete,
    ];
    let steps = order
        .iter()
        .position(|s| *s == stage)
        .expect("on the straight way");
    let mut release = Release::draft(facts("1.1.0", 2), &ana(), at(0)).expect("a draft");
    for second in 1..=steps {
        release = forward(release, second as i64).expect("the straight way is open");
    }
    release
}

/// The next step of the straight way.
fn forward(release: Release, second: i64) -> Result<Release, Refusal> {
    match release.stage.name() {
        StageName::Draft => release.sign(&ana().email, at(second)),
        StageName::Signed => release.gate(&track(&[]), NO_EVIDENCE, at(second)),
        StageName::Gated => release.approve(&sam(), REVISION, at(second)),
        StageName::Approved => release.schedule(&kim(), 1, at(second)),
        StageName::Scheduled => release.start(at(second)),
        _ => release.complete(at(second)),
    }
}

fn check(outcome: Result<Release, Refusal>, id: &str, message: &str) {
    let refusal = outcome.expect_err(message);
    assert_eq!((refusal.id(), refusal.to_string().as_str()), (id, message));
    assert!(!refusal.cure().is_empty());
}

#[test]
fn the_straight_way_leaves_its_whole_history() {
    let release = at_stage(StageName::Complete);
    assert_eq!(release.id.as_str(), "thermo-v2@1.1.0");
    let history = release.stage.history();
    let told: Vec<_> = history
        .iter()
        .map(|e| {
            (
                e.stage.id(),
                e.by.map_or("-", |by| by.as_str()),
                e.at.as_second(),
            )
        })
        .collect();
    let (ana, sam, kim) = (
        "ana@northwind.example",
        "sam@northwind.example",
        "kim@northwind.example",
    );
    let expected = [
        ("draft", ana, 0),
        ("signed", ana, 1),
        ("gated", "-", 2),
        ("approved", sam, 3),
        ("scheduled", kim, 4),
        ("rolling", "-", 5),
        ("complete", "-", 6),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_halted_release_rolls_back_and_goes_no_further() {
    let halted = at_stage(StageName::Rolling)
        .halt("2 of 6 failed", at(6))
        .expect("rolling");
    let back = halted.roll_back(at(7)).expect("halted");
    let stages: Vec<_> = back.stage.history().iter().map(|e| e.stage.id()).collect();
    assert_eq!(stages[5..], ["rolling", "halted", "rolled-back"]);
    check(
        back.complete(at(8)),
        "release.wrong-stage",
        "thermo-v2@1.1.0 is rolled back, and only a release that is rolling can be complete",
    );
}

type Transition = fn(Release) -> Result<Release, Refusal>;

#[test]
fn no_transition_starts_from_another_stage() {
    let transitions: [(StageName, Transition); 9] = [
        (StageName::Draft, |r| r.sign(&ana().email, at(9))),
        (StageName::Signed, |r| {
            r.gate(&track(&[]), NO_EVIDENCE, at(9))
        }),
        (StageName::Gated, |r| r.approve(&sam(), REVISION, at(9))),
        (StageName::Approved, |r| r.schedule(&kim(), 1, at(9))),
        (StageName::Scheduled, |r| r.start(at(9))),
        (StageName::Rolling, |r| r.complete(at(9))),
        (StageName::Rolling, |r| r.halt("x", at(9))),
        (StageName::Halted, |r| r.roll_back(at(9))),
        (StageName::Complete, |r| {
            r.supersede(&at_stage(StageName::Draft), at(9))
        }),
    ];
    let stages = [
        StageName::Draft,
        StageName::Signed,
        StageName::Gated,
        StageName::Approved,
        StageName::Scheduled,
        StageName::Rolling,
        StageName::Complete,
    ];
    for stage in stages {
        for (from, transition) in &transitions {
            let outcome = transition(at_stage(stage));
            let refused = outcome
                .as_ref()
                .is_err_and(|r| r.id() == "release.wrong-stage");
            assert_eq!(
                refused,
                stage != *from,
                "{stage:?} by the way out of {from:?}"
            );
        }
    }
}

#[test]
fn nobody_takes_two_of_the_three_steps() {
    let same = "release.same-person";
    let promoted = |name: &str, duty| person(name, duty);
    check(
        at_stage(StageName::Gated).approve(&promoted("ana", Duty::ReleaseManager), REVISION, at(9)),
        same,
        "ana@northwind.example is the one by whom thermo-v2@1.1.0 was drafted, and can't be the one by whom it is approved",
    );
    check(
        at_stage(StageName::Approved).schedule(&promoted("sam", Duty::Operations), 1, at(9)),
        same,
        "sam@northwind.example is the one by whom thermo-v2@1.1.0 was approved, and can't be the one by whom it is scheduled",
    );
    // The draft came from li, the build key is ana's: neither may approve.
    let li = person("li", Duty::Engineer);
    let draft = Release::draft(facts("1.1.0", 2), &li, at(0)).expect("a draft");
    let signed = draft.sign(&ana().email, at(1)).expect("signed");
    let gated = signed
        .gate(&track(&[]), NO_EVIDENCE, at(2))
        .expect("no gates");
    for name in ["li", "ana"] {
        let refused = gated
            .clone()
            .approve(&promoted(name, Duty::ReleaseManager), REVISION, at(3));
        assert_eq!(refused.expect_err("built it").id(), same);
    }
}

#[test]
fn each_step_takes_its_duty() {
    for duty in Duty::ALL {
        let eve = person("eve", duty);
        let drafted = Release::draft(facts("1.1.0", 2), &eve, at(0));
        let approved = at_stage(StageName::Gated).approve(&eve, REVISION, at(9));
        let scheduled = at_stage(StageName::Approved).schedule(&eve, 1, at(9));
        let may = [drafted.is_ok(), approved.is_ok(), scheduled.is_ok()];
        assert_eq!(may.iter().filter(|may| **may).count(), 1, "{duty}");
        assert!(
            may[Duty::ALL
                .iter()
                .position(|d| *d == duty)
                .expect("one of all")]
        );
        let refused = [drafted, approved, scheduled]
            .into_iter()
            .filter_map(Result::err);
        assert!(refused.map(|r| r.id()).all(|id| id == "access.denied"));
    }
}

#[test]
fn gates_without_evidence_stay_shut() {
    check(
        at_stage(StageName::Signed).gate(&track(&["unit", "hil"]), NO_EVIDENCE, at(9)),
        "release.gate-no-evidence",
        "the maintenance track names the gates unit, hil, and no evidence opens them",
    );
    let hotfix = Track {
        name: TrackName::Hotfix,
        ..track(&[])
    };
    check(
        at_stage(StageName::Signed).gate(&hotfix, NO_EVIDENCE, at(9)),
        "release.wrong-track",
        "thermo-v2@1.1.0 is on the maintenance track, and was checked against the hotfix track",
    );
}

#[test]
fn contradictory_facts_make_no_draft() {
    let check_facts = |change: fn(&mut Facts), message: &str| {
        let mut facts = facts("1.1.0", 2);
        change(&mut facts);
        check(
            Release::draft(facts, &ana(), at(0)),
            "release.bad-facts",
            message,
        );
    };
    check_facts(
        |f| f.image_bytes = 0,
        "thermo-v2@1.1.0 can't be drafted: its image is empty",
    );
    check_facts(
        |f| f.returns_to = vec![f.manifest],
        "thermo-v2@1.1.0 can't be drafted: it returns to itself",
    );
    check_facts(
        |f| f.returns_to = vec![Digest([8; 32]); 5],
        "thermo-v2@1.1.0 can't be drafted: it returns to more releases than devices keep",
    );
}

#[test]
fn only_a_newer_release_takes_a_release_s_place() {
    let draft = |version, sequence| {
        Release::draft(facts(version, sequence), &ana(), at(9)).expect("a draft")
    };
    let complete = at_stage(StageName::Complete);
    check(
        complete.clone().supersede(&draft("1.0.0", 1), at(9)),
        "release.not-newer",
        "thermo-v2@1.0.0 can't supersede thermo-v2@1.1.0: it isn't a newer release of the same class",
    );
    let superseded = complete
        .supersede(&draft("1.2.0", 3), at(9))
        .expect("newer");
    assert_eq!(superseded.stage.history().len(), 8);
}

#[test]
fn a_release_whose_rollout_is_withdrawn_is_approved_again() {
    let approved = at_stage(StageName::Approved);
    for stage in [StageName::Scheduled, StageName::Rolling] {
        let again = at_stage(stage).unschedule().expect("it has a rollout");
        assert_eq!(again, approved, "{stage}");
        let scheduled = again.schedule(&kim(), 8, at(20)).expect("another rollout");
        let number = scheduled.stage.scheduled().map(|facts| facts.rollout);
        assert_eq!(number, Some(8));
    }
    for stage in [StageName::Approved, StageName::Complete] {
        let refused = at_stage(stage).unschedule();
        let refused = refused.expect_err("nothing to take back");
        assert_eq!(refused.id(), "release.wrong-stage", "{stage}");
    }
}

#[test]
fn what_was_halted_or_revoked_is_withdrawn() {
    for stage in [StageName::Draft, StageName::Rolling, StageName::Complete] {
        let release = at_stage(stage);
        assert!(!release.is_withdrawn(), "{stage}");
        let revoked = release.revoke("its key was stolen", at(9));
        assert!(revoked.expect("from any stage").is_withdrawn(), "{stage}");
    }
    let halted = at_stage(StageName::Rolling).halt("smoke", at(9));
    let halted = halted.expect("it rolls");
    assert!(halted.is_withdrawn());
    let back = halted.roll_back(at(10)).expect("it was halted");
    assert!(back.is_withdrawn());
}

#[test]
fn every_stage_is_stored_and_comes_back() {
    for stage in [StageName::Draft, StageName::Approved, StageName::Complete] {
        let release = at_stage(stage);
        let text = serde_json::to_string(&release).expect("plain facts");
        let back: Release = serde_json::from_str(&text).expect("as written");
        assert_eq!(back, release);
        assert!(
            text.contains(&format!("\"stage\":\"{}\"", stage.id())),
            "{text}"
        );
    }
    assert!(matches!(at_stage(StageName::Gated).stage, Stage::Gated(_)));
}
