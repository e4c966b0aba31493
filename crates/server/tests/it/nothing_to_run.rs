//! Devices that have nothing to run: they get the release that they are drawn for, or what they ran before it.

use mainstay_api::RolloutView;
use mainstay_protocol::{BootReason, Event};
use mainstay_rollout::{Progress, RolloutId};
use reqwest::{Method, StatusCode};

use crate::house::House;
use crate::rollback::{Promised, fetch, promised, stop, updated};

/// It has one slot: nothing is left there to go back to, and no rollout need be halted for it.
#[tokio::test]
async fn who_is_left_with_nothing_to_run_gets_back_what_it_ran() {
    let Promised {
        house,
        mut gadget,
        good,
        bad,
        ..
    } = promised().await;
    let (manifest, cause) = (bad.manifest, mainstay_protocol::RevertCause::SelfTest);
    let reports = [
        gadget.report(Event::DownloadStarted { manifest }),
        gadget.report(Event::TrialBooted { manifest }),
        gadget.report(Event::Reverted { manifest, cause }),
    ];
    gadget.run_nothing(BootReason::SafeMode);
    let told = gadget.check_in(&house, &reports).await;
    let install = told.install.expect("the way back");
    assert_eq!(install.manifest, good.manifest);
    let path = format!("/device/v1/payloads/{}", good.image_digest);
    let payload = house.request(Method::GET, &path, &gadget.token).send();
    assert_eq!(payload.await.unwrap().bytes().await.unwrap(), good.image);
    gadget.boot = BootReason::Confirmed;
    gadget.confirmed = true;
    assert_eq!(gadget.update_to(&house, &good).await.install, None);
}

/// A device with one slot has erased what it ran, and takes nothing of what it was sent.
#[tokio::test]
async fn who_refuses_a_payload_with_nothing_else_to_run_gets_back_what_it_ran() {
    let Promised {
        house,
        mut gadget,
        good,
        bad,
        rollout,
        ..
    } = promised().await;
    let manifest = bad.manifest;
    let refusal = mainstay_trust::Refusal::PayloadDigest.code();
    let reports = [
        gadget.report(Event::DownloadStarted { manifest }),
        gadget.report(Event::Refused { manifest, refusal }),
    ];
    gadget.run_nothing(BootReason::Recovery);
    let told = gadget.check_in(&house, &reports).await;
    assert_eq!(told.install.expect("the way back").manifest, good.manifest);
    assert_eq!(fetch(&house, &gadget, &good).await, StatusCode::OK);
    let failed = failures(&house, rollout).await;
    assert_eq!(failed, 1, "it is still this release's failure");
}

/// It lost its power while it fetched, and one person put the release on hold since.
#[tokio::test]
async fn who_made_way_for_what_is_held_runs_what_it_ran_until_the_hold_is_over() {
    let Promised {
        house,
        mut gadget,
        good,
        bad,
        rollout,
        ..
    } = promised().await;
    let manifest = bad.manifest;
    let began = gadget.report(Event::DownloadStarted { manifest });
    gadget.send(&house, &[began]).await;
    gadget.run_nothing(BootReason::Recovery);
    let hold = "/api/v1/releases/thermo-v2@1.2.0/hold";
    stop(&house, hold, r#"{"reason":"smoke"}"#).await;
    let told = gadget.check_in(&house, &[]).await;
    assert_eq!(told.install.expect("the way back").manifest, good.manifest);
    assert_eq!(fetch(&house, &gadget, &good).await, StatusCode::OK);
    (gadget.boot, gadget.confirmed) = (BootReason::Confirmed, true);
    assert_eq!(gadget.update_to(&house, &good).await.install, None);
    let progress = of(&house, rollout, &gadget.id).await;
    assert!(matches!(progress, Progress::Began { .. }), "{progress:?}");
    let release = |who| {
        house.post(
            "/api/v1/releases/thermo-v2@1.2.0/hold/release",
            who,
            Vec::new(),
        )
    };
    for who in [&house.tokens.operations, &house.tokens.manager] {
        assert!(release(who).await.status().is_success());
    }
    house.later(1);
    let told = gadget.check_in(&house, &[]).await;
    assert_eq!(told.install.expect("its turn").manifest, bad.manifest);
}

/// It waited in safe mode before there was a candidate, so that it is there says nothing of one.
#[tokio::test]
async fn safe_mode_counts_only_where_the_candidate_led_to_it() {
    let (house, mut gadgets, good) = updated().await;
    gadgets[0].run_nothing(BootReason::SafeMode);
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    let next = house.built("1.2.0", 3, &[good.manifest]);
    let rollout = house.roll_out(&next).await;
    house.advance().await;
    house.later(1);
    let gadget = &mut gadgets[0];
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    let manifest = next.manifest;
    // The network fails again and again, and it starts anew.
    let reports = [
        gadget.report(Event::DownloadStarted { manifest }),
        gadget.report(Event::EnteredSafeMode),
    ];
    let told = gadget.check_in(&house, &reports).await;
    assert_eq!(told.install.expect("once more").manifest, next.manifest);
    house.advance().await;
    assert_eq!(failures(&house, rollout).await, 0);
    // Once it has run the candidate, that is what left it with nothing.
    let booted = gadget.report(Event::TrialBooted { manifest });
    gadget.check_in(&house, &[booted]).await;
    house.advance().await;
    assert_eq!(failures(&house, rollout).await, 1);
    let path = format!("/api/v1/rollouts/{rollout}");
    let view: RolloutView = house.get(&path, &house.tokens.engineer).await;
    assert_eq!(view.phase, "halted");
}

/// What it ran before is older than what it had confirmed, and its core takes nothing older.
#[tokio::test]
async fn who_lost_what_it_had_confirmed_gets_that_again() {
    let Promised {
        house,
        mut gadget,
        bad: kept,
        rollout,
        ..
    } = promised().await;
    gadget.update_to(&house, &kept).await;
    house.later(60);
    gadget.run_nothing(BootReason::SafeMode);
    let told = gadget.check_in(&house, &[]).await;
    assert_eq!(told.install.expect("the same").manifest, kept.manifest);
    assert_eq!(fetch(&house, &gadget, &kept).await, StatusCode::OK);
    let cause = of(&house, rollout, &gadget.id).await.failure();
    assert_eq!(cause.map(|(_, cause)| cause.id()), Some("lost"));
}

async fn of(house: &House, rollout: i64, device: &str) -> Progress {
    let view = house.app.store().fleet_view(RolloutId(rollout)).await;
    let devices = view.unwrap().devices;
    let own = devices.into_iter().find(|one| one.id.as_str() == device);
    own.unwrap().progress
}

async fn failures(house: &House, rollout: i64) -> usize {
    let view = house.app.store().fleet_view(RolloutId(rollout)).await;
    let devices = view.unwrap().devices;
    devices
        .iter()
        .filter(|one| one.progress.failure().is_some())
        .count()
}
