//! The hold: one person stops a release, two let it go.

use mainstay_access::{Duty, Email};
use mainstay_api::{HoldRequest, HoldView, Why};
use mainstay_server::{SeededEntropy, admin};
use reqwest::{Response, StatusCode};

use crate::gadget::{Gadget, register};
use crate::house::{self, Artifact, House, packed, read};

const HOLD: &str = "/api/v1/releases/thermo-v2@1.1.0/hold";
const LET_GO: &str = "/api/v1/releases/thermo-v2@1.1.0/hold/release";

fn reason(text: &str) -> Vec<u8> {
    let reason = text.to_owned();
    serde_json::to_vec(&HoldRequest { reason }).unwrap()
}

async fn hold(house: &House, token: &str) -> Response {
    house.post(HOLD, token, reason("it smells of smoke")).await
}

/// Two devices that wait for 1.1.0, of which the first has just installed it.
async fn half_done() -> (House, Gadget, Artifact) {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(&house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    let new = house.built("1.1.0", 2, &[]);
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    assert!(gadgets[0].check_in(&house, &[]).await.install.is_some());
    gadgets[0].update_to(&house, &new).await;
    (house, gadgets.remove(1), new)
}

#[tokio::test]
async fn one_person_stops_it_from_the_next_check_in_on() {
    let (house, mut gadget, _) = half_done().await;
    let kim = &house.tokens.operations;
    let held = hold(&house, kim).await;
    assert_eq!(held.status(), StatusCode::CREATED);
    let view: HoldView = read(held).await;
    assert_eq!(
        (view.state.as_str(), view.running),
        ("in-force", vec!["th-1".to_owned()])
    );
    let told = gadget.check_in(&house, &[]).await;
    assert_eq!(told.install, None);
    for subject in ["devices/th-2", "rollouts/1", "releases/thermo-v2@1.1.0"] {
        let why: Why = house.get(&format!("/api/v1/{subject}/why"), kim).await;
        assert!(
            why.sentence.contains("it smells of smoke"),
            "{}",
            why.sentence
        );
    }
    let again: Response = hold(&house, &house.tokens.manager).await;
    assert_eq!(again.status(), StatusCode::OK);
    let view: HoldView = read(again).await;
    assert_eq!(view.by, "kim@northwind.example", "the first hold stands");
    let list: Vec<HoldView> = house.get("/api/v1/holds", &house.tokens.engineer).await;
    assert_eq!(list.len(), 1);
}

#[tokio::test]
async fn two_different_people_let_it_go() {
    let (house, mut gadget, _) = half_done().await;
    let (kim, sam) = (&house.tokens.operations, &house.tokens.manager);
    let none = house.refused(LET_GO, kim, Vec::new()).await;
    assert_eq!(none, (404, "request.not-found".to_owned()));
    hold(&house, kim).await;
    let asked: HoldView = read(house.post(LET_GO, kim, Vec::new()).await).await;
    assert_eq!(asked.state, "release-asked");
    let alone = house.refused(LET_GO, kim, Vec::new()).await;
    assert_eq!(alone, (403, "hold.needs-another".to_owned()));
    assert_eq!(
        gadget.check_in(&house, &[]).await.install,
        None,
        "still held"
    );
    // A colleague who says "stop" meanwhile takes the request away.
    hold(&house, sam).await;
    let asked: HoldView = read(house.post(LET_GO, sam, Vec::new()).await).await;
    assert_eq!(asked.asked_by.as_deref(), Some("sam@northwind.example"));
    let over: HoldView = read(house.post(LET_GO, kim, Vec::new()).await).await;
    assert_eq!(over.state, "released");
    let told = gadget.check_in(&house, &[]).await;
    assert!(told.install.is_some() && told.held.is_empty());
}

#[tokio::test]
async fn a_hold_takes_the_right_duty_a_reason_and_a_release() {
    let (house, _, _) = half_done().await;
    let tokens = &house.tokens;
    let unknown = "/api/v1/releases/thermo-v2@9.9.9/hold";
    let cases = [
        (
            HOLD,
            &tokens.engineer,
            reason("smoke"),
            403,
            "access.denied",
        ),
        (LET_GO, &tokens.engineer, Vec::new(), 403, "access.denied"),
        (
            unknown,
            &tokens.operations,
            reason("smoke"),
            404,
            "request.not-found",
        ),
        (HOLD, &tokens.operations, reason(" "), 400, "hold.reason"),
        (
            HOLD,
            &tokens.operations,
            b"{}".to_vec(),
            400,
            "request.malformed",
        ),
    ];
    for (path, token, body, status, id) in cases {
        let refused = house.refused(path, token, body).await;
        assert_eq!(refused, (status, id.to_owned()), "{path}");
    }
    assert!(house.app.store().holds().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_held_starts_no_rollout_and_the_seventeenth_is_refused() {
    let house = House::new().await;
    let kim = &house.tokens.operations;
    for minor in 1..=17 {
        let artifact = house.built(&format!("1.{minor}.0"), minor, &[]);
        assert_eq!(house.submit(&artifact).await.status(), StatusCode::CREATED);
    }
    for minor in 1..=16 {
        let path = format!("/api/v1/releases/thermo-v2@1.{minor}.0/hold");
        let held = house.post(&path, kim, reason("smoke")).await;
        assert_eq!(held.status(), StatusCode::CREATED);
    }
    let path = "/api/v1/releases/thermo-v2@1.17.0/hold";
    let refused = house.refused(path, kim, reason("smoke")).await;
    assert_eq!(refused, (409, "hold.too-many".to_owned()));
    let path = "/api/v1/releases/thermo-v2@1.1.0/rollout";
    let refused = house.refused(path, kim, Vec::new()).await;
    assert_eq!(refused, (409, "hold.in-force".to_owned()));
}

/// Two of one duty are two people.
#[tokio::test]
async fn it_is_the_person_that_counts_not_the_duty() {
    let (house, _, _) = half_done().await;
    let joe = Email::new("joe@northwind.example").unwrap();
    let entropy = SeededEntropy::new(77);
    let joe = admin::add_person(house.app.store(), &entropy, joe, Duty::Operations);
    let joe = joe.await.unwrap().reveal();
    hold(&house, &joe).await;
    house.post(LET_GO, &joe, Vec::new()).await;
    let over = house
        .post(LET_GO, &house.tokens.operations, Vec::new())
        .await;
    assert_eq!(read::<HoldView>(over).await.state, "released");
}
