//! A rollout is taken back before its first wave opens.

use mainstay_api::RolloutView;
use reqwest::{Method, StatusCode};

use crate::eligibility::{running, start};
use crate::gadget::register_of;
use crate::house::{self, House, packed, problem, read};
use crate::needs::{GATEWAYS_FIRST, begin, finish, says, set_out, told, why, with_gateways};
use crate::rollback::stop;

#[tokio::test]
async fn a_rollout_that_only_waits_makes_way_for_a_hotfix() {
    let house = House::under(&with_gateways("", GATEWAYS_FIRST)).await;
    let mut gadgets = running(&house, &["th-1", "th-2"]).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let new = packed(house::CLASS, "2.0.0", 2, &[]);
    let mut gateways = register_of(&house, "gateway-v1", &["ga-1", "ga-2", "ga-3"], &old).await;
    let target = house.built("3.0.0", 30, &[]);
    let rollout = set_out(&house, &target).await;
    let next = why(&house, &rollout).await.next.unwrap_or_default();
    assert!(
        next.ends_with("can be withdrawn until its first wave opens"),
        "{next}"
    );
    let hotfix = house.built("1.0.1", 10, &[]);
    let busy = problem(start(&house, &hotfix, "hotfix").await).await;
    assert_eq!(busy, (409, "rollouts.class-busy".to_owned()));
    let kim = &house.tokens.operations;
    withdraw(&house, &rollout).await;
    house.advance().await;
    is_told(&house, &rollout).await;
    // The class is free, and the release that made way is rolled out when its time has come, as it was approved.
    assert_eq!(begin(&house, "1.0.1").await.phase, "rolling");
    finish(&house, &mut gadgets, &hotfix).await;
    assert!(gadgets.iter().all(|gadget| gadget.runs.2 == "1.0.1"));
    let second = begin(&house, "3.0.0").await;
    for gateway in &mut gateways {
        says(&house, gateway, &new, true).await;
    }
    let path = format!("/api/v1/rollouts/{}/withdraw", second.id);
    let late = house.refused(&path, kim, WORDS.to_vec()).await;
    assert_eq!(late, (409, "rollout.wave-open".to_owned()));
    finish(&house, &mut gadgets, &target).await;
    assert!(gadgets.iter().all(|gadget| gadget.runs.2 == "3.0.0"));
}

const WORDS: &[u8] = br#"{"why":"the hotfix goes first"}"#;
const BY_KIM: &str =
    "kim@northwind.example withdrew its rollout before a wave opened: the hotfix goes first";

/// Operations withdraws it, with a reason and once.
async fn withdraw(house: &House, rollout: &str) {
    let path = format!("/api/v1/{rollout}/withdraw");
    let (ana, kim) = (&house.tokens.engineer, &house.tokens.operations);
    for (token, body, expected) in [
        (ana, WORDS, (403, "access.denied")),
        (kim, br#"{"why":" "}"#, (400, "rollouts.why")),
        (kim, b"{}", (400, "request.malformed")),
    ] {
        let refused = house.refused(&path, token, body.to_vec()).await;
        assert_eq!(refused, (expected.0, expected.1.to_owned()));
    }
    let answer = house.post(&path, kim, WORDS.to_vec()).await;
    let withdrawn: RolloutView = read(answer).await;
    assert_eq!(withdrawn.phase, "withdrawn");
    assert_eq!(withdrawn.withdrawn_because.as_deref(), Some(BY_KIM));
    let again = house.refused(&path, kim, WORDS.to_vec()).await;
    assert_eq!(again, (409, "rollout.over".to_owned()));
}

/// Whoever asks about the rollout, or about a device in it, is told who did that and why.
async fn is_told(house: &House, rollout: &str) {
    assert_eq!(
        why(house, rollout).await.sentence,
        format!("3.0.0 isn't rolled out, because {BY_KIM}.")
    );
    let (sentence, _) = told(house, "th-1").await;
    assert!(
        sentence.ends_with(&format!("because {BY_KIM}.")),
        "{sentence}"
    );
    for page in [format!("/{rollout}"), "/".to_owned()] {
        let asked = house.request(Method::GET, &page, &house.tokens.engineer);
        let shown = asked.send().await.unwrap();
        assert_eq!(shown.status(), StatusCode::OK);
        assert!(shown.text().await.unwrap().contains(BY_KIM), "{page}");
    }
}

/// Who ran what was halted, and was away until another release had been withdrawn, is sent back, and that is what is said.
#[tokio::test]
async fn what_was_withdrawn_hides_no_way_back() {
    let house = House::under(&with_gateways("", GATEWAYS_FIRST)).await;
    let mut gadgets = running(&house, &["th-1", "th-2"]).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    register_of(&house, "gateway-v1", &["ga-1", "ga-2", "ga-3"], &old).await;
    let old = house.signed(old);
    assert_eq!(house.submit(&old).await.status(), StatusCode::CREATED);
    let approve = "/api/v1/releases/thermo-v2@1.0.0/approval";
    house
        .post(approve, &house.tokens.manager, house.approved(&old))
        .await;
    let bad = house.built("1.0.1", 10, &[old.manifest]);
    let started: RolloutView = read(start(&house, &bad, "hotfix").await).await;
    house.advance().await;
    house.later(1);
    let gadget = &mut gadgets[0];
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    gadget.update_to(&house, &bad).await;
    let halt = format!("/api/v1/rollouts/{}/halt", started.id);
    stop(&house, &halt, r#"{"why":"smoke"}"#).await;
    house.advance().await;
    let rollout = set_out(&house, &house.built("3.0.0", 30, &[])).await;
    withdraw(&house, &rollout).await;
    let (sentence, _) = told(&house, "th-1").await;
    assert!(!sentence.contains("withdrew"), "{sentence}");
    let page = house
        .request(Method::GET, "/devices", &house.tokens.engineer)
        .send();
    let page = page.await.unwrap().text().await.unwrap();
    assert!(page.contains("going back"), "{page}");
    let told = gadgets[0].check_in(&house, &[]).await;
    assert_eq!(told.install.expect("the way back").manifest, old.manifest);
}
