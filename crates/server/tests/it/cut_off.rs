//! Downloads that have begun, and what is decided meanwhile.

use std::pin::pin;
use std::time::Duration;

use mainstay_access::Email;
use mainstay_plan::PlanDigest;
use mainstay_protocol::{Event, FOR_HEADER, PAYLOADS_PATH};
use mainstay_server::settings::DeviceCertificates;
use mainstay_store::Plans as _;
use reqwest::{Method, Response, StatusCode};
use tokio::time::timeout;

use crate::ddi::gateway;
use crate::delivery::halt;
use crate::house::{Artifact, House};
use crate::identity::{Stage, given, put, replace_token};
use crate::line;
use crate::papers::{Named, next_root, publish_root, revocations, revoke};

/// By then a download has been broken off, or it never is: it is looked at each ten seconds at least.
const BROKEN_OFF_BY: Duration = Duration::from_secs(20);

/// All that comes of an answer; none if it breaks off.
async fn whole(answer: Response) -> Option<usize> {
    assert_eq!(answer.status(), StatusCode::OK);
    let read = timeout(BROKEN_OFF_BY, answer.bytes()).await;
    let read = read.expect("it ends, one way or the other");
    read.ok().map(|bytes| bytes.len())
}

async fn revoke_release(house: &House, release: &Artifact) {
    publish_root(house, &next_root(2)).await;
    let named = Named {
        releases: &[release.manifest],
        ..Named::default()
    };
    let revoked = revoke(house, revocations(house, 1, &named)).await;
    assert_eq!(revoked.status(), StatusCode::CREATED);
}

fn path(release: &Artifact) -> String {
    format!("{PAYLOADS_PATH}{}", release.image_digest)
}

/// At 4 kB a second it would take half a minute; whoever asks anew is refused.
#[tokio::test]
async fn a_revoked_release_is_sent_no_further_whoever_has_begun() {
    let house = House::under(&line::plan("4 kB")).await;
    let (mut gadgets, new) = line::promised(&house).await;
    let manifest = new.manifest;
    let began = gadgets[0].report(Event::DownloadStarted { manifest });
    gadgets[0].send(&house, &[began]).await;
    let asks = |n: usize| house.request(Method::GET, &path(&new), &gadgets[n].token);
    let one = asks(0).send().await.unwrap();
    let other = asks(1).send().await.unwrap();
    revoke_release(&house, &new).await;
    let ended = tokio::join!(whole(one), whole(other));
    assert_eq!(ended, (None, None));
    for n in 0..2 {
        let anew = asks(n).send().await.unwrap();
        assert_eq!(anew.status(), StatusCode::NOT_FOUND);
    }
}

/// A halt cuts off nobody who has said that it began: it ends that, and is sent back.
#[tokio::test]
async fn a_halted_download_ends_for_who_has_not_begun() {
    let house = House::under(&line::plan("16 kB")).await;
    let (mut gadgets, new) = line::promised(&house).await;
    let manifest = new.manifest;
    let began = gadgets[0].report(Event::DownloadStarted { manifest });
    gadgets[0].send(&house, &[began]).await;
    let asks = |n: usize| house.request(Method::GET, &path(&new), &gadgets[n].token);
    let one = asks(0).send().await.unwrap();
    let other = asks(1).send().await.unwrap();
    halt(&house).await;
    let ended = tokio::join!(whole(one), whole(other));
    assert_eq!(ended, (Some(new.image.len()), None));
}

/// A client of another kind, which checks a signature and no more, gets none of it.
#[tokio::test]
async fn a_revoked_file_is_broken_off_for_other_clients() {
    let narrow = gateway::plan().replacen("50 MB", "4 kB", 1);
    let house = House::under(&narrow).await;
    let (house, gateways) = gateway::furnished_in(house).await;
    let new = line::large(&house);
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    let device = &gateways[0];
    assert!(device.is_offered(&house).await);
    let number = device.order(&house).await.number;
    let file = format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin");
    let sent = device.get(&house, &file).await;
    revoke_release(&house, &new).await;
    assert_eq!(whole(sent).await, None);
    assert!(!device.order(&house).await.seen.whole, "it hasn't got it");
}

/// It is a child's as long as that stands behind the gateway that asks; what the child asks for itself goes on.
#[tokio::test]
async fn a_download_through_a_gateway_lasts_as_long_as_it_may_ask() {
    let house = House::under(&line::plan("4 kB")).await;
    let (gadgets, new) = line::promised(&house).await;
    let behind = put(&house, "th-1", Some("th-2")).await;
    assert_eq!(behind.status(), StatusCode::OK);
    let through = || {
        let asked = house.request(Method::GET, &path(&new), &gadgets[1].token);
        asked.header(FOR_HEADER, "th-1").send()
    };
    let for_child = through().await.unwrap();
    assert_eq!(for_child.headers()[FOR_HEADER], "th-1");
    let by_itself = house.request(Method::GET, &path(&new), &gadgets[0].token);
    let by_itself = by_itself.send().await.unwrap();
    assert_eq!(by_itself.status(), StatusCode::OK);
    let taken = put(&house, "th-1", None).await;
    assert_eq!(taken.status(), StatusCode::OK);
    assert_eq!(whole(for_child).await, None);
    let going_on = timeout(Duration::from_secs(2), by_itself.bytes()).await;
    going_on.expect_err("it is still being sent");
    let anew = through().await.unwrap();
    assert_eq!(anew.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_download_by_a_certificate_lasts_as_long_as_that() {
    let stage = Stage::set(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let (gadgets, new) = line::promised(house).await;
    // Another server on the same store has put a narrow line into force.
    let (narrow, sam) = (
        line::plan("4 kB"),
        Email::new("sam@northwind.example").unwrap(),
    );
    let elsewhere = house.data.store().await.unwrap();
    let digest = PlanDigest::of(narrow.as_bytes()).0;
    let activated = elsewhere.activate_plan(&narrow, digest, &sam, house.app.now());
    activated.await.unwrap();
    let papers = given(&stage.devices, "th-1");
    let url = format!("{}{}", house.base, path(&new));
    let by_certificate = stage.device(&papers).get(url).send().await.unwrap();
    let by_token = house.request(Method::GET, &path(&new), &gadgets[1].token);
    let by_token = by_token.send().await.unwrap();
    assert_eq!(stage.revoke(&papers).await.status(), StatusCode::CREATED);
    assert_eq!(whole(by_certificate).await, None);
    // What came by another means goes on.
    let going_on = timeout(Duration::from_secs(2), by_token.bytes()).await;
    going_on.expect_err("it is still being sent");
}

/// Who has the old one, as a thief may, gets no more by it; what another device asked for goes on.
#[tokio::test]
async fn a_replaced_token_cuts_the_download_under_way() {
    let house = House::under(&line::plan("4 kB")).await;
    let (gadgets, new) = line::promised(&house).await;
    let asks = |n: usize| house.request(Method::GET, &path(&new), &gadgets[n].token);
    let by_old = asks(0).send().await.unwrap();
    let by_other = asks(1).send().await.unwrap();
    assert_eq!(by_other.status(), StatusCode::OK);
    let replaced = replace_token(&house, "th-1").await;
    assert_eq!(replaced.status(), StatusCode::OK);
    assert_eq!(whole(by_old).await, None);
    let going_on = timeout(Duration::from_secs(2), by_other.bytes()).await;
    going_on.expect_err("it is still being sent");
    let anew = asks(0).send().await.unwrap();
    assert_eq!(anew.status(), StatusCode::UNAUTHORIZED);
}

/// The gateway's counts, which it showed, and not the child's.
#[tokio::test]
async fn a_replaced_token_of_a_gateway_cuts_what_it_fetches_for_a_child() {
    let house = House::under(&line::plan("4 kB")).await;
    let (gadgets, new) = line::promised(&house).await;
    let behind = put(&house, "th-1", Some("th-2")).await;
    assert_eq!(behind.status(), StatusCode::OK);
    let through = house.request(Method::GET, &path(&new), &gadgets[1].token);
    let through = through.header(FOR_HEADER, "th-1").send().await.unwrap();
    let mut sent = pin!(whole(through));
    let replaced = replace_token(&house, "th-1").await;
    assert_eq!(replaced.status(), StatusCode::OK);
    let going_on = timeout(Duration::from_secs(3), &mut sent).await;
    going_on.expect_err("it is still being sent");
    let replaced = replace_token(&house, "th-2").await;
    assert_eq!(replaced.status(), StatusCode::OK);
    assert_eq!(sent.await, None);
}

#[tokio::test]
async fn a_replaced_token_cuts_the_file_of_another_client() {
    let narrow = gateway::plan().replacen("50 MB", "4 kB", 1);
    let house = House::under(&narrow).await;
    let (house, gateways) = gateway::furnished_in(house).await;
    let new = line::large(&house);
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    let device = &gateways[0];
    assert!(device.is_offered(&house).await);
    let number = device.order(&house).await.number;
    let file = format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin");
    let sent = device.get(&house, &file).await;
    let replaced = replace_token(&house, "gw-1").await;
    assert_eq!(replaced.status(), StatusCode::OK);
    assert_eq!(whole(sent).await, None);
}
