//! What a gateway says of its children leaves a trace of itself, and doesn't keep them from being heard later, over real HTTP.

use mainstay_api::DeviceTokens;
use mainstay_fleet::DeviceId;
use mainstay_protocol::{
    CHECK_IN_PATH, Event, FOR_HEADER, REPORTS_PATH, Report, ReportList, Reports, SelfTest,
};
use mainstay_rollout::RolloutId;
use mainstay_server::AppConfig;
use mainstay_server::flow::{Limits, Rate};
use mainstay_store::reports::LEAP_MAX;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::behind::{self, put};
use super::gateways::{stands_behind, told};
use super::stage::acknowledged;
use crate::abuse::raw::{assert_well, connect, heard};
use crate::gadget::{Gadget, message, new_device, register};
use crate::house::{self, House, packed, problem};

/// th-1 and th-2, which have said for themselves that they run 1.0.0.
async fn two(house: &House) -> Vec<Gadget> {
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(house, &[]).await;
    }
    gadgets
}

/// Registers gw-1, and puts these behind it; its token.
async fn gateway(house: &House, children: &[&str]) -> String {
    let made = behind::register(house, vec![new_device("gw-1", "B")]).await;
    let mut made: DeviceTokens = house::read(made).await;
    for child in children {
        let there = put(house, child, Some("gw-1")).await;
        assert_eq!(there.status(), StatusCode::OK);
    }
    made.devices.remove(0).token
}

/// What th-1's timeline has by the word of its gateway, the oldest first.
async fn through(house: &House) -> Vec<String> {
    let told = told(house, "th-1").await.into_iter().rev();
    told.filter(|text| text.ends_with(", said through gw-1"))
        .collect()
}

async fn progress(house: &House, rollout: i64) -> &'static str {
    let id = DeviceId::new("th-1").unwrap();
    let enrolled = house.app.store().enrolment(RolloutId(rollout), &id).await;
    enrolled.unwrap().unwrap().progress.id()
}

/// No report comes, and the rollout counts all the same; so whose word that was is told, once for each thing that changed.
#[tokio::test]
async fn what_a_check_in_alone_brings_about_tells_whose_word_it_was() {
    let house = House::new().await;
    let mut gadgets = two(&house).await;
    let new = house.built("1.1.0", 2, &[]);
    let rollout = house.roll_out(&new).await;
    house.advance().await;
    let token = gateway(&house, &["th-1"]).await;
    let child = &mut gadgets[0];
    stands_behind(child, &token);
    house.later(1);
    assert!(child.check_in(&house, &[]).await.install.is_some());
    assert_eq!(through(&house).await, [""; 0], "it runs what it ran");
    child.runs = (new.manifest, new.sequence, new.version.clone());
    let runs = "runs 1.1.0, said through gw-1".to_owned();
    for _ in 0..2 {
        house.later(1);
        child.check_in(&house, &[]).await;
        assert_eq!(progress(&house, rollout).await, "confirmed");
        assert_eq!(through(&house).await, [&*runs]);
    }
    child.health.self_test = SelfTest::Failed;
    let unwell = "runs 1.1.0, and its self-test fails, said through gw-1".to_owned();
    for _ in 0..2 {
        house.later(1);
        child.check_in(&house, &[]).await;
        assert_eq!(progress(&house, rollout).await, "failed");
        assert_eq!(through(&house).await, [runs.clone(), unwell.clone()]);
    }
    // A device's own word has no such line.
    let other = &mut gadgets[1];
    other.runs = (new.manifest, new.sequence, new.version.clone());
    other.check_in(&house, &[]).await;
    let told = told(&house, "th-2").await;
    assert!(
        !told.iter().any(|text| text.starts_with("runs ")),
        "{told:?}"
    );
}

fn report(seq: u32) -> Report {
    Report {
        seq,
        at: 1_800_000_000,
        event: Event::PowerLost,
    }
}

fn reports(seq: u32) -> Vec<u8> {
    let reports = ReportList([report(seq)].into_iter().collect());
    message(&Reports { reports })
}

/// A gateway that is a thief's uses numbers up in its children's names; what they say themselves is heard again once they are taken from behind it, or
/// have another token.
#[tokio::test]
async fn no_number_silences_a_device_for_good() {
    let house = House::new().await;
    let mut gadgets = two(&house).await;
    let token = gateway(&house, &["th-1", "th-2"]).await;
    let brings = async |child: &str, seq| {
        let request = house.request(Method::POST, REPORTS_PATH, &token);
        let request = request.header(FOR_HEADER, child).body(reports(seq));
        request.send().await.unwrap()
    };
    let one = &mut gadgets[0];
    assert_eq!(one.send(&house, &[report(1)]).await, 1);
    let far = problem(brings("th-1", u32::MAX).await).await;
    assert_eq!(far, (422, "reports.number".to_owned()));
    assert_eq!(one.send(&house, &[report(2)]).await, 2);
    // No number keeps a device from what a check-in is for.
    let checked_in = one.check_in(&house, &[report(2), report(u32::MAX)]).await;
    assert_eq!(checked_in.acknowledged, 2);
    let high = 2 + LEAP_MAX;
    assert_eq!(acknowledged(brings("th-1", high).await).await, high);
    assert_eq!(one.send(&house, &[report(3)]).await, high);
    let taken_back = put(&house, "th-1", None).await;
    assert_eq!(taken_back.status(), StatusCode::OK);
    assert_eq!(one.send(&house, &[report(3)]).await, 3);
    let told = told(&house, "th-1").await;
    let lost = told.iter().filter(|text| *text == "lost its power");
    assert_eq!(lost.count(), 3, "{told:?}");
    // Of one that has never reported any number is believed.
    let other = &mut gadgets[1];
    assert_eq!(acknowledged(brings("th-2", u32::MAX).await).await, u32::MAX);
    assert_eq!(other.send(&house, &[report(1)]).await, u32::MAX);
    let why = json!({ "why": "its gateway was stolen" }).to_string();
    let path = "/api/v1/devices/th-2/token";
    let given = house.post(path, &house.tokens.operations, why.into_bytes());
    let given: mainstay_api::DeviceToken = house::read(given.await).await;
    other.token = given.token;
    assert_eq!(other.send(&house, &[report(1)]).await, 1);
}

/// Its head was read while the child stood there, and the rest is held back: what it says isn't kept once the child was taken back.
#[tokio::test]
async fn what_comes_slowly_is_not_kept_of_a_child_that_was_taken_back() {
    let house = House::new().await;
    two(&house).await;
    let token = gateway(&house, &["th-1", "th-2"]).await;
    let body = reports(1);
    let length = body.len();
    let mut lines = Vec::new();
    for child in ["th-1", "th-2"] {
        let head = format!(
            "POST {REPORTS_PATH} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {token}\r\n{FOR_HEADER}: {child}\r\n\
             connection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        let mut line = connect(&house).await;
        line.write_all(head.as_bytes()).await.unwrap();
        line.write_all(&body[..1]).await.unwrap();
        lines.push(line);
    }
    // By the time that others were answered on later connections, both heads were read.
    for _ in 0..20 {
        assert_well(&house).await;
    }
    let taken_back = put(&house, "th-1", None).await;
    assert_eq!(taken_back.status(), StatusCode::OK);
    for (line, expected) in lines.iter_mut().zip([403, 200]) {
        line.write_all(&body[1..]).await.unwrap();
        assert_eq!(heard(line).await.statuses, [expected]);
    }
    for (child, expected) in [("th-1", 0), ("th-2", 1)] {
        let told = told(&house, child).await;
        let lost = told
            .iter()
            .filter(|text| text.starts_with("lost its power"));
        assert_eq!(lost.count(), expected, "{child}: {told:?}");
    }
}

/// It is answered from memory by its own token for as often as it likes; through a gateway each poll is read for, and so has a bound.
#[tokio::test]
async fn a_child_that_has_nothing_to_do_has_its_own_rate_through_a_gateway() {
    let limits = Limits {
        device: Some(Rate::per_second(1)),
        address: None,
    };
    let config = AppConfig {
        limits,
        ..AppConfig::default()
    };
    let house = House::told(config).await;
    let mut gadgets = two(&house).await;
    let token = gateway(&house, &["th-1", "th-2"]).await;
    house.app.feel_pulse().await.unwrap();
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    let bodies: Vec<_> = gadgets
        .iter_mut()
        .map(|gadget| gadget.check_in_message(&[]))
        .collect();
    for _ in 0..60 {
        let own = house.post(CHECK_IN_PATH, &gadgets[0].token, bodies[0].clone());
        assert_eq!(own.await.status(), StatusCode::OK, "it is remembered");
    }
    let polls = async |n: usize| {
        let request = house.request(Method::POST, CHECK_IN_PATH, &token);
        let request = request.header(FOR_HEADER, &gadgets[n].id);
        request.body(bodies[n].clone()).send().await.unwrap()
    };
    let mut limited = None;
    for _ in 0..60 {
        let answer = polls(0).await;
        if answer.status() != StatusCode::OK {
            limited = Some(problem(answer).await);
            break;
        }
    }
    assert_eq!(limited, Some((429, "flow.device".to_owned())));
    assert_eq!(polls(1).await.status(), StatusCode::OK, "another child's");
}
