//! A rollout over many devices: whoever asks for it is answered at once, and it begins behind them, whole, or says why it can't.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mainstay_api::{ReleaseView, RolloutView};
use mainstay_fleet::{Device, DeviceId, ReleaseDigest, Running};
use mainstay_rollout::RolloutId;
use mainstay_server::jobs::advance_rollouts;
use mainstay_server::{Advance, AppConfig};
use mainstay_store::{Registration, TimelineKind};
use reqwest::{Method, StatusCode};

use crate::database;
use crate::eligibility::{running, start};
use crate::house::{self, House, packed, problem, read};
use crate::needs::with_gateways;
use crate::patience::until;
use crate::rollback::{go_back, install, updated_at};

/// One more than are started at once.
const MANY: usize = 5001;
const THERMOSTATS: &str = "thermo-v2";
const GATEWAYS: &str = "gateway-v1";
/// Of the six parts in which so many are enrolled, the third can't be.
const CUT: &str = "CREATE TRIGGER cut BEFORE DELETE ON draws WHEN OLD.part = 2
    BEGIN SELECT RAISE(ABORT, 'cut'); END";
/// Nobody who is drawn can be kept.
const FULL: &str = "CREATE TRIGGER full BEFORE INSERT ON draws
    BEGIN SELECT RAISE(ABORT, 'full'); END";

/// Registers many devices, of which each has said what it runs.
async fn registered(house: &House, class: &str, bootloader: &str) {
    register_many(house, MANY, class, bootloader).await;
}

/// Registers so many devices, of which each has said what it runs.
pub async fn register_many(house: &House, count: usize, class: &str, bootloader: &str) {
    let device = |n: usize| Device {
        id: DeviceId::new(format!("many-{n}")).unwrap(),
        class: class.to_owned(),
        hardware: if n.is_multiple_of(2) { "B" } else { "C" }.to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: bootloader.to_owned(),
        registered_at: house.app.now(),
        last_seen: Some(house.app.now()),
        running: Some(Running {
            release: ReleaseDigest([1; 32]),
            version: "1.0.0".to_owned(),
            sequence: 1,
            verified: true,
            last_resort: false,
            since: house.app.now(),
        }),
        attributes: BTreeMap::new(),
    };
    let registration = |n: usize| {
        let mut token_hash = [0; 32];
        token_hash[..8].copy_from_slice(&n.to_be_bytes());
        Registration {
            device: device(n),
            token_hash,
            controller: None,
        }
    };
    let all: Vec<_> = (0..count).map(registration).collect();
    house.app.store().register_many(&all).await.unwrap();
}

async fn asked_for(house: &House, release: &str) -> RolloutView {
    let path = format!("/api/v1/releases/{release}/rollout");
    let asked = house.post(&path, &house.tokens.operations, Vec::new());
    let asked = asked.await;
    assert_eq!(asked.status(), StatusCode::ACCEPTED);
    read(asked).await
}

/// Hands a release of the gateways in and has it approved; its name.
async fn approved_for_gateways(house: &House) -> String {
    let class = house::CLASS.replace(THERMOSTATS, GATEWAYS);
    let artifact = house.signed(packed(&class, "2.0.0", 9, &[]));
    assert_eq!(house.submit(&artifact).await.status(), StatusCode::CREATED);
    let name = format!("{GATEWAYS}@2.0.0");
    let path = format!("/api/v1/releases/{name}/approval");
    let approval = house.approved(&artifact);
    let approved = house.post(&path, &house.tokens.manager, approval).await;
    assert_eq!(approved.status(), StatusCode::OK);
    name
}

async fn view(house: &House, id: i64) -> RolloutView {
    let path = format!("/api/v1/rollouts/{id}");
    house.get(&path, &house.tokens.engineer).await
}

async fn why(house: &House, of: &str) -> String {
    let path = format!("/api/v1/{of}/why");
    let why: mainstay_api::Why = house.get(&path, &house.tokens.engineer).await;
    why.sentence
}

async fn stage(house: &House, release: &str) -> String {
    let path = format!("/api/v1/releases/{release}");
    let release: ReleaseView = house.get(&path, &house.tokens.engineer).await;
    release.stage
}

/// Another server takes the place of this one, on the same database.
async fn another_server(house: &mut House, advance: Advance) {
    let config = AppConfig {
        advance,
        ..AppConfig::default()
    };
    let (store, blobs) = (house.same_store().await, house.same_blobs().await);
    house.serve_anew(store, Arc::new(blobs), config).await;
}

async fn enrolled(house: &House, rollout: i64) -> usize {
    let view = house.app.store().fleet_view(RolloutId(rollout)).await;
    view.unwrap().devices.len()
}

/// Whoever takes it for one that has begun, as a server of the version before may, finds no later wave behind half a canary.
async fn its_canary_is_enrolled(house: &House, rollout: i64) {
    let id = RolloutId(rollout);
    let kept = house.app.store().rollout(id).await.unwrap().unwrap();
    let view = house.app.store().fleet_view(id).await.unwrap();
    let canary = view.devices.iter().filter(|device| device.wave == 0);
    let drawn = usize::try_from(kept.waves[0].members).unwrap();
    assert!(drawn > 0);
    assert_eq!(canary.count(), drawn);
}

fn members(view: &RolloutView) -> usize {
    view.waves.iter().map(|wave| wave.members).sum()
}

/// It is starting, and everybody is told so who asks.
async fn is_told_to_be_starting(house: &House, asked: &RolloutView) {
    let now = view(house, asked.id).await;
    assert_eq!((now.phase.as_str(), now.waves.len()), ("starting", 0));
    let rollout = format!("rollouts/{}", asked.id);
    let drawing = "because its devices are being drawn.";
    // Of any two of them one may be enrolled by now.
    let subjects = [
        "releases/thermo-v2@1.1.0",
        "devices/many-0",
        "devices/many-5000",
    ];
    for of in subjects.into_iter().chain([rollout.as_str()]) {
        let told = why(house, of).await;
        assert!(told.ends_with(drawing), "{of}: {told}");
    }
    let page = house.request(Method::GET, &format!("/{rollout}"), &house.tokens.engineer);
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Starting"), "{page}");
    assert!(page.contains("being drawn"), "{page}");
    assert!(!page.contains("many-"), "some of them aren't all: {page}");
}

#[tokio::test]
async fn it_is_asked_for_at_once_and_begins_on_whichever_server_goes_on() {
    let mut house = House::new().await;
    registered(&house, THERMOSTATS, "1.4.2").await;
    let release = house.built("1.1.0", 2, &[]);
    let answer = start(&house, &release, "maintenance").await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let asked: RolloutView = read(answer).await;
    assert_eq!((asked.phase.as_str(), asked.waves.len()), ("starting", 0));
    is_told_to_be_starting(&house, &asked).await;
    let other = house.built("1.2.0", 3, &[]);
    let busy = problem(start(&house, &other, "maintenance").await).await;
    assert_eq!(busy, (409, "rollouts.class-busy".to_owned()));

    // Whatever ends a server in the midst of it leaves what was enrolled, and the sample.
    database::change(&house, CUT).await;
    let cut = advance_rollouts::run(&house.app, house.app.now()).await;
    cut.expect_err("the third part can't be enrolled");
    assert_eq!(enrolled(&house, asked.id).await, 2000);
    its_canary_is_enrolled(&house, asked.id).await;
    is_told_to_be_starting(&house, &asked).await;
    // Who comes now wasn't drawn.
    database::change(&house, "DROP TRIGGER cut").await;
    another_server(&mut house, Advance::ByCaller).await;
    running(&house, &["th-new"]).await;
    house.later(5);
    house.advance().await;
    let begun = view(&house, asked.id).await;
    assert_eq!(
        (begun.phase.as_str(), begun.started_at),
        ("rolling", house.app.now())
    );
    assert_eq!(
        (members(&begun), enrolled(&house, asked.id).await),
        (MANY, MANY)
    );
    for n in [0, 2500, MANY - 1] {
        let id = DeviceId::new(format!("many-{n}")).unwrap();
        let timeline = house.app.store().timeline(&id, 10).await.unwrap();
        let drawn = timeline
            .iter()
            .filter(|entry| entry.kind == TimelineKind::Enrolled);
        assert_eq!(drawn.count(), 1, "{id}");
    }
    house.advance().await;
    let opened = view(&house, asked.id).await;
    assert!(opened.waves[0].opened_at.is_some(), "{opened:?}");
    assert_eq!(stage(&house, "thermo-v2@1.1.0").await, "rolling");
}

#[tokio::test]
async fn what_can_not_begin_says_why_and_its_release_may_be_started_again() {
    let house = House::new().await;
    registered(&house, THERMOSTATS, "1.0.0").await;
    let release = house.built("1.1.0", 2, &[]);
    let answer = start(&house, &release, "maintenance").await;
    let first: RolloutView = read(answer).await;
    let withdraw = format!("/api/v1/rollouts/{}/withdraw", first.id);
    let words = br#"{"why":"not tonight"}"#.to_vec();
    let withdrawn = house.post(&withdraw, &house.tokens.operations, words).await;
    assert_eq!(withdrawn.status(), StatusCode::OK);
    house.advance().await;
    assert_eq!(view(&house, first.id).await.phase, "withdrawn");
    assert_eq!(stage(&house, "thermo-v2@1.1.0").await, "approved");

    let second = asked_for(&house, "thermo-v2@1.1.0").await;
    house.advance().await;
    let over = view(&house, second.id).await;
    assert_eq!(over.phase, "withdrawn");
    let because = over.withdrawn_because.unwrap_or_default();
    assert!(because.contains("the server"), "{because}");
    let words = "it could not start: none of 5001 devices may get the candidate";
    assert!(because.contains(words), "{because}");
    assert!(because.contains("boot loader"), "{because}");
    let rollout = format!("rollouts/{}", second.id);
    let told = why(&house, &rollout).await;
    assert!(told.contains("it could not start"), "{told}");
    let page = house.request(Method::GET, &format!("/{rollout}"), &house.tokens.engineer);
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("it could not start"), "{page}");
    assert_eq!(stage(&house, "thermo-v2@1.1.0").await, "approved");
    let third = asked_for(&house, "thermo-v2@1.1.0").await;
    assert_eq!(third.phase, "starting");
}

/// The plan that it was asked for under is the one thing that it can't do without.
#[tokio::test]
async fn what_it_was_asked_for_by_may_be_gone() {
    let house = House::new().await;
    registered(&house, THERMOSTATS, "1.4.2").await;
    let release = house.built("1.1.0", 2, &[]);
    let answer = start(&house, &release, "maintenance").await;
    let asked: RolloutView = read(answer).await;
    database::change(&house, "UPDATE plans SET text = 'nothing'").await;
    // The turn fails for the same reason, or doesn't: that is another matter.
    let _ = advance_rollouts::run(&house.app, house.app.now()).await;
    let kept = house.app.store().rollout(RolloutId(asked.id)).await;
    let phase = format!("{:?}", kept.unwrap().unwrap().phase);
    assert!(phase.starts_with("Withdrawn"), "{phase}");
    assert!(phase.contains("can't be read in the plan"), "{phase}");
}

/// Two thermostats with a release that a person halts, while a fleet of gateways waits to be drawn.
#[tokio::test]
async fn a_brake_draws_nobody() {
    let house = House::under(&with_gateways("", "")).await;
    let (mut gadgets, good) = updated_at(&house).await;
    let bad = house.built("1.2.0", 3, &[good.manifest]);
    let rolling = house.roll_out(&bad).await;
    install(&house, &mut gadgets, &bad).await;
    registered(&house, GATEWAYS, "1.4.2").await;
    let gateways = approved_for_gateways(&house).await;
    let asked = asked_for(&house, &gateways).await;
    let halt = format!("/api/v1/rollouts/{rolling}/halt");
    let why = br#"{"why": "displays stay dark"}"#.to_vec();
    let halted = house.post(&halt, &house.tokens.engineer, why).await;
    assert_eq!(halted.status(), StatusCode::OK);
    go_back(&house, &mut gadgets[0], &good, &bad).await;
    assert_eq!(view(&house, asked.id).await.phase, "starting");
    house.advance().await;
    assert_eq!(view(&house, asked.id).await.phase, "rolling");
}

/// One rollout's devices can't be kept; another one goes on meanwhile, by the server's own turns.
#[tokio::test]
async fn one_that_fails_to_begin_keeps_no_other_waiting_and_is_taken_back() {
    let mut house = House::under(&with_gateways("", "")).await;
    running(&house, &["th-1", "th-2"]).await;
    registered(&house, GATEWAYS, "1.4.2").await;
    let gateways = approved_for_gateways(&house).await;
    another_server(&mut house, Advance::Every(Duration::from_millis(200))).await;
    database::change(&house, FULL).await;
    let asked = asked_for(&house, &gateways).await;
    let good = house.built("1.1.0", 2, &[]);
    let rolling = house.roll_out(&good).await;
    until("the other one's wave opens", async || {
        view(&house, rolling).await.waves[0].opened_at.is_some()
    })
    .await;
    assert_eq!(view(&house, asked.id).await.phase, "starting");
    until("it is given up", async || {
        house.later(1);
        view(&house, asked.id).await.phase == "withdrawn"
    })
    .await;
    let because = view(&house, asked.id).await.withdrawn_because;
    let because = because.unwrap_or_default();
    let words = "it could not start: its devices couldn't be kept (store.";
    assert!(because.contains(words), "{because}");
    assert_eq!(stage(&house, &gateways).await, "approved");

    database::change(&house, "DROP TRIGGER full").await;
    let again = asked_for(&house, &gateways).await;
    until("it begins", async || {
        view(&house, again.id).await.phase == "rolling"
    })
    .await;
    assert_eq!(members(&view(&house, again.id).await), MANY);
}
