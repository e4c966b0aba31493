//! Disks with bad sectors, buckets that hang, full disks: what devices and people hear of them.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use mainstay_access::Duty;
use mainstay_api::ReleaseView;
use mainstay_server::jobs::measure_payloads;
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, Response, StatusCode};

use crate::faulty::{self, Fault, FaultyBlobs};
use crate::gadget::Gadget;
use crate::gates;
use crate::house::{self, Artifact, House, packed_image, problem, read};
use crate::patience::until;
use crate::payloads::{SUBMIT, damage_at, file, handed_in, home_page};

const UNREAD: &str = "it can&#39;t be read";

async fn at_fault() -> (House, Gadget, Artifact, Arc<FaultyBlobs>) {
    let (mut house, gadget, new) = handed_in().await;
    let blobs = faulty::under(&mut house).await;
    (house, gadget, new, blobs)
}

async fn fetch(house: &House, gadget: &Gadget, artifact: &Artifact) -> Response {
    let path = format!("/device/v1/payloads/{}", artifact.image_digest);
    let request = house.request(Method::GET, &path, &gadget.token);
    request.send().await.unwrap()
}

/// Checks in after so many minutes, and waits until somebody looks at a size behind its back.
async fn is_looked_at(house: &House, gadget: &mut Gadget, blobs: &FaultyBlobs, minutes: i64) {
    let before = blobs.looks();
    house.later(minutes);
    gadget.check_in(house, &[]).await;
    until("somebody looks", async || blobs.looks() > before).await;
}

/// The same; what it is offered then.
async fn is_offered_after_a_look(
    house: &House,
    gadget: &mut Gadget,
    blobs: &FaultyBlobs,
    minutes: i64,
) -> bool {
    is_looked_at(house, gadget, blobs, minutes).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    gadget.check_in(house, &[]).await.install.is_some()
}

/// A size is right where a sector is bad: looking at it again and again brings nothing back.
#[tokio::test]
async fn what_a_reading_could_not_read_is_withheld_until_one_can() {
    let (house, mut gadget, new, blobs) = at_fault().await;
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    blobs.set(Fault::BreaksOff);
    measure_payloads::run(&house.app).await.unwrap();
    assert_eq!(gadget.check_in(&house, &[]).await.install, None);
    for minutes in [2, 5] {
        assert!(!is_offered_after_a_look(&house, &mut gadget, &blobs, minutes).await);
    }
    assert!(home_page(&house).await.contains(UNREAD));
    let refused = fetch(&house, &gadget, &new).await;
    assert_eq!(refused.headers()[RETRY_AFTER], "60");
    assert_eq!(problem(refused).await.0, 503);

    blobs.set(Fault::None);
    assert!(!is_offered_after_a_look(&house, &mut gadget, &blobs, 2).await);
    measure_payloads::run(&house.app).await.unwrap();
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    assert!(!home_page(&house).await.contains(UNREAD));
}

#[tokio::test]
async fn a_home_of_blobs_that_hangs_stops_no_check_in() {
    let (house, mut gadget, new, blobs) = at_fault().await;
    blobs.set(Fault::Hangs);
    house.later(2);
    for _ in 0..50 {
        assert!(gadget.check_in(&house, &[]).await.install.is_some());
    }
    assert_eq!(blobs.looks(), 1, "one look for all of them");

    // Downloads do wait, and leave most of the server's places to others.
    let downloads = (0..200).map(|_| fetch(&house, &gadget, &new));
    let answers = futures_util::future::join_all(downloads).await;
    let mut told = [0, 0];
    for answer in answers {
        let (status, id) = problem(answer).await;
        assert_eq!(status, 503);
        told[usize::from(id == "server.busy")] += 1;
    }
    // On a machine that is slow to begin with them, some come after the first ones have given up.
    assert!(told[0] >= 128, "{told:?}");
    // That nothing could be asked is no damage.
    house.later(2);
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    assert!(!home_page(&house).await.contains("is damaged"));
}

#[tokio::test]
async fn trouble_that_passes_is_told_as_such_at_a_download() {
    let (house, mut gadget, new, blobs) = at_fault().await;
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    blobs.set(Fault::Fails);
    let refused = fetch(&house, &gadget, &new).await;
    assert_eq!(refused.headers()[RETRY_AFTER], "60");
    let told = problem(refused).await;
    assert_eq!(told, (503, "store.unreadable".to_owned()));
    is_looked_at(&house, &mut gadget, &blobs, 2).await;
    until("it is offered again", async || {
        gadget.check_in(&house, &[]).await.install.is_some()
    })
    .await;
    // Neither is it damage to the daily reading, if it can't even begin.
    measure_payloads::run(&house.app).await.unwrap();
    assert!(gadget.check_in(&house, &[]).await.install.is_some());

    blobs.set(Fault::BreaksOff);
    // The head may have left before the connection was cut, or not.
    let path = format!("/device/v1/payloads/{}", new.image_digest);
    let cut = house
        .request(Method::GET, &path, &gadget.token)
        .send()
        .await;
    if let Ok(cut) = cut {
        assert_eq!(cut.status(), StatusCode::OK);
        cut.bytes().await.expect_err("the connection is cut");
    }
    blobs.set(Fault::None);
    let whole = fetch(&house, &gadget, &new).await;
    assert_eq!(whole.bytes().await.unwrap(), new.image);
}

/// On Unix a reading goes on over the old bytes while new ones take their place.
#[tokio::test]
async fn a_reading_that_began_before_a_hand_in_says_nothing_of_it() {
    let (house, mut gadget, new, blobs) = at_fault().await;
    damage_at(&house, &new, 1000);
    measure_payloads::run(&house.app).await.unwrap();
    assert_eq!(gadget.check_in(&house, &[]).await.install, None);
    blobs.set(Fault::BreaksOffLater);
    let app = house.app.clone();
    let reading = tokio::spawn(async move { measure_payloads::run(&app).await });
    blobs.is_waited_for().await;
    assert_eq!(house.submit(&new).await.status(), StatusCode::OK);
    blobs.go_on();
    reading.await.unwrap().unwrap();
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    assert!(!home_page(&house).await.contains("is damaged"));
}

/// More than a connection's buffers hold, so that most of it is still to be sent when the disk is found full.
#[tokio::test]
async fn a_full_disk_is_heard_by_who_still_sends() {
    let mut house = House::new().await;
    let blobs = faulty::under(&mut house).await;
    blobs.set(Fault::Full);
    let large = packed_image(vec![7; 20 << 20], 0, house::CLASS, "1.1.0", 2, &[]);
    let large = house.signed(large);
    let refused = house
        .post(SUBMIT, &house.tokens.engineer, large.file())
        .await;
    assert_eq!(refused.headers()[RETRY_AFTER], "60");
    assert_eq!(problem(refused).await, (503, "store.full".to_owned()));
    assert!(!file(&house, &large).exists());
}

/// Who signed it may have left long ago. The bytes are the very same, or they aren't taken.
#[tokio::test]
async fn a_payload_is_mended_by_whoever_hands_releases_in() {
    let (house, mut gadget, new) = handed_in().await;
    let other = house::add(&house.app, 14, "eve", Duty::Engineer).await;
    damage_at(&house, &new, 1000);
    measure_payloads::run(&house.app).await.unwrap();
    let mut flipped = new.clone();
    flipped.image[3] ^= 1;
    let refused = house.refused(SUBMIT, &other, flipped.file()).await;
    assert_eq!(refused, (422, "trust.payload-digest".to_owned()));
    assert_eq!(gadget.check_in(&house, &[]).await.install, None);
    let mended = house.post(SUBMIT, &other, new.file()).await;
    assert_eq!(mended.status(), StatusCode::OK);
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    assert_eq!(fs::read(file(&house, &new)).unwrap(), new.image);
    // What is whole or new isn't theirs to hand in.
    for artifact in [new, house.built("1.2.0", 3, &[])] {
        let refused = house.refused(SUBMIT, &other, artifact.file()).await;
        assert_eq!(refused, (403, "releases.not-the-holder".to_owned()));
    }
}

#[tokio::test]
async fn a_plan_that_comes_into_force_before_the_payload_is_here_counts() {
    let mut house = House::new().await;
    let blobs = faulty::under(&mut house).await;
    blobs.set(Fault::PutWaits);
    let new = house.built("1.1.0", 2, &[]);
    let activated = async {
        blobs.is_waited_for().await;
        let request = house.request(Method::PUT, "/api/v1/plan", &house.tokens.manager);
        let answer = request.body(gates::gated()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        blobs.go_on();
    };
    let (answer, ()) = tokio::join!(house.submit(&new), activated);
    assert_eq!(answer.status(), StatusCode::CREATED);
    let release: ReleaseView = read(answer).await;
    assert_eq!(release.stage, "signed", "its gates are still closed");
}
