//! A track that names gates: its releases wait, and whoever asks is told for what.

use mainstay_api::{ReleaseView, Why};
use reqwest::{Method, StatusCode};

use crate::house::{House, PLAN, read};

const MAINTENANCE: &str = "every = \"month on the second Tuesday\"";

/// The plan, with gates on its maintenance track.
pub fn gated() -> String {
    let gates = "gates = [\"unit\", \"integration\", \"coverage\", \"static\", \"hil\"]";
    let tables = "[gate]\nunit = { expires = \"30d\" }\nintegration = { expires = \"30d\" }\n\
                  coverage = { expires = \"30d\", min = 80 }\nstatic = { expires = \"30d\" }\n\
                  hil = { expires = \"14d\", on = [\"B\", \"C\"] }\n\n[health.tripwire]";
    PLAN.replace("waves = ", &format!("{gates}\nwaves = "))
        .replacen("[health.tripwire]", tables, 1)
}

#[tokio::test]
async fn a_signed_release_is_told_its_gates_and_what_to_do() {
    let gated = gated();
    assert!(gated.contains(MAINTENANCE));
    let house = House::under(&gated).await;
    let release: ReleaseView = read(house.submit(&house.built("1.1.0", 2, &[])).await).await;
    assert_eq!(release.stage, "signed");
    let path = "/api/v1/releases/thermo-v2@1.1.0/why";
    let told: Why = house.get(path, &house.tokens.engineer).await;
    assert_eq!(
        told.sentence,
        "thermo-v2@1.1.0 is signed and goes no further, because the maintenance track names the gates \
         unit, integration, coverage, static, hil, and this version reads no evidence that would open them."
    );
    let next = told.next.expect("something can be done");
    assert!(
        next.contains("names no gates") && next.contains("higher version"),
        "{next}"
    );
    // A plan without gates opens nothing for what is there already, and that is said.
    let request = house.request(Method::PUT, "/api/v1/plan", &house.tokens.manager);
    let without = request.body(PLAN).send().await.unwrap();
    assert_eq!(without.status(), StatusCode::OK);
    let told: Why = house.get(path, &house.tokens.engineer).await;
    assert!(
        told.sentence.contains("named gates when it was handed in"),
        "{}",
        told.sentence
    );
    let next = told.next.expect("something can be done");
    assert!(next.starts_with("hand the same work in again"), "{next}");
    let next: ReleaseView = read(house.submit(&house.built("1.1.1", 3, &[])).await).await;
    assert_eq!(next.stage, "gated");
}
