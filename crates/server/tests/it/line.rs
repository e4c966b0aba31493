//! What the plan's `bytes_per_second` allows is what devices get, all of them together.

use std::time::Duration;

use mainstay_access::Email;
use mainstay_artifact::{ClassName, PackRequest, pack};
use mainstay_keys::HostPrimitives;
use mainstay_plan::PlanDigest;
use mainstay_store::Plans as _;
use mainstay_trust::{BootloaderVersion, DigestAlgorithm};
use reqwest::header::RANGE;
use reqwest::{Method, RequestBuilder, StatusCode};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use crate::gadget::{Gadget, register};
use crate::house::{self, Artifact, House, PLAN, packed};

/// Bytes per second of the narrow line.
pub const RATE: u64 = 64_000;
const IMAGE_BYTES: usize = 128_000;

pub fn plan(bytes_per_second: &str) -> String {
    PLAN.replacen("50 MB", bytes_per_second, 1)
}

/// A release that takes a while to send.
pub fn large(house: &House) -> Artifact {
    let image: Vec<u8> = (0..=u8::MAX).cycle().take(IMAGE_BYTES).collect();
    let request = PackRequest {
        class: ClassName::parse(house::CLASS).unwrap(),
        version: "1.1.0".to_owned(),
        sequence: 2,
        security_floor: 0,
        use_before: None,
        bootloader_min: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        returns_to: Vec::new(),
        sbom: None,
        provenance: None,
        digest: DigestAlgorithm::Sha256,
        bank_a_bytes: None,
    };
    let packed = pack(&request, &mut &*image, &HostPrimitives).unwrap();
    house.signed(Artifact {
        envelope: packed.envelope,
        image,
        manifest: packed.manifest_digest,
        image_digest: packed.image_digest,
        sequence: 2,
        version: "1.1.0".to_owned(),
    })
}

/// Two devices that were promised a large image.
pub async fn promised(house: &House) -> (Vec<Gadget>, Artifact) {
    let new = large(house);
    (promised_this(house, &new).await, new)
}

/// The same, of this release.
pub async fn promised_this(house: &House, new: &Artifact) -> Vec<Gadget> {
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(house, &[]).await;
    }
    house.roll_out(new).await;
    house.advance().await;
    house.later(1);
    for gadget in &mut gadgets {
        assert!(gadget.check_in(house, &[]).await.install.is_some());
    }
    gadgets
}

fn payload(house: &House, gadget: &Gadget, image: &Artifact, range: &str) -> RequestBuilder {
    let path = format!("/device/v1/payloads/{}", image.image_digest);
    let request = house.request(Method::GET, &path, &gadget.token);
    request.header(RANGE, range)
}

/// Reads one answer after the other; tells of each piece when it came and how long it is, and returns all of them.
async fn fetch(requests: Vec<RequestBuilder>, told: UnboundedSender<(Instant, u64)>) -> Vec<u8> {
    let mut image = Vec::new();
    for request in requests {
        let mut answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
        while let Some(piece) = answer.chunk().await.unwrap() {
            told.send((Instant::now(), piece.len() as u64)).unwrap();
            image.extend_from_slice(&piece);
        }
    }
    image
}

/// Another server on the same store has put the narrow plan into force; this one learns of it when it has to send something.
#[tokio::test]
async fn all_downloads_together_keep_the_rate_and_a_check_in_goes_past_them() {
    let house = House::new().await;
    let (mut gadgets, new) = promised(&house).await;
    let (narrow, sam) = (plan("64 kB"), Email::new("sam@northwind.example").unwrap());
    let elsewhere = house.data.store().await.unwrap();
    let digest = PlanDigest::of(narrow.as_bytes()).0;
    let activated = elsewhere.activate_plan(&narrow, digest, &sam, house.app.now());
    activated.await.unwrap();
    let (told, mut pieces) = unbounded_channel();
    let began = Instant::now();
    let whole = vec![payload(&house, &gadgets[0], &new, "bytes=0-")];
    let ranges = ["bytes=0-49999", "bytes=50000-99999", "bytes=100000-"]
        .map(|range| payload(&house, &gadgets[1], &new, range));
    let whole = tokio::spawn(fetch(whole, told.clone()));
    let ranges = tokio::spawn(fetch(ranges.into(), told));
    let mut total = 0;
    let mut asked = false;
    while let Some((at, bytes)) = pieces.recv().await {
        total += bytes;
        let ms = u64::try_from((at - began).as_millis()).unwrap();
        // The milliseconds are cut off.
        let most = RATE * (1000 + ms + 1) / 1000;
        assert!(total <= most, "{total} bytes after {ms} ms");
        if total > RATE && !asked {
            asked = true;
            gadgets[1].check_in(&house, &[]).await;
            assert!(!whole.is_finished() && !ranges.is_finished());
        }
    }
    assert!(asked && total == 2 * IMAGE_BYTES as u64, "{total}");
    assert!(began.elapsed() >= Duration::from_secs(3));
    for image in [whole, ranges] {
        assert!(
            image.await.unwrap() == new.image,
            "the pieces aren't the image"
        );
    }
}

#[tokio::test]
async fn a_download_under_way_feels_a_plan_with_a_wider_line() {
    let house = House::under(&plan("1 kB")).await;
    let (gadgets, new) = promised(&house).await;
    let (told, mut pieces) = unbounded_channel();
    let whole = vec![payload(&house, &gadgets[0], &new, "bytes=0-")];
    let began = Instant::now();
    let whole = tokio::spawn(fetch(whole, told));
    let mut total = 0;
    while total < 2000 {
        total += pieces.recv().await.unwrap().1;
    }
    assert!(began.elapsed() >= Duration::from_secs(1));
    let wide = house.request(Method::PUT, "/api/v1/plan", &house.tokens.manager);
    let activated = wide.body(plan("50 MB")).send().await.unwrap();
    assert_eq!(activated.status(), StatusCode::OK);
    // At the first rate it would take two minutes.
    let image = tokio::time::timeout(Duration::from_secs(60), whole);
    assert!(image.await.unwrap().unwrap() == new.image);
}
