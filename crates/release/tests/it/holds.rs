//! The hold: one person stops, two let go.

use jiff::Timestamp;
use mainstay_access::{Duty, Email, Person};
use mainstay_plan::{ClassId, TrackName};
use mainstay_release::hold::REASON_BYTES_MAX;
use mainstay_release::{Facts, Hold, HoldRefusal, HoldState, Release};
use mainstay_trust::Digest;
use mainstay_trust::status::HELD_MAX;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a small number")
}

fn person(name: &str, duty: Duty) -> Person {
    let email = Email::new(&format!("{name}@northwind.example")).expect("an address");
    Person { email, duty }
}

fn kim() -> Person {
    person("kim", Duty::Operations)
}

fn sam() -> Person {
    person("sam", Duty::ReleaseManager)
}

fn release() -> Release {
    let facts = Facts {
        class: ClassId::new("thermo-v2").expect("a class"),
        version: "1.1.0".parse().expect("a version"),
        sequence: 2,
        manifest: Digest([2; 32]),
        image: Digest([7; 32]),
        image_bytes: 1000,
        returns_to: Vec::new(),
        track: TrackName::Maintenance,
    };
    Release::draft(facts, &person("ana", Duty::Engineer), at(0)).expect("a draft")
}

fn placed() -> Hold {
    Hold::place(&release(), &kim(), " smoke ", 0, at(1)).expect("operations may hold")
}

fn id<T: std::fmt::Debug>(refused: Result<T, HoldRefusal>) -> &'static str {
    let refusal = refused.expect_err("refused");
    assert!(!refusal.cure().is_empty());
    refusal.id()
}

#[test]
fn one_person_holds_with_a_reason_while_there_is_room() {
    assert_eq!(
        (placed().reason.as_str(), placed().by),
        ("smoke", kim().email)
    );
    assert!(placed().is_in_force());
    let long = "x".repeat(REASON_BYTES_MAX + 1);
    let full = HELD_MAX as usize;
    for (who, reason, others, refusal) in [
        (person("ana", Duty::Engineer), "smoke", 0, "access.denied"),
        (kim(), "  ", 0, "hold.reason"),
        (kim(), &long, 0, "hold.reason"),
        (kim(), "smoke", full, "hold.too-many"),
    ] {
        let refused = Hold::place(&release(), &who, reason, others, at(1));
        assert_eq!(id(refused), refusal);
    }
    Hold::place(&release(), &sam(), "smoke", full - 1, at(1)).expect("the last place");
}

#[test]
fn two_different_people_let_go() {
    let asked = placed().release(&kim(), at(2)).expect("who held may ask");
    assert!(asked.is_in_force());
    assert_eq!(
        id(asked.clone().release(&kim(), at(3))),
        "hold.needs-another"
    );
    let engineer = person("ana", Duty::Engineer);
    assert_eq!(id(asked.clone().release(&engineer, at(3))), "access.denied");
    let over = asked.release(&sam(), at(3)).expect("somebody else agrees");
    assert!(!over.is_in_force());
    assert!(matches!(&over.state, HoldState::Released { by, .. } if *by == sam().email));
    assert_eq!(id(over.clone().release(&kim(), at(4))), "hold.over");
    assert_eq!(id(over.again(&kim())), "hold.over");
}

#[test]
fn who_says_stop_again_is_believed() {
    let asked = placed().release(&kim(), at(2)).expect("in force");
    let again = asked.again(&sam()).expect("in force");
    assert_eq!(again, placed());
    let asked = again.release(&sam(), at(4)).expect("in force");
    assert_eq!(id(asked.release(&sam(), at(5))), "hold.needs-another");
}
