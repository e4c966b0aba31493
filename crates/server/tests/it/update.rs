//! A release on its way to devices, the good one.

use mainstay_api::{ReleaseView, RolloutView, Why};
use mainstay_fleet::DeviceId;
use mainstay_protocol::{Event, Report};
use mainstay_rollout::RolloutId;
use mainstay_store::Rollouts as _;
use reqwest::header::{CONTENT_RANGE, ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};

use crate::gadget::{Gadget, Install, register};
use crate::house::{self, Artifact, House, packed, problem};

#[tokio::test]
async fn a_release_reaches_every_device() {
    let house = House::new().await;
    let (old, new) = (
        packed(house::CLASS, "1.0.0", 1, &[]),
        house.built("1.1.0", 2, &[]),
    );
    let mut gadgets = register(&house, &["th-1", "th-2", "th-3"], &old).await;
    for gadget in &mut gadgets {
        assert_eq!(gadget.check_in(&house, &[]).await.install, None);
    }
    let rollout = house.roll_out(&new).await;
    house.advance().await;
    update_canary(&house, &mut gadgets, &new).await;
    pass_hours(&house, &mut gadgets, &new, 8).await;
    let view: RolloutView = house
        .get(&format!("/api/v1/rollouts/{rollout}"), token(&house))
        .await;
    assert_eq!(view.phase, "complete", "{view:?}");
    assert_eq!(
        view.waves
            .iter()
            .map(|wave| wave.updated)
            .collect::<Vec<_>>(),
        [2, 1, 0]
    );
    let release: ReleaseView = house
        .get("/api/v1/releases/thermo-v2@1.1.0", token(&house))
        .await;
    assert_eq!(release.stage, "complete");
    let by: Vec<_> = release
        .history
        .iter()
        .filter_map(|stage| stage.by.as_deref())
        .collect();
    let name = |name| format!("{name}@northwind.example");
    assert_eq!(by, [name("ana"), name("ana"), name("sam"), name("kim")]);
}

/// A device that was offline for two days tells then what happened meanwhile, and its timeline when that was, by its own word.
#[tokio::test]
async fn what_happened_offline_is_told_with_when_that_was() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(&house, &["th-1"], &old).await;
    let gadget = &mut gadgets[0];
    let meanwhile = Report {
        at: u64::try_from(house::start().as_second()).unwrap(),
        ..gadget.report(Event::EnteredSafeMode)
    };
    house.later(2 * 24 * 60);
    gadget.check_in(&house, &[meanwhile]).await;
    let id = DeviceId::new("th-1").unwrap();
    let timeline = house.app.store().timeline(&id, 9).await.unwrap();
    let told = timeline
        .iter()
        .find(|entry| entry.text.contains("by its own clock"))
        .unwrap();
    assert!(
        told.text
            .ends_with(", at 2026-12-01T12:00:00Z by its own clock"),
        "{}",
        told.text
    );
    assert_eq!(told.at, house.app.now());
}

/// Hour after hour every device checks in, and takes `artifact` when it is offered.
pub async fn pass_hours(house: &House, gadgets: &mut [Gadget], artifact: &Artifact, hours: u32) {
    for _ in 0..hours {
        house.later(60);
        for gadget in &mut *gadgets {
            if gadget.check_in(house, &[]).await.install.is_some() {
                gadget.update_to(house, artifact).await;
            }
        }
        house.advance().await;
    }
}

fn token(house: &House) -> &str {
    &house.tokens.engineer
}

/// Both devices of the canary are offered the release, the third isn't.
async fn update_canary(house: &House, gadgets: &mut [Gadget], new: &Artifact) {
    let bytes = u32::try_from(new.image.len()).unwrap();
    let offer = Install {
        manifest: new.manifest,
        image: new.image_digest,
        bytes,
    };
    house.later(1);
    let mut offered = 0;
    for gadget in gadgets {
        let told = gadget.check_in(house, &[]).await;
        if told.install.is_some() {
            assert_eq!(told.install, Some(Install { ..offer }));
            gadget.update_to(house, new).await;
            offered += 1;
        }
    }
    assert_eq!(offered, 2);
}

async fn fetch(house: &House, gadget: &Gadget, new: &Artifact, range: &str) -> Response {
    let path = format!("/device/v1/payloads/{}", new.image_digest);
    let request = house
        .request(Method::GET, &path, &gadget.token)
        .header(RANGE, range);
    request.send().await.unwrap()
}

/// A house in which th-1 was just promised 1.1.0, and th-9 came too late for its rollout.
async fn promised() -> (House, Gadget, Gadget, Artifact) {
    let house = House::new().await;
    let (old, new) = (
        packed(house::CLASS, "1.0.0", 1, &[]),
        house.built("1.1.0", 2, &[]),
    );
    let mut gadget = register(&house, &["th-1"], &old).await.remove(0);
    gadget.check_in(&house, &[]).await;
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    let stranger = register(&house, &["th-9"], &old).await.remove(0);
    (house, gadget, stranger, new)
}

#[tokio::test]
async fn a_cut_download_resumes_and_strangers_get_none() {
    let (house, gadget, stranger, new) = promised().await;
    let (size, etag) = (new.image.len(), format!("\"{}\"", new.image_digest));
    let first = fetch(&house, &gadget, &new, "bytes=0-99").await;
    assert_eq!(first.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(
        first.headers()[CONTENT_RANGE],
        format!("bytes 0-99/{size}").as_str()
    );
    assert_eq!(first.headers()[ETAG], etag.as_str());
    let mut image = first.bytes().await.unwrap().to_vec();
    let rest = fetch(&house, &gadget, &new, "bytes=100-").await;
    image.extend(rest.bytes().await.unwrap());
    assert!(image == new.image, "the two pieces aren't the image");
    let beyond = fetch(&house, &gadget, &new, &format!("bytes={size}-")).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(
        beyond.headers()[CONTENT_RANGE],
        format!("bytes */{size}").as_str()
    );
    let path = format!("/device/v1/payloads/{}", new.image_digest);
    let whole = house
        .request(Method::GET, &path, &gadget.token)
        .header(RANGE, "bytes=5-9");
    let whole = whole
        .header(IF_RANGE, "\"other bytes\"")
        .send()
        .await
        .unwrap();
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(whole.bytes().await.unwrap(), new.image);
    let refused = problem(fetch(&house, &stranger, &new, "bytes=0-99").await).await;
    assert_eq!(refused, (404, "request.not-found".to_owned()));
}

/// Who names the bytes that it has is told so; whether a payload is there, nobody learns by it who may not have it.
#[tokio::test]
async fn who_has_a_payload_is_sent_none_of_it() {
    let (house, gadget, stranger, new) = promised().await;
    let path = format!("/device/v1/payloads/{}", new.image_digest);
    let etag = format!("\"{}\"", new.image_digest);
    for (name, value, status, bytes) in [
        (IF_NONE_MATCH, &*etag, StatusCode::NOT_MODIFIED, 0),
        (IF_NONE_MATCH, "\"other\"", StatusCode::OK, new.image.len()),
        (IF_MATCH, &etag, StatusCode::OK, new.image.len()),
        (IF_MATCH, "\"other\"", StatusCode::PRECONDITION_FAILED, 0),
    ] {
        let asked = house.request(Method::GET, &path, &gadget.token);
        let response = asked.header(&name, value).send().await.unwrap();
        assert_eq!(response.status(), status, "{name} {value}");
        assert_eq!(response.headers()[ETAG], *etag);
        assert_eq!(
            response.bytes().await.unwrap().len(),
            bytes,
            "{name} {value}"
        );
        let asked = house.request(Method::GET, &path, &stranger.token);
        let refused = asked.header(&name, value).send().await.unwrap();
        assert_eq!(problem(refused).await.0, 404, "{name} {value}");
    }
}

#[tokio::test]
async fn a_repeated_report_changes_nothing() {
    let (house, mut gadget, _, new) = promised().await;
    let manifest = new.manifest;
    let reports = [
        gadget.report(Event::DownloadStarted { manifest }),
        gadget.report(Event::Installed { manifest }),
    ];
    assert_eq!(gadget.send(&house, &reports).await, 2);
    let once = house.app.store().fleet_view(RolloutId(1)).await.unwrap();
    house.later(30);
    assert_eq!(gadget.send(&house, &reports).await, 2);
    assert_eq!(gadget.send(&house, &reports[..1]).await, 2);
    let twice = house.app.store().fleet_view(RolloutId(1)).await.unwrap();
    assert_eq!(once.devices[0].progress, twice.devices[0].progress);
    assert_eq!(once.devices[0].progress.id(), "began");
    let timeline = house
        .app
        .store()
        .timeline(&twice.devices[0].id, 50)
        .await
        .unwrap();
    let told = timeline
        .iter()
        .filter(|entry| entry.text.contains("1.1.0"))
        .count();
    assert_eq!(
        timeline
            .iter()
            .filter(|entry| entry.event.is_some())
            .count(),
        2,
        "{told}"
    );
}

#[tokio::test]
async fn why_says_what_the_rollout_says() {
    let (house, mut gadget, stranger, _) = promised().await;
    let why: Why = house.get("/api/v1/devices/th-9/why", token(&house)).await;
    assert!(
        why.sentence
            .starts_with(&format!("{} (thermo-v2, hardware B)", stranger.id)),
        "{why:?}"
    );
    house.later(1);
    gadget.check_in(&house, &[]).await;
    let why: Why = house.get("/api/v1/rollouts/1/why", token(&house)).await;
    assert!(why.sentence.contains("1.1.0"), "{why:?}");
    let (_, id) = problem(
        house
            .request(Method::GET, "/api/v1/devices/nobody/why", token(&house))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(id, "request.not-found");
}

#[tokio::test]
async fn what_a_device_was_told_is_on_the_disk() {
    let (house, mut gadget, _, new) = promised().await;
    assert_eq!(on_disk(&house, &gadget).await, "promised");
    let manifest = new.manifest;
    let reports = [gadget.report(Event::DownloadStarted { manifest })];
    assert_eq!(gadget.send(&house, &reports).await, 1);
    assert_eq!(on_disk(&house, &gadget).await, "began");
}

/// The device's progress as another process reads it from the folder, with the server still up:
/// what a kill at this moment would leave.
async fn on_disk(house: &House, gadget: &Gadget) -> &'static str {
    let store = house.data.store().await.unwrap();
    let id = DeviceId::new(gadget.id.as_str()).unwrap();
    let view = store.enrolment(RolloutId(1), &id).await.unwrap();
    view.expect("it is enrolled").progress.id()
}
