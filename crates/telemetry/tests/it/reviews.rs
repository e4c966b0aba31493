//! How an incident is reviewed, closed and taken up again.

use jiff::{SignedDuration, Timestamp};
use mainstay_access::{Duty, Email, Person};
use mainstay_plan::PlanDigest;
use mainstay_rollout::{Evidence, HaltReason, ReleaseDigest, RolloutId};
use mainstay_telemetry::closing::ENTRIES_MAX;
use mainstay_telemetry::{
    Brought, Deed, Incident, IncidentId, Part, PlanChange, Plans, ReviewRefusal, ReviewState,
    TestGap, WORDS_BYTES_MAX, Words,
};

const BETTER: PlanDigest = PlanDigest([9; 32]);

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn person(name: &str, duty: Duty) -> Person {
    let email = Email::new(&format!("{name}@northwind.example")).expect("an address");
    Person { email, duty }
}

/// Who handed the release in.
fn ana() -> Person {
    person("ana", Duty::Engineer)
}

/// Who approved it.
fn sam() -> Person {
    person("sam", Duty::ReleaseManager)
}

/// Who had no part in it.
fn kim() -> Person {
    person("kim", Duty::Operations)
}

fn brought() -> Brought {
    let by = vec![ana().email, sam().email];
    Brought { by }
}

fn plans() -> Plans {
    Plans {
        at_halt: vec![PlanDigest([1; 32])],
        since: vec![BETTER],
        alike: Vec::new(),
    }
}

fn opened() -> Incident {
    let evidence = Evidence {
        rollout: RolloutId(3),
        release: ReleaseDigest([2; 32]),
        version: "1.2.0".to_owned(),
        at: at(0),
        wave: 0,
        reason: HaltReason::Person {
            who: "kim".to_owned(),
            why: "smoke".to_owned(),
        },
        enrolled: 40,
        began: 2,
        ran: 2,
        failed: 0,
        causes: Vec::new(),
        first_failures: Vec::new(),
        common: Vec::new(),
        cannot_return: Vec::new(),
    };
    Incident {
        id: IncidentId(1),
        opened_at: at(0),
        rollout: evidence.rollout,
        release: evidence.release,
        version: evidence.version.clone(),
        title: "1.2.0 was halted by kim: smoke".to_owned(),
        timeline: Vec::new(),
        affected: evidence.ran,
        cannot_return: Vec::new(),
        shared: Vec::new(),
        suspected: None,
        evidence,
        plans: vec![1],
        reopens: None,
        log: Vec::new(),
    }
}

fn cause() -> Words {
    Words {
        root_cause: Some("the regulator runs hot above 3 V".to_owned()),
        ..Words::default()
    }
}

fn gap() -> Words {
    Words {
        test_gap: Some(TestGap::Test("an hour at full load on the rig".to_owned())),
        ..Words::default()
    }
}

fn change() -> Words {
    Words {
        plan_change: Some(PlanChange::Plan(BETTER)),
        ..Words::default()
    }
}

fn all() -> Words {
    Words {
        root_cause: cause().root_cause,
        test_gap: gap().test_gap,
        plan_change: change().plan_change,
    }
}

fn written(incident: Incident, by: &Person, words: Words) -> Incident {
    incident
        .write(by, words, &plans(), at(10))
        .expect("may be written")
}

fn closed() -> Incident {
    let reviewed = written(opened(), &ana(), all());
    let closed = reviewed.close(&kim(), &brought(), &plans(), at(20));
    closed.expect("all is there")
}

fn refusal<T: core::fmt::Debug>(outcome: Result<T, ReviewRefusal>) -> &'static str {
    let refusal = outcome.expect_err("must be refused");
    assert!(!refusal.cure().is_empty() && !refusal.to_string().is_empty());
    refusal.id()
}

#[test]
fn a_close_is_refused_by_the_first_thing_that_is_missing_and_names_all() {
    let cases = [
        (vec![], "root-cause", "root cause, test gap, plan change"),
        (vec![gap()], "root-cause", "root cause, plan change"),
        (vec![cause()], "test-gap", "test gap, plan change"),
        (vec![cause(), gap()], "plan-change", "plan change"),
    ];
    for (words, first, told) in cases {
        let incident = words
            .into_iter()
            .fold(opened(), |incident, words| written(incident, &ana(), words));
        let refused = incident
            .close(&kim(), &brought(), &plans(), at(20))
            .expect_err("it isn't whole");
        assert_eq!(refused.id(), format!("incident.{first}-missing"));
        let sentence = format!("the review of INC-1 lacks its {told}");
        assert_eq!(refused.to_string(), sentence);
    }
}

#[test]
fn a_whole_review_is_closed_by_somebody_else() {
    let incident = closed();
    let standing = ReviewState::Closed {
        by: kim().email,
        at: at(20),
        next: None,
    };
    assert_eq!(incident.state(), standing);
    let log: Vec<_> = incident.log.iter().map(|entry| entry.sentence()).collect();
    assert_eq!(
        log,
        [
            "ana@northwind.example wrote the root cause",
            "ana@northwind.example wrote the test gap",
            "ana@northwind.example wrote the plan change",
            "kim@northwind.example closed it",
        ]
    );
}

#[test]
fn reasons_do_where_there_is_nothing_to_name() {
    let reasons = Words {
        test_gap: Some(TestGap::NoTest("a thunderstorm".to_owned())),
        plan_change: Some(PlanChange::NoChange("it stopped at two".to_owned())),
        ..cause()
    };
    let reviewed = written(opened(), &ana(), reasons);
    let nothing = Plans::default();
    let closed = reviewed.close(&kim(), &brought(), &nothing, at(20));
    assert!(!closed.expect("reasons are enough").is_open());
}

/// Each row: who writes which part, who closes, and what comes of it.
#[test]
fn nobody_closes_what_they_wrote_and_one_of_them_stands_outside() {
    let (ana, sam, kim) = (ana(), sam(), kim());
    let (lee, li) = (
        person("lee", Duty::ReleaseManager),
        person("li", Duty::Engineer),
    );
    let cases = [
        ([&ana, &ana, &ana], &kim, "closed"),
        ([&sam, &sam, &sam], &kim, "closed"),
        ([&kim, &kim, &kim], &sam, "closed"),
        ([&ana, &li, &ana], &sam, "closed"),
        ([&ana, &ana, &sam], &lee, "closed"),
        ([&kim, &kim, &kim], &kim, "incident.needs-another"),
        ([&ana, &ana, &kim], &kim, "incident.needs-another"),
        ([&sam, &ana, &ana], &sam, "incident.needs-another"),
        ([&ana, &ana, &ana], &sam, "incident.needs-outsider"),
        ([&kim, &kim, &kim], &li, "access.denied"),
        ([&ana, &ana, &ana], &ana, "access.denied"),
    ];
    for (row, (writers, closer, expected)) in cases.into_iter().enumerate() {
        let parts = writers.into_iter().zip([cause(), gap(), change()]);
        let incident = parts.fold(opened(), |incident, (by, words)| {
            written(incident, by, words)
        });
        let outcome = incident.close(closer, &brought(), &plans(), at(20));
        let told = outcome.map_or_else(|refusal| refusal.id(), |_| "closed");
        assert_eq!(told, expected, "row {row}");
    }
}

/// Who wrote a part counts only as long as their words stand.
#[test]
fn what_a_colleague_writes_anew_is_theirs() {
    let incident = written(written(opened(), &kim(), all()), &ana(), cause());
    let own = incident.clone().close(&kim(), &brought(), &plans(), at(20));
    assert_eq!(refusal(own), "incident.needs-another");
    let incident = written(written(incident, &ana(), gap()), &ana(), change());
    let review = incident.review();
    assert_eq!(review.writer(Part::RootCause), Some(&ana().email));
    assert_eq!(incident.log.len(), 6, "what was written over is still read");
    let closed = incident.close(&kim(), &brought(), &plans(), at(20));
    assert!(!closed.expect("kim's words are gone").is_open());
}

#[test]
fn a_plan_change_that_was_undone_before_the_close_is_none() {
    let reviewed = written(opened(), &ana(), all());
    let undone = Plans {
        since: vec![BETTER, PlanDigest([1; 32])],
        ..plans()
    };
    let refused = reviewed.close(&kim(), &brought(), &undone, at(20));
    assert_eq!(refusal(refused), "incident.plan-taken-back");
}

#[test]
fn words_that_say_nothing_or_too_much_are_refused_whole() {
    let long = "x".repeat(WORDS_BYTES_MAX + 1);
    // The last ones would clear a reader's terminal, and write over a line of it.
    for bad in ["", " \n ", &long, "\u{1b}[2Jfine", "bad\rfine", "a\0b"] {
        let bad = bad.to_owned();
        let mut words = [all(), all(), all()];
        words[0].root_cause = Some(bad.clone());
        words[1].test_gap = Some(TestGap::NoTest(bad.clone()));
        words[2].plan_change = Some(PlanChange::NoChange(bad));
        for words in words {
            let refused = opened().write(&ana(), words, &plans(), at(1));
            assert_eq!(refusal(refused), "incident.words");
        }
    }
    let nothing = opened().write(&ana(), Words::default(), &plans(), at(1));
    assert_eq!(refusal(nothing), "incident.nothing-said");
    let stranger = Words {
        plan_change: Some(PlanChange::Plan(PlanDigest([7; 32]))),
        ..all()
    };
    let refused = opened().write(&ana(), stranger, &plans(), at(1));
    assert_eq!(refusal(refused), "incident.plan-not-since");
}

#[test]
fn lines_are_kept_as_everybody_ends_them() {
    let words = Words {
        root_cause: Some("first: heat\r\n\tthen: dust\n".to_owned()),
        ..Words::default()
    };
    let cause = written(opened(), &ana(), words).review().root_cause;
    assert_eq!(
        cause.expect("just written").what,
        "first: heat\n\tthen: dust"
    );
}

#[test]
fn a_closed_one_never_changes_and_is_taken_up_by_another() {
    let incident = closed();
    let edited = incident.clone().write(&ana(), cause(), &plans(), at(30));
    assert_eq!(refusal(edited), "incident.closed");
    let again = incident.clone().close(&sam(), &brought(), &plans(), at(30));
    assert_eq!(refusal(again), "incident.closed");
    assert_eq!(
        refusal(incident.reopen(&ana(), " ", at(30))),
        "incident.words"
    );
    let next = incident
        .reopen(&ana(), "it came back on hardware C", at(30))
        .expect("a reason is given");
    assert_eq!((next.opened_at, next.is_open()), (at(30), true));
    assert_eq!(next.evidence, incident.evidence);
    assert_eq!(
        next.plans,
        [1],
        "what was in force at the halt isn't forgotten"
    );
    assert_eq!(next.review().missing(), Part::ALL);
    let reopens = next.reopens.expect("it says what it takes up");
    assert_eq!(reopens.incident, IncidentId(1));
    let before = incident.review();
    let marked = incident.reopened_as(IncidentId(2), &reopens);
    assert_eq!((marked.review(), marked.is_open()), (before, false));
    assert_eq!(
        refusal(marked.reopen(&kim(), "once more", at(40))),
        "incident.reopened"
    );
    assert_eq!(
        refusal(opened().reopen(&kim(), "why not", at(40))),
        "incident.still-open"
    );
}

#[test]
fn a_review_has_an_end_and_can_be_closed_all_the_same() {
    let mut incident = opened();
    for _ in 0..ENTRIES_MAX {
        incident = written(incident, &ana(), cause());
    }
    let once_more = incident.clone().write(&ana(), cause(), &plans(), at(1));
    assert_eq!(refusal(once_more), "incident.too-many-words");
    let whole = written(written(incident, &ana(), gap()), &ana(), change());
    let closed = whole.close(&kim(), &brought(), &plans(), at(20));
    assert!(!closed.expect("it is whole").is_open());
}

#[test]
fn it_is_stored_as_it_is_and_one_of_before_reviews_is_read() {
    let incident = closed().reopened_as(
        IncidentId(2),
        closed()
            .reopen(&ana(), "again", at(30))
            .expect("closed")
            .reopens
            .as_ref()
            .expect("it takes one up"),
    );
    let json = serde_json::to_value(&incident).expect("plain data");
    let read: Incident = serde_json::from_value(json.clone()).expect("as written");
    assert_eq!(read, incident);
    let mut old = json;
    old.as_object_mut().expect("a struct").remove("log");
    let old: Incident = serde_json::from_value(old).expect("of an older version");
    assert!(old.is_open() && old.log.is_empty());
    assert!(matches!(incident.log[0].deed, Deed::RootCause(_)));
}

#[test]
fn a_number_has_one_spelling() {
    let cases = [
        ("INC-1", Some(1)),
        ("INC-12", Some(12)),
        ("INC-01", None),
        ("INC-+1", None),
        ("INC-0", None),
        ("INC--1", None),
        ("inc-1", None),
        ("1", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(IncidentId::parse(text), expected.map(IncidentId), "{text}");
    }
}
