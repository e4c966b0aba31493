//! A release that is halted, and the devices that go back from it.

use mainstay_api::{IncidentView, ReleaseView, RolloutView};
use mainstay_protocol::{BootReason, Event, SelfTest};
use mainstay_rollout::{FailureCause, RolloutId};
use reqwest::{Method, StatusCode};

use crate::gadget::{Gadget, register};
use crate::house::{self, Artifact, House, packed, packed_above, problem, read};
use crate::update::pass_hours;

/// Two devices on 1.1.0, to which a complete rollout brought them.
pub async fn updated() -> (House, Vec<Gadget>, Artifact) {
    let house = House::new().await;
    let (gadgets, good) = updated_at(&house).await;
    (house, gadgets, good)
}

/// The same at a server that is there.
pub async fn updated_at(house: &House) -> (Vec<Gadget>, Artifact) {
    let (old, good) = (
        packed(house::CLASS, "1.0.0", 1, &[]),
        house.built("1.1.0", 2, &[]),
    );
    let mut gadgets = register(house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(house, &[]).await;
    }
    house.roll_out(&good).await;
    house.advance().await;
    pass_hours(house, &mut gadgets, &good, 8).await;
    (gadgets, good)
}

pub async fn install(house: &House, gadgets: &mut [Gadget], artifact: &Artifact) {
    house.advance().await;
    house.later(1);
    for gadget in gadgets {
        assert!(gadget.check_in(house, &[]).await.install.is_some());
        gadget.update_to(house, artifact).await;
    }
}

#[tokio::test]
async fn one_person_halts_it_and_every_device_goes_back() {
    let (house, mut gadgets, good) = updated().await;
    let bad = house.built("1.2.0", 3, &[good.manifest]);
    let rollout = house.roll_out(&bad).await;
    install(&house, &mut gadgets, &bad).await;
    let halt = format!("/api/v1/rollouts/{rollout}/halt");
    let why = br#"{"why": "displays stay dark"}"#.to_vec();
    let halted = house.post(&halt, &house.tokens.engineer, why.clone()).await;
    assert_eq!(halted.status(), StatusCode::OK);
    let view: RolloutView = read(halted).await;
    assert_eq!((view.phase.as_str(), view.still_on_it), ("halted", 2));
    let again = house.refused(&halt, &house.tokens.engineer, why).await;
    assert_eq!(again, (409, "rollout.already-halted".to_owned()));
    for gadget in &mut gadgets {
        go_back(&house, gadget, &good, &bad).await;
    }
    house.advance().await;
    let path = format!("/api/v1/rollouts/{rollout}");
    let view: RolloutView = house.get(&path, &house.tokens.engineer).await;
    assert_eq!((view.returned, view.still_on_it), (2, 0));
    let release: ReleaseView = house
        .get("/api/v1/releases/thermo-v2@1.2.0", &house.tokens.engineer)
        .await;
    assert_eq!(release.stage, "rolled-back");
    let incident: IncidentView = house
        .get("/api/v1/incidents/INC-1", &house.tokens.engineer)
        .await;
    assert!(
        incident.title.contains("displays stay dark"),
        "{incident:?}"
    );
}

/// The next check-in brings the way back, with the halted release on hold.
pub async fn go_back(house: &House, gadget: &mut Gadget, good: &Artifact, bad: &Artifact) {
    let told = gadget.check_in(house, &[]).await;
    let install = told.install.expect("the way back");
    assert_eq!(
        (install.manifest, install.image),
        (good.manifest, good.image_digest)
    );
    assert_eq!(told.held, [bad.manifest]);
    let path = format!("/device/v1/payloads/{}", good.image_digest);
    let payload = house
        .request(Method::GET, &path, &gadget.token)
        .send()
        .await
        .unwrap();
    assert_eq!(payload.bytes().await.unwrap(), good.image);
    assert_eq!(gadget.update_to(house, good).await.install, None);
}

/// A device on 1.1.0, to which a rollout has promised 1.2.0, and the others.
pub struct Promised {
    pub house: House,
    pub gadget: Gadget,
    pub others: Vec<Gadget>,
    pub good: Artifact,
    pub bad: Artifact,
    pub rollout: i64,
}

pub async fn promised() -> Promised {
    let (house, mut gadgets, good) = updated().await;
    let bad = house.built("1.2.0", 3, &[good.manifest]);
    let rollout = house.roll_out(&bad).await;
    house.advance().await;
    house.later(1);
    let mut gadget = gadgets.remove(0);
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    Promised {
        house,
        gadget,
        others: gadgets,
        good,
        bad,
        rollout,
    }
}

/// What the server says to a device that asks for the image of `artifact`.
pub async fn fetch(house: &House, gadget: &Gadget, artifact: &Artifact) -> StatusCode {
    let path = format!("/device/v1/payloads/{}", artifact.image_digest);
    let asked = house.request(Method::GET, &path, &gadget.token).send();
    asked.await.unwrap().status()
}

/// A stop of the release: a hold, or a halt of its rollout.
pub async fn stop(house: &House, path: &str, body: &str) {
    let body = body.as_bytes().to_vec();
    let stopped = house.post(path, &house.tokens.operations, body).await;
    assert!(stopped.status().is_success(), "{path}");
    house.later(1);
}

/// Of two devices that were promised the release one begins before the stop, and one after it: with one slot it would run nothing then.
async fn who_ends_after(path: &str, body: &str) {
    let Promised {
        house,
        gadget: mut begun,
        bad,
        mut others,
        ..
    } = promised().await;
    let manifest = bad.manifest;
    let mut late = others.remove(0);
    assert!(late.check_in(&house, &[]).await.install.is_some());
    let report = begun.report(Event::DownloadStarted { manifest });
    begun.send(&house, &[report]).await;
    for gadget in [&begun, &late] {
        assert_eq!(fetch(&house, gadget, &bad).await, StatusCode::OK);
    }
    house.later(1);
    stop(&house, path, body).await;
    assert_eq!(fetch(&house, &begun, &bad).await, StatusCode::OK, "it ends");
    assert_eq!(fetch(&house, &late, &bad).await, StatusCode::NOT_FOUND);
    let report = late.report(Event::DownloadStarted { manifest });
    late.send(&house, &[report]).await;
    assert_eq!(
        fetch(&house, &late, &bad).await,
        StatusCode::NOT_FOUND,
        "it still has what it ran"
    );
    late.run_nothing(BootReason::Recovery);
    late.check_in(&house, &[]).await;
    assert_eq!(
        fetch(&house, &late, &bad).await,
        StatusCode::OK,
        "it has nothing else"
    );
}

#[tokio::test]
async fn nobody_begins_with_what_was_halted_and_who_has_begun_may_end() {
    who_ends_after("/api/v1/rollouts/2/halt", r#"{"why":"smoke"}"#).await;
}

#[tokio::test]
async fn nobody_begins_with_what_is_on_hold_and_who_has_begun_may_end() {
    let path = "/api/v1/releases/thermo-v2@1.2.0/hold";
    who_ends_after(path, r#"{"reason":"smoke"}"#).await;
}

/// A device with one slot has erased what it ran by the time the release is halted, and lost its power then.
#[tokio::test]
async fn who_made_way_for_a_halted_release_gets_back_what_it_ran() {
    let Promised {
        house,
        mut gadget,
        good,
        bad,
        rollout,
        ..
    } = promised().await;
    gadget.run_nothing(BootReason::Recovery);
    let asked = gadget.check_in(&house, &[]).await;
    assert_eq!(
        asked.install.expect("it came for that").manifest,
        bad.manifest
    );
    let manifest = bad.manifest;
    let began = gadget.report(Event::DownloadStarted { manifest });
    gadget.send(&house, &[began]).await;
    let halt = format!("/api/v1/rollouts/{rollout}/halt");
    let why = br#"{"why": "displays stay dark"}"#.to_vec();
    let halted = house.post(&halt, &house.tokens.engineer, why).await;
    assert_eq!(halted.status(), StatusCode::OK);
    go_back(&house, &mut gadget, &good, &bad).await;
    gadget.boot = BootReason::Confirmed;
    gadget.confirmed = true;
    gadget.check_in(&house, &[]).await;
    house.advance().await;
    let path = format!("/api/v1/rollouts/{rollout}");
    let view: RolloutView = house.get(&path, &house.tokens.engineer).await;
    assert_eq!((view.returned, view.still_on_it), (1, 0));
}

#[tokio::test]
async fn a_failing_canary_halts_by_itself() {
    let (house, mut gadgets, good) = updated().await;
    let bad = house.built("1.2.0", 3, &[good.manifest]);
    let rollout = house.roll_out(&bad).await;
    house.advance().await;
    house.later(1);
    let manifest = bad.manifest;
    for gadget in &mut gadgets {
        assert!(gadget.check_in(&house, &[]).await.install.is_some());
        let cause = mainstay_protocol::RevertCause::SelfTest;
        let reports = [
            gadget.report(Event::DownloadStarted { manifest }),
            gadget.report(Event::TrialBooted { manifest }),
            gadget.report(Event::Reverted { manifest, cause }),
        ];
        assert_eq!(gadget.check_in(&house, &reports).await.install, None);
    }
    house.later(31);
    house.advance().await;
    let path = format!("/api/v1/rollouts/{rollout}");
    let view: RolloutView = house.get(&path, &house.tokens.engineer).await;
    assert_eq!(
        (view.phase.as_str(), view.still_on_it),
        ("halted", 0),
        "{view:?}"
    );
    assert_eq!(view.waves[0].failed, 2);
    let why = view.halted_because.expect("a reason");
    assert!(why.contains("failed"), "{why}");
}

#[tokio::test]
async fn a_class_carries_one_rollout_at_a_time() {
    let (house, _, good) = updated().await;
    let (next, after) = (
        house.built("1.2.0", 3, &[good.manifest]),
        house.built("1.3.0", 4, &[]),
    );
    house.roll_out(&next).await;
    assert_eq!(house.submit(&after).await.status(), StatusCode::CREATED);
    let path = "/api/v1/releases/thermo-v2@1.3.0";
    let approval = house.approved(&after);
    house
        .post(&format!("{path}/approval"), &house.tokens.manager, approval)
        .await;
    let operations = &house.tokens.operations;
    let second = house
        .post(&format!("{path}/rollout"), operations, Vec::new())
        .await;
    assert_eq!(
        problem(second).await,
        (409, "rollouts.class-busy".to_owned())
    );
}

/// Devices keep to the floor that they have confirmed, whatever two people once signed.
#[tokio::test]
async fn a_way_back_that_the_floor_closes_is_refused() {
    let house = House::new().await;
    let good = house.built("1.1.0", 2, &[]);
    assert_eq!(house.submit(&good).await.status(), StatusCode::CREATED);
    let next = |floor| {
        let back = [good.manifest];
        house.signed(packed_above(floor, house::CLASS, "1.2.0", 3, &back))
    };
    let closed = problem(house.submit(&next(3)).await).await;
    assert_eq!(closed, (422, "releases.floor-above-return".to_owned()));
    assert_eq!(house.submit(&next(2)).await.status(), StatusCode::CREATED);
}

/// The stage of 1.2.0.
async fn stage(house: &House) -> String {
    let path = "/api/v1/releases/thermo-v2@1.2.0";
    let release: ReleaseView = house.get(path, &house.tokens.engineer).await;
    release.stage
}

/// Nothing of this is in a report, and the second device says so while nothing else about it is new.
#[tokio::test]
async fn what_goes_wrong_after_a_device_confirmed_is_a_failure_too() {
    let (house, mut gadgets, good) = updated().await;
    let bad = house.built("1.2.0", 3, &[good.manifest]);
    let rollout = house.roll_out(&bad).await;
    install(&house, &mut gadgets, &bad).await;
    let failures = async || {
        let view = house.app.store().fleet_view(RolloutId(rollout)).await;
        let mut devices = view.unwrap().devices;
        devices.sort_by(|a, b| a.id.cmp(&b.id));
        let cause = |device: &mainstay_rollout::DeviceView| device.progress.failure();
        devices
            .iter()
            .map(|device| cause(device).map(|(_, cause)| cause))
            .collect::<Vec<_>>()
    };
    house.later(60);
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    assert_eq!(failures().await, [None, None]);
    // The one lost its image and has the older one left; the other isn't well.
    gadgets[0].runs = (good.manifest, good.sequence, good.version.clone());
    (gadgets[0].confirmed, gadgets[0].boot) = (false, BootReason::LastResort);
    gadgets[1].health.self_test = SelfTest::Failed;
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    let found = [FailureCause::WentBack, FailureCause::SelfTestLater].map(Some);
    assert_eq!(failures().await, found);
    // Nobody calls a release rolled back while a device runs it.
    let halt = format!("/api/v1/rollouts/{rollout}/halt");
    stop(&house, &halt, r#"{"why":"smoke"}"#).await;
    house.advance().await;
    assert_eq!(stage(&house).await, "halted");
    go_back(&house, &mut gadgets[1], &good, &bad).await;
    gadgets[1].health.self_test = SelfTest::Passed;
    gadgets[1].check_in(&house, &[]).await;
    house.advance().await;
    assert_eq!(stage(&house).await, "rolled-back");
}
