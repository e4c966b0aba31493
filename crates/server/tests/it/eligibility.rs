//! A rollout goes to the eligible devices, and the others are told why not.

use mainstay_api::{RolloutView, Why};
use mainstay_protocol::BootReason;
use mainstay_rollout::RolloutId;
use reqwest::{Method, Response, StatusCode};

use crate::gadget::{Gadget, register};
use crate::house::{self, Artifact, House, PLAN, packed, problem, read};
use crate::update::pass_hours;

/// Devices of this house that run 1.0.0, and said so.
pub async fn running(house: &House, ids: &[&str]) -> Vec<Gadget> {
    let mut gadgets = register(house, ids, &packed(house::CLASS, "1.0.0", 1, &[])).await;
    for gadget in &mut gadgets {
        gadget.check_in(house, &[]).await;
    }
    gadgets
}

/// Declares that a device has this boot loader.
pub async fn declare(house: &House, id: &str, bootloader: &str) {
    let path = format!("/api/v1/devices/{id}");
    let request = house.request(Method::PATCH, &path, &house.tokens.operations);
    let body = format!(r#"{{"bootloader":"{bootloader}"}}"#);
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

/// Hands a release in on a track, has it approved, and asks for its rollout.
pub async fn start(house: &House, artifact: &Artifact, track: &str) -> Response {
    let submit = format!("/api/v1/releases?track={track}");
    let (tokens, file) = (&house.tokens, artifact.file());
    let submitted = house.post(&submit, &tokens.engineer, file).await;
    assert_eq!(submitted.status(), StatusCode::CREATED);
    let path = format!("/api/v1/releases/thermo-v2@{}", artifact.version);
    let (approve, approval) = (format!("{path}/approval"), house.approved(artifact));
    let approved = house.post(&approve, &tokens.manager, approval).await;
    assert_eq!(approved.status(), StatusCode::OK);
    house
        .post(&format!("{path}/rollout"), &tokens.operations, Vec::new())
        .await
}

async fn why(house: &House, id: &str) -> Why {
    let path = format!("/api/v1/devices/{id}/why");
    house.get(&path, &house.tokens.engineer).await
}

/// Devices that lost what they had wait in their safe mode: only a release that is offered to them brings them back.
#[tokio::test]
async fn who_runs_a_last_resort_or_nothing_is_drawn_too() {
    let house = House::new().await;
    let mut gadgets = running(&house, &["th-1", "th-2", "th-3"]).await;
    (gadgets[0].confirmed, gadgets[0].boot) = (false, BootReason::LastResort);
    gadgets[1].run_nothing(BootReason::SafeMode);
    gadgets[2].confirmed = false;
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    let next = house.built("1.1.0", 2, &[]);
    let started: RolloutView = read(start(&house, &next, "maintenance").await).await;
    let view = house.app.store().fleet_view(RolloutId(started.id)).await;
    let mut drawn = view.unwrap().devices;
    drawn.sort_by(|a, b| a.id.cmp(&b.id));
    let drawn = drawn
        .iter()
        .map(|one| (one.id.as_str(), one.before.is_some()));
    // What was left to the first one is what it may go back to.
    assert_eq!(drawn.collect::<Vec<_>>(), [("th-1", true), ("th-2", false)]);
}

#[tokio::test]
async fn an_old_boot_loader_is_left_out_until_it_is_renewed() {
    let house = House::new().await;
    let mut gadgets = running(&house, &["th-1", "th-2", "th-3"]).await;
    declare(&house, "th-3", "1.3.9").await;
    let first = house.built("1.1.0", 2, &[]);
    let started: RolloutView = read(start(&house, &first, "maintenance").await).await;
    let members =
        |view: &RolloutView| -> usize { view.waves.iter().map(|wave| wave.members).sum() };
    assert_eq!(members(&started), 2);
    let told = why(&house, "th-3").await;
    assert_eq!(
        told.sentence,
        "th-3 (thermo-v2, hardware B) runs 1.0.0 and isn't in the rollout of 1.1.0, because its boot \
         loader 1.3.9 isn't 1.4.0 or newer."
    );
    assert!(told.next.unwrap().contains("--bootloader"));
    declare(&house, "th-3", "1.4.0").await;
    let told = why(&house, "th-3").await.sentence;
    assert!(
        told.ends_with("because it wasn't eligible when that started."),
        "{told}"
    );
    house.advance().await;
    pass_hours(&house, &mut gadgets, &first, 8).await;
    let second = house.built("1.2.0", 3, &[]);
    let started: RolloutView = read(start(&house, &second, "maintenance").await).await;
    assert_eq!(members(&started), 3);
}

#[tokio::test]
async fn without_support_only_a_hotfix_comes() {
    let support = "sold_until = 2031-06-30, security_until = 2036-06-30";
    let ends = "sold_until = 2021-12-31, security_until = 2026-12-31, then = \"thermo-v3\"";
    let plan = PLAN.replace(support, ends);
    assert_ne!(plan, PLAN);
    let house = House::under(&plan).await;
    let mut gadgets = running(&house, &["th-1", "th-2"]).await;
    let last = house.built("1.1.0", 2, &[]);
    let started = start(&house, &last, "maintenance").await;
    assert_eq!(started.status(), StatusCode::CREATED);
    house.advance().await;
    pass_hours(&house, &mut gadgets, &last, 8).await;
    let settled = "th-1 (thermo-v2, hardware B) runs 1.1.0, so there is nothing to update.";
    assert_eq!(why(&house, "th-1").await.sentence, settled);
    house.clock.set("2027-01-01T12:00:00Z".parse().unwrap());
    let told = why(&house, "th-1").await;
    assert_eq!(
        told.sentence,
        format!(
            "{settled} Only the hotfix track still reaches it, because security support of its class \
             ended on 2026-12-31; its owner is to move to thermo-v3."
        )
    );
    assert_eq!(told.next, None);
    let late = house.built("1.2.0", 3, &[]);
    let refused = problem(start(&house, &late, "maintenance").await).await;
    assert_eq!(refused, (409, "rollout.nobody-eligible".to_owned()));
    let patch = house.built("1.2.1", 4, &[]);
    let started = start(&house, &patch, "hotfix").await;
    assert_eq!(started.status(), StatusCode::CREATED);
}
