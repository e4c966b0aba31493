//! Which plan counts as a change since the halt, over HTTP.

use mainstay_api::IncidentView;
use mainstay_plan::PlanDigest;
use reqwest::StatusCode;
use serde_json::json;

use crate::house::{House, PLAN, problem, read};
use crate::incidents::{
    CLOSE, REOPEN, activate, halt, halted, refusal, reviewed, roll_out, written,
};

/// A plan that asks for something else.
fn with_downloads(downloads: u32) -> String {
    let better = PLAN.replace("downloads = 100", &format!("downloads = {downloads}"));
    assert_ne!(better, PLAN, "the house's plan has changed");
    better
}

fn better() -> String {
    with_downloads(50)
}

#[tokio::test]
async fn a_plan_change_is_another_plan_that_came_since_and_stays() {
    let house = halted().await;
    let (ana, kim) = (&house.tokens.engineer, &house.tokens.operations);
    reviewed(&house, ana).await;
    let digest = PlanDigest::of(better().as_bytes()).to_string();
    let not_yet = refusal(&house, ana, json!({"plan": digest})).await;
    assert_eq!(not_yet, (409, "incident.plan-not-since".to_owned()));
    let reworded = activate(&house, &format!("# Learnt from INC-1.\n{PLAN}")).await;
    let unchanged = refusal(&house, ana, json!({"plan": reworded})).await;
    assert_eq!(unchanged, (409, "incident.plan-unchanged".to_owned()));
    activate(&house, &better()).await;
    let view = written(&house, ana, json!({"plan": digest})).await;
    let change = view.review.plan_change.expect("just written");
    assert_eq!((change.kind.as_str(), &change.text), ("plan", &digest));
    activate(&house, PLAN).await;
    let undone = house.refused(CLOSE, kim, Vec::new()).await;
    assert_eq!(undone, (409, "incident.plan-taken-back".to_owned()));
    activate(&house, &better()).await;
    let closed: IncidentView = read(house.post(CLOSE, kim, Vec::new()).await).await;
    assert_eq!(closed.state, "closed");
}

/// A plan that came between the start of the rollout and its halt is the plan of the halt.
#[tokio::test]
async fn a_plan_of_before_the_halt_is_no_change() {
    let house = House::new().await;
    roll_out(&house, &house.built("1.1.0", 2, &[])).await;
    let before = activate(&house, &better()).await;
    halt(&house).await;
    let ana = &house.tokens.engineer;
    // Back to what the rollout kept: that is what it was halted under.
    let kept = activate(&house, PLAN).await;
    for digest in [before, kept] {
        let refused = refusal(&house, ana, json!({"plan": digest})).await;
        assert_eq!(refused, (409, "incident.plan-unchanged".to_owned()));
    }
}

/// The clock was two hours ahead when the plan came, and right again at the halt.
#[tokio::test]
async fn a_clock_that_jumps_makes_no_plan_a_change() {
    let house = House::new().await;
    roll_out(&house, &house.built("1.1.0", 2, &[])).await;
    house.later(120);
    let before = activate(&house, &better()).await;
    house.later(-120);
    halt(&house).await;
    let ana = &house.tokens.engineer;
    let refused = refusal(&house, ana, json!({"plan": before})).await;
    assert_eq!(refused, (409, "incident.plan-unchanged".to_owned()));
    // And one that comes later is later, whatever the clock says.
    house.later(-120);
    let since = activate(&house, &with_downloads(25)).await;
    written(&house, ana, json!({"plan": since})).await;
}

/// Another incident takes it up: the plans under which the first one opened are no change either.
#[tokio::test]
async fn a_plan_of_the_first_halt_is_no_change_for_the_next_incident() {
    let house = House::new().await;
    roll_out(&house, &house.built("1.1.0", 2, &[])).await;
    let first = activate(&house, &better()).await;
    halt(&house).await;
    let (ana, kim) = (&house.tokens.engineer, &house.tokens.operations);
    reviewed(&house, ana).await;
    let second = activate(&house, &with_downloads(25)).await;
    written(&house, ana, json!({"plan": second})).await;
    assert_eq!(
        house.post(CLOSE, kim, Vec::new()).await.status(),
        StatusCode::OK
    );
    let why = json!({"why": "it came back"}).to_string().into_bytes();
    assert_eq!(
        house.post(REOPEN, ana, why).await.status(),
        StatusCode::CREATED
    );
    let name = async |plan: &str| {
        let words = json!({"plan": plan}).to_string().into_bytes();
        let path = "/api/v1/incidents/INC-2/review";
        house.post(path, ana, words).await
    };
    activate(&house, &better()).await;
    for plan in [&first, &second] {
        let refused = problem(name(plan).await).await;
        assert_eq!(refused, (409, "incident.plan-unchanged".to_owned()));
    }
    let third = activate(&house, &with_downloads(12)).await;
    assert_eq!(name(&third).await.status(), StatusCode::OK);
}
