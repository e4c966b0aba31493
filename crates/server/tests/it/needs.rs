//! What comes first: a device climbs over a stepping stone, and a class waits for another one.

use mainstay_api::{PlanView, Preview, RolloutView, Why};
use mainstay_plan::PlanDigest;
use reqwest::{Method, StatusCode};

use crate::eligibility::{running, start};
use crate::gadget::{Gadget, register_of};
use crate::house::{self, Artifact, House, PLAN, packed, problem, read};
use crate::update::pass_hours;

const CLASS_LINE: &str = "id         = \"thermo-v2\"";

/// The plan of these tests, with `needs` of the thermostats' class.
fn plan(needs: &str) -> String {
    let lines = format!("{CLASS_LINE}\nneeds = [{needs}]");
    assert!(PLAN.contains(CLASS_LINE));
    PLAN.replacen(CLASS_LINE, &lines, 1)
}

/// The same, with gateways beside the thermostats.
pub fn with_gateways(gateway: &str, thermo: &str) -> String {
    let plan = plan(thermo);
    let (before, rest) = plan.split_once("[[class]]").expect("a class");
    let (class, after) = rest.split_once("\n\n").expect("another section");
    let gateways = class.replacen("thermo-v2", "gateway-v1", 1).replacen(
        &format!("needs = [{thermo}]"),
        &format!("needs = [{gateway}]"),
        1,
    );
    format!("{before}[[class]]{gateways}\n\n[[class]]{class}\n\n{after}")
}

pub async fn why(house: &House, path: &str) -> Why {
    let path = format!("/api/v1/{path}/why");
    house.get(&path, &house.tokens.engineer).await
}

/// Why a device isn't there yet, and what to do.
pub async fn told(house: &House, device: &str) -> (String, String) {
    let why = why(house, &format!("devices/{device}")).await;
    (why.sentence, why.next.unwrap_or_default())
}

pub async fn begin(house: &House, version: &str) -> RolloutView {
    let path = format!("/api/v1/releases/thermo-v2@{version}/rollout");
    let started = house
        .post(&path, &house.tokens.operations, Vec::new())
        .await;
    assert_eq!(started.status(), StatusCode::CREATED);
    read(started).await
}

fn members(view: &RolloutView) -> usize {
    view.waves.iter().map(|wave| wave.members).sum()
}

fn runs(gadget: &mut Gadget, artifact: &Artifact) {
    gadget.runs = (
        artifact.manifest,
        artifact.sequence,
        artifact.version.clone(),
    );
}

/// Lets a rollout that has started reach everybody who is in it.
pub async fn finish(house: &House, gadgets: &mut [Gadget], artifact: &Artifact) {
    house.advance().await;
    pass_hours(house, gadgets, artifact, 8).await;
}

const BEHIND: &str = "th-3 (thermo-v2, hardware B) runs 1.0.0 and isn't in the rollout of 3.0.0, because it must run \
                      2.0.0 or later first.";

const PAGE: &str = include_str!("../../../../docs/concepts/order.md");

#[test]
fn the_page_quotes_what_is_said() {
    assert!(PAGE.contains(&format!("{BEHIND}\nNext: {LEADS}\n")));
}

const LEADS: &str = "thermo-v2@2.0.1 leads there: roll it out once the rollout of 3.0.0 is over";

#[tokio::test]
async fn a_device_climbs_over_its_stepping_stone() {
    let house = House::under(&plan("{ from = \"3.0.0\", at_least = \"2.0.0\" }")).await;
    let mut gadgets = running(&house, &["th-1", "th-2"]).await;
    let (stone, target) = (house.built("2.0.0", 20, &[]), house.built("3.0.0", 30, &[]));
    let refused = problem(start(&house, &target, "maintenance").await).await;
    assert_eq!(refused, (409, "rollout.nobody-eligible".to_owned()));
    assert_eq!(
        start(&house, &stone, "maintenance").await.status(),
        StatusCode::CREATED
    );
    finish(&house, &mut gadgets, &stone).await;
    let mut late = running(&house, &["th-3"]).await;
    let path = "/api/v1/releases/thermo-v2@3.0.0/rollout/preview";
    let preview: Preview = house.get(path, &house.tokens.engineer).await;
    assert_eq!(
        (preview.enrolled, preview.not_eligible[0].id.as_str()),
        (2, "fleet.behind-stone")
    );
    assert_eq!(members(&begin(&house, "3.0.0").await), 2);
    let next = "thermo-v2@2.0.0 led there, and its rollout is over: hand in another release like it, and roll that out";
    let (sentence, told_next) = told(&house, "th-3").await;
    assert_eq!(sentence, BEHIND);
    assert_eq!(
        told_next,
        format!("{next} once the rollout of 3.0.0 is over")
    );
    assert_eq!(late[0].check_in(&house, &[]).await.install, None);
    finish(&house, &mut gadgets, &target).await;
    assert!(gadgets.iter().all(|gadget| gadget.runs.2 == "3.0.0"));
    assert_eq!(
        told(&house, "th-3").await,
        (BEHIND.to_owned(), next.to_owned())
    );
    // The straggler's own way: another stone, whose sequence lies between, and then the next release.
    let again = house.built("2.0.1", 21, &[]);
    let started: RolloutView = read(start(&house, &again, "maintenance").await).await;
    assert_eq!(members(&started), 1, "all others run something newer");
    finish(&house, &mut late, &again).await;
    let newest = house.built("3.0.1", 31, &[]);
    let started: RolloutView = read(start(&house, &newest, "maintenance").await).await;
    assert_eq!(members(&started), 3);
}

#[tokio::test]
async fn what_leads_over_a_stone_is_named_at_each_stage() {
    let house = House::under(&plan("{ from = \"3.0.0\", at_least = \"2.0.0\" }")).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let on_two = packed(house::CLASS, "2.0.0", 20, &[]);
    let mut gadgets = running(&house, &["th-1", "th-2", "th-3"]).await;
    for gadget in &mut gadgets[..2] {
        runs(gadget, &on_two);
        gadget.check_in(&house, &[]).await;
    }
    let target = house.built("3.0.0", 30, &[]);
    assert_eq!(
        start(&house, &target, "maintenance").await.status(),
        StatusCode::CREATED
    );
    house.advance().await;
    house.later(1);
    let next = "no release leads there yet: hand one in from 2.0.0 on that it can take, with a sequence above 1";
    assert_eq!(
        told(&house, "th-3").await,
        (BEHIND.to_owned(), next.to_owned())
    );
    // One that is no stone, one that needs the stone itself, one that is too low for the device: none leads there.
    for (version, sequence) in [("1.9.0", 19), ("3.1.0", 31), ("2.5.0", 1)] {
        let other = house.built(version, sequence, &[]);
        assert_eq!(house.submit(&other).await.status(), StatusCode::CREATED);
    }
    assert_eq!(told(&house, "th-3").await.1, next);
    let stone = house.built("2.0.1", 21, &[]);
    assert_eq!(house.submit(&stone).await.status(), StatusCode::CREATED);
    let next = told(&house, "th-3").await.1;
    assert!(
        next.starts_with("thermo-v2@2.0.1 leads there, and is "),
        "{next}"
    );
    let approve = "/api/v1/releases/thermo-v2@2.0.1/approval";
    let approved = house
        .post(approve, &house.tokens.manager, house.approved(&stone))
        .await;
    assert_eq!(approved.status(), StatusCode::OK);
    let next = LEADS;
    assert_eq!(told(&house, "th-3").await.1, next);
    // One that was drawn and has gone back below the stone since is offered nothing, until it is over it again.
    runs(&mut gadgets[1], &old);
    assert_eq!(gadgets[1].check_in(&house, &[]).await.install, None);
    let (sentence, told_next) = told(&house, "th-2").await;
    assert!(
        sentence.ends_with("isn't updating to 3.0.0, because it must run 2.0.0 or later first."),
        "{sentence}"
    );
    assert_eq!(told_next, next);
    runs(&mut gadgets[1], &on_two);
    assert!(gadgets[1].check_in(&house, &[]).await.install.is_some());
}

/// A rollout keeps the stones that it started with: whoever asks is told of those, under whichever plan.
#[tokio::test]
async fn a_plan_that_dropped_a_stone_changes_no_reason() {
    let house = House::under(&plan("{ from = \"3.0.0\", at_least = \"2.0.0\" }")).await;
    let on_two = packed(house::CLASS, "2.0.0", 20, &[]);
    let mut gadgets = running(&house, &["th-1", "th-2", "th-3"]).await;
    for gadget in &mut gadgets[..2] {
        runs(gadget, &on_two);
        gadget.check_in(&house, &[]).await;
    }
    let target = house.built("3.0.0", 30, &[]);
    assert_eq!(
        start(&house, &target, "maintenance").await.status(),
        StatusCode::CREATED
    );
    house.advance().await;
    house.later(1);
    assert_eq!(activate(&house, PLAN).await.status(), StatusCode::OK);
    let none = "no release leads there yet: hand one in from 2.0.0 on that it can take, with a sequence above 1";
    assert_eq!(
        told(&house, "th-3").await,
        (BEHIND.to_owned(), none.to_owned())
    );
    // By the plan in force nothing stands between: any later release would do.
    let later = house.built("3.0.1", 31, &[]);
    assert_eq!(house.submit(&later).await.status(), StatusCode::CREATED);
    let next = told(&house, "th-3").await.1;
    assert!(
        next.starts_with("thermo-v2@3.0.1 leads there, and is "),
        "{next}"
    );
    // Who fell behind the rollout's stone is held back by it, and told so.
    runs(&mut gadgets[1], &packed(house::CLASS, "1.0.0", 1, &[]));
    assert_eq!(gadgets[1].check_in(&house, &[]).await.install, None);
    let (sentence, fallen) = told(&house, "th-2").await;
    assert!(
        sentence.ends_with("because it must run 2.0.0 or later first."),
        "{sentence}"
    );
    assert_eq!(fallen, next);
    runs(&mut gadgets[1], &on_two);
    finish(&house, &mut gadgets[..2], &target).await;
    assert_eq!(told(&house, "th-3").await.0, BEHIND);
}

pub const GATEWAYS_FIRST: &str =
    "{ from = \"3.0.0\", class = \"gateway-v1\", at_least = \"2.0.0\", share = \"50 %\" }";

/// How far the gateways are, as the end of a sentence.
fn far(ready: &str) -> String {
    format!("{ready} verified to run 2.0.0 or later, and 2 must.")
}

/// Previews a release while no gateway is there, and starts its rollout; its path.
pub async fn set_out(house: &House, target: &Artifact) -> String {
    assert_eq!(house.submit(target).await.status(), StatusCode::CREATED);
    let path = format!("/api/v1/releases/thermo-v2@{}", target.version);
    let preview = format!("{path}/rollout/preview");
    let preview: Preview = house.get(&preview, &house.tokens.engineer).await;
    let none = far("0 of 3 devices of gateway-v1 are");
    assert_eq!(
        preview.in_the_way,
        [format!("No wave would open now, because {none}")]
    );
    assert!(
        preview.ends.is_some(),
        "it is foreseen as if they were there"
    );
    let approve = format!("{path}/approval");
    let approval = house.approved(target);
    let approved = house.post(&approve, &house.tokens.manager, approval).await;
    assert_eq!(approved.status(), StatusCode::OK);
    let rollout = begin(house, &target.version).await.id;
    house.advance().await;
    format!("rollouts/{rollout}")
}

/// A gateway says what it runs, and a server looks at it.
pub async fn says(house: &House, gateway: &mut Gadget, artifact: &Artifact, confirmed: bool) {
    runs(gateway, artifact);
    gateway.confirmed = confirmed;
    gateway.check_in(house, &[]).await;
    house.advance().await;
}

#[tokio::test]
async fn thermostats_wait_for_their_gateways() {
    let house = House::under(&with_gateways("", GATEWAYS_FIRST)).await;
    let mut gadgets = running(&house, &["th-1", "th-2"]).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let new = packed(house::CLASS, "2.0.0", 2, &[]);
    let mut gateways = register_of(&house, "gateway-v1", &["ga-1", "ga-2", "ga-3"], &old).await;
    let target = house.built("3.0.0", 30, &[]);
    let rollout = set_out(&house, &target).await;
    let waits = |ready| format!("3.0.0 waits, because {}", far(ready));
    let (none, one) = (
        "0 of 3 devices of gateway-v1 are",
        "1 of 3 devices of gateway-v1 is",
    );
    assert_eq!(why(&house, &rollout).await.sentence, waits(none));
    assert_eq!(gadgets[0].check_in(&house, &[]).await.install, None);
    let sentence = told(&house, "th-1").await.0;
    let expected = format!("isn't updating to 3.0.0, because {}", far(none));
    assert!(sentence.ends_with(&expected), "{sentence}");
    let request = house.request(Method::GET, &format!("/{rollout}"), &house.tokens.engineer);
    let page = request.send().await.unwrap().text().await.unwrap();
    assert!(page.contains(&waits(none)), "{page}");
    // One gateway runs it, and another tries it: that isn't verified.
    says(&house, &mut gateways[0], &new, true).await;
    says(&house, &mut gateways[1], &new, false).await;
    assert_eq!(why(&house, &rollout).await.sentence, waits(one));
    // Weeks later it confirms: the canary opens then, and nobody was given up meanwhile.
    house.later(60 * 24 * 30);
    says(&house, &mut gateways[1], &new, true).await;
    house.later(1);
    assert!(gadgets[0].check_in(&house, &[]).await.install.is_some());
    // It goes back: whoever was promised nothing yet waits again.
    says(&house, &mut gateways[1], &old, true).await;
    assert_eq!(gadgets[1].check_in(&house, &[]).await.install, None);
    assert_eq!(why(&house, &rollout).await.sentence, waits(one));
    says(&house, &mut gateways[1], &new, true).await;
    finish(&house, &mut gadgets, &target).await;
    let path = format!("/api/v1/{rollout}");
    let view: RolloutView = house.get(&path, &house.tokens.engineer).await;
    assert_eq!(view.phase, "complete", "{view:?}");
}

/// Puts a plan into force; the answer.
async fn activate(house: &House, plan: &str) -> reqwest::Response {
    let request = house.request(Method::PUT, "/api/v1/plan", &house.tokens.manager);
    request.body(plan.to_owned()).send().await.unwrap()
}

/// How many warnings are about ways from one version to the next.
fn ways(view: &PlanView) -> usize {
    let rules = view.warnings.iter();
    rules.filter(|warning| warning.rule == "FMP002").count()
}

#[tokio::test]
async fn a_plan_by_which_nobody_would_come_first_is_refused() {
    let house = House::new().await;
    let _gadgets = running(&house, &["th-1", "th-2"]).await;
    let circle = with_gateways(
        "{ from = \"2.0.0\", class = \"thermo-v2\", at_least = \"3.0.0\" }",
        GATEWAYS_FIRST,
    );
    let refused = problem(activate(&house, &circle).await).await;
    assert_eq!(refused, (422, "plan.errors".to_owned()));
    let stranger = plan("{ from = \"3.0.0\", class = \"gatewy\", at_least = \"2.0.0\" }");
    let refused = problem(activate(&house, &stranger).await).await;
    assert_eq!(refused, (422, "plan.errors".to_owned()));
    // Nobody has seen the stone yet, nor by its pre-release: that is told.
    let stone = plan("{ from = \"3.0.0\", at_least = \"2.0.0\" }");
    let view: PlanView = read(activate(&house, &stone).await).await;
    assert_eq!(ways(&view), 1, "{:?}", view.warnings);
    assert_eq!(view.revision, PlanDigest::of(stone.as_bytes()).to_string());
    for (version, sequence) in [("3.0.0", 30), ("2.0.1-rc.1", 20)] {
        let early = house.built(version, sequence, &[]);
        assert_eq!(house.submit(&early).await.status(), StatusCode::CREATED);
    }
    let mended = stone.replacen("2.0.0", "2.0.1", 1);
    let view: PlanView = read(activate(&house, &mended).await).await;
    assert_eq!(ways(&view), 1, "{:?}", view.warnings);
    assert_eq!(
        house.submit(&house.built("2.0.1", 21, &[])).await.status(),
        StatusCode::CREATED
    );
    // Another text, so that it is judged anew.
    let mended = format!("{mended}# the stone is there\n");
    let view: PlanView = read(activate(&house, &mended).await).await;
    assert_eq!(ways(&view), 0, "{:?}", view.warnings);
}
