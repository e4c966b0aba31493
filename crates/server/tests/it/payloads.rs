//! What a server keeps of payloads, and what it does about those that a disk has lost.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use mainstay_api::{ReleaseView, Why};
use mainstay_artifact::{Ending, container};
use mainstay_server::jobs::measure_payloads;
use mainstay_server::{Advance, AppConfig, PagesAccess};
use mainstay_store::StoredPayload;
use reqwest::{Method, StatusCode};

use crate::database;
use crate::gadget::{Gadget, register};
use crate::house::{self, Artifact, House, packed, read};
use crate::patience::until;

/// The sums of the image of 1.1.0, as `sha1sum` and `md5sum` tell them.
const SHA1: &str = "7da763e4430d75b3f77c94408287a9d8044cf2e6";
const MD5: &str = "d0a1f28bb7ff8e667cb463e09ded0a86";

pub const SUBMIT: &str = "/api/v1/releases?track=maintenance";

/// A house in which 1.1.0 was handed in, and th-1 waits for it.
pub async fn handed_in() -> (House, Gadget, Artifact) {
    let house = House::with(PagesAccess::Anyone).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let new = house.built("1.1.0", 2, &[]);
    let mut gadget = register(&house, &["th-1"], &old).await.remove(0);
    gadget.check_in(&house, &[]).await;
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    (house, gadget, new)
}

pub fn file(house: &House, artifact: &Artifact) -> PathBuf {
    let name = artifact.image_digest.to_string();
    house.data.blobs().join(&name[..2]).join(name)
}

/// Flips one bit of what is kept.
pub fn damage_at(house: &House, artifact: &Artifact, place: usize) {
    let mut bytes = artifact.image.clone();
    bytes[place] ^= 0x10;
    fs::write(file(house, artifact), bytes).unwrap();
}

async fn noted(house: &House, artifact: &Artifact) -> Option<StoredPayload> {
    let image = &artifact.image_digest;
    house.app.store().payload_of(image).await.unwrap()
}

async fn why(house: &House) -> Why {
    house
        .get("/api/v1/rollouts/1/why", &house.tokens.engineer)
        .await
}

pub async fn home_page(house: &House) -> String {
    let page = house.http.get(format!("{}/", house.base)).send().await;
    page.unwrap().text().await.unwrap()
}

async fn fetched(house: &House, gadget: &Gadget, artifact: &Artifact) -> (StatusCode, Vec<u8>) {
    let path = format!("/device/v1/payloads/{}", artifact.image_digest);
    let answer = house.request(Method::GET, &path, &gadget.token).send();
    let answer = answer.await.unwrap();
    (answer.status(), answer.bytes().await.unwrap().to_vec())
}

fn assert_summed(payload: Option<StoredPayload>, artifact: &Artifact) {
    let payload = payload.expect("it was summed up");
    assert_eq!(payload.image, artifact.image_digest);
    assert_eq!(payload.bytes, artifact.image.len() as u64);
    assert_eq!(hex::encode(payload.checksums.sha1), SHA1);
    assert_eq!(hex::encode(payload.checksums.md5), MD5);
    assert_eq!(payload.ending, Ending::Bin);
}

#[tokio::test]
async fn a_payload_is_summed_up_when_it_is_handed_in_and_later_if_it_came_before() {
    let (house, _, new) = handed_in().await;
    assert_summed(noted(&house, &new).await, &new);
    database::change(&house, "DELETE FROM payloads").await;
    assert_eq!(noted(&house, &new).await, None);
    measure_payloads::run(&house.app).await.unwrap();
    assert_summed(noted(&house, &new).await, &new);
}

#[tokio::test]
async fn a_damaged_payload_is_offered_to_nobody_until_it_is_handed_in_again() {
    let empty = |_: &Artifact| Some(Vec::new());
    let cut = |new: &Artifact| Some(new.image[..100].to_vec());
    let gone = |_: &Artifact| None;
    let flipped = |new: &Artifact| {
        let mut bytes = new.image.clone();
        bytes[1000] ^= 0x10;
        Some(bytes)
    };
    damage_and_mend(empty, "it has 0 bytes instead of 1900").await;
    damage_and_mend(cut, "it has 100 bytes instead of 1900").await;
    damage_and_mend(gone, "it isn&#39;t there").await;
    damage_and_mend(flipped, "its bytes aren&#39;t those that were handed in").await;
}

async fn damage_and_mend(damage: impl Fn(&Artifact) -> Option<Vec<u8>>, told: &str) {
    let (house, mut gadget, new) = handed_in().await;
    match damage(&new) {
        Some(bytes) => fs::write(file(&house, &new), bytes).unwrap(),
        None => fs::remove_file(file(&house, &new)).unwrap(),
    }
    measure_payloads::run(&house.app).await.unwrap();
    assert_eq!(gadget.check_in(&house, &[]).await.install, None, "{told}");
    let sentence = why(&house).await.sentence;
    assert!(
        sentence.contains("this server doesn't have it"),
        "{sentence}"
    );
    let page = home_page(&house).await;
    assert!(page.contains(told), "{page}");
    assert!(page.contains("mainstay release add FILE --track maintenance"));

    let again = house.submit(&new).await;
    assert_eq!(again.status(), StatusCode::OK, "{told}");
    let view: ReleaseView = read(again).await;
    assert_eq!(view.stage, "rolling");
    assert!(!home_page(&house).await.contains(told));
    assert!(!why(&house).await.sentence.contains("doesn't have it"));
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    assert_eq!(
        fetched(&house, &gadget, &new).await,
        (StatusCode::OK, new.image.clone())
    );
    assert_eq!(house.submit(&new).await.status(), StatusCode::CONFLICT);
}

/// Whether it is offered something, soon: what a check-in asks about a payload is found out behind its back.
async fn is_soon_offered(house: &House, gadget: &mut Gadget, expected: bool) {
    house.later(1);
    let is_so = async || gadget.check_in(house, &[]).await.install.is_some() == expected;
    until("what it is offered changes", is_so).await;
}

/// Nobody has to wait for the daily reading: a size is seen soon after the next check-in, or at the download.
#[tokio::test]
async fn an_emptied_payload_is_noticed_by_who_asks_for_it() {
    let (house, mut gadget, new) = handed_in().await;
    fs::write(file(&house, &new), b"").unwrap();
    is_soon_offered(&house, &mut gadget, false).await;
    house.submit(&new).await;
    assert!(gadget.check_in(&house, &[]).await.install.is_some());

    fs::write(file(&house, &new), b"").unwrap();
    let (status, _) = fetched(&house, &gadget, &new).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(gadget.check_in(&house, &[]).await.install, None);
    // A backup comes back by itself; its size is looked at again after a minute.
    fs::write(file(&house, &new), &new.image).unwrap();
    is_soon_offered(&house, &mut gadget, true).await;
    let (status, bytes) = fetched(&house, &gadget, &new).await;
    assert_eq!((status, bytes.len()), (StatusCode::OK, 1900));
}

#[tokio::test]
async fn a_server_that_runs_by_itself_reads_its_payloads_at_the_start() {
    let (mut house, _, new) = handed_in().await;
    database::change(&house, "DELETE FROM payloads").await;
    let (store, blobs) = (house.same_store().await, house.same_blobs().await);
    let config = AppConfig {
        pages: PagesAccess::Anyone,
        advance: Advance::ByPlan,
        ..AppConfig::default()
    };
    house.serve_anew(store, Arc::new(blobs), config).await;
    let is_so = async || noted(&house, &new).await.is_some();
    until("its payload is summed up", is_so).await;
    assert_summed(noted(&house, &new).await, &new);
}

/// An artifact is judged by its envelope, before its payload has come: the answer must reach who is still sending.
#[tokio::test]
async fn a_refusal_is_heard_by_who_still_sends() {
    let house = House::new().await;
    let small = house.built("1.1.0", 2, &[]);
    let file = container::to_bytes(&small.envelope, &vec![7; 20 << 20]).unwrap();
    let refused = house.refused(SUBMIT, &house.tokens.engineer, file).await;
    assert_eq!(refused, (422, "trust.payload-size".to_owned()));
}

#[tokio::test]
async fn bytes_behind_the_payload_are_refused_and_nothing_is_kept() {
    let house = House::new().await;
    let new = house.built("1.1.0", 2, &[]);
    let mut longer = new.file();
    longer.push(0);
    let refused = house.refused(SUBMIT, &house.tokens.engineer, longer).await;
    assert_eq!(refused, (400, "artifact.trailing-bytes".to_owned()));
    assert!(!file(&house, &new).exists());
    assert_eq!(noted(&house, &new).await, None);
}
