//! Bad input: each gets its own clear refusal, and none brings the server down.

use mainstay_keys::HostPrimitives;
use mainstay_protocol::{CHECK_IN_PATH, MESSAGE_BYTES_MAX, REPORTS_PATH};
use mainstay_server::{Entropy as _, SeededEntropy};
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use mainstay_trust::manifest::MANIFEST_BYTES_MAX;
use mainstay_trust::{
    Banks, Digest384, DigestAlgorithm, Envelope, Image, List, Manifest, Primitives as _, SuitDigest,
};
use reqwest::{Method, StatusCode};

use crate::gadget::register;
use crate::house::{CLASS, House, packed, problem};

#[tokio::test]
async fn a_wrong_token_opens_nothing() {
    let house = House::new().await;
    let places = [
        (Method::POST, CHECK_IN_PATH.to_owned()),
        (Method::POST, REPORTS_PATH.to_owned()),
        (
            Method::GET,
            format!("/device/v1/payloads/{}", "0".repeat(64)),
        ),
        (Method::GET, "/api/v1/devices".to_owned()),
        (Method::PUT, "/api/v1/plan".to_owned()),
        (
            Method::POST,
            "/api/v1/releases?track=maintenance".to_owned(),
        ),
    ];
    for (method, path) in places {
        // Unknown; malformed; a device's place with a person's token, or the reverse.
        for token in [&"ab".repeat(32), "x", "", &house.tokens.engineer[..63]] {
            let response = house
                .request(method.clone(), &path, token)
                .send()
                .await
                .unwrap();
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            assert_eq!(
                problem(response).await,
                (401, "auth.token".to_owned()),
                "{path}"
            );
        }
    }
    let device = register(&house, &["th-1"], &packed(CLASS, "1.0.0", 1, &[]))
        .await
        .remove(0);
    let as_person = house.request(Method::GET, "/api/v1/devices", &device.token);
    assert_eq!(
        as_person.send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let as_device = house
        .post(CHECK_IN_PATH, &house.tokens.engineer, Vec::new())
        .await;
    assert_eq!(as_device.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn garbage_is_refused_and_never_fails_the_server() {
    let house = House::new().await;
    let factory = packed(CLASS, "1.0.0", 1, &[]);
    let mut device = register(&house, &["th-1"], &factory).await.remove(0);
    let good = device.check_in_message(&[]);
    let entropy = SeededEntropy::new(3);
    for round in 0..300 {
        let mut bytes = good.clone();
        let mut dice = [0; 4];
        entropy.fill(&mut dice);
        let at = usize::from(dice[0]) % bytes.len();
        match round % 3 {
            0 => bytes[at] ^= dice[1] | 1,
            1 => bytes.truncate(at),
            _ => entropy.fill(&mut bytes),
        }
        for path in [CHECK_IN_PATH, REPORTS_PATH] {
            let status = house
                .post(path, &device.token, bytes.clone())
                .await
                .status();
            assert!(!status.is_server_error(), "round {round}: {status}");
        }
    }
    device.check_in(&house, &[]).await;
}

#[tokio::test]
async fn every_body_has_a_bound() {
    let house = House::new().await;
    let factory = packed(CLASS, "1.0.0", 1, &[]);
    let device = register(&house, &["th-1"], &factory).await.remove(0);
    let tokens = &house.tokens;
    let cases = [
        (
            Method::POST,
            CHECK_IN_PATH,
            &device.token,
            MESSAGE_BYTES_MAX + 1,
        ),
        (
            Method::POST,
            REPORTS_PATH,
            &device.token,
            MESSAGE_BYTES_MAX + 1,
        ),
        (Method::PUT, "/api/v1/plan", &tokens.manager, 256 * 1024 + 1),
        (
            Method::POST,
            "/api/v1/devices",
            &tokens.operations,
            4 * 1024 * 1024 + 1,
        ),
    ];
    for (method, path, token, bytes) in cases {
        let request = house.request(method, path, token).body(vec![b' '; bytes]);
        let refused = problem(request.send().await.unwrap()).await;
        assert_eq!(refused, (413, "request.too-large".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_bad_artifact_is_named_by_its_defect() {
    let house = House::new().await;
    let good = house.built("1.1.0", 2, &[]);
    let mut tampered = good.clone();
    tampered.image[7] ^= 1;
    let mut longer = good.clone();
    longer.image.push(0);
    let unsigned = packed(CLASS, "1.1.0", 2, &[]);
    let other_class = packed("northwind.example/production/kettle-v1/A", "1.1.0", 2, &[]);
    let mut file = good.file();
    file.truncate(file.len() - 1);
    let cases = [
        (Vec::new(), 400, "artifact.empty"),
        (
            b"\x7fELF and so on".to_vec(),
            400,
            "artifact.not-an-artifact",
        ),
        (file, 400, "artifact.cut-short"),
        (tampered.file(), 422, "trust.payload-digest"),
        (longer.file(), 422, "trust.payload-size"),
        (
            house_signed(&house, of_another_sha384()).file(),
            422,
            "trust.payload-digest",
        ),
        (unsigned.file(), 422, "trust.unsigned"),
        (
            house_signed(&house, for_two_banks()).file(),
            422,
            "trust.wrong-banks",
        ),
        (
            house_signed(&house, other_class).file(),
            422,
            "releases.class-not-in-plan",
        ),
    ];
    let submit = "/api/v1/releases?track=maintenance";
    for (body, status, id) in cases {
        let refused = house.refused(submit, &house.tokens.engineer, body).await;
        assert_eq!(refused, (status, id.to_owned()));
    }
    let nowhere = house
        .refused("/api/v1/releases", &house.tokens.engineer, good.file())
        .await;
    assert_eq!(nowhere, (400, "releases.no-track".to_owned()));
    let feature = "/api/v1/releases?track=feature";
    let refused = house
        .refused(feature, &house.tokens.engineer, good.file())
        .await;
    assert_eq!(refused, (422, "releases.track-not-in-plan".to_owned()));
    assert_eq!(house.submit(&good).await.status(), StatusCode::CREATED);
    assert_eq!(
        problem(house.submit(&good).await).await.1,
        "store.already-exists"
    );
}

/// A release with an image for each bank, of a class whose devices start them from one place.
fn for_two_banks() -> crate::house::Artifact {
    let mut artifact = packed(CLASS, "1.1.0", 2, &[]);
    let envelope = Envelope::parse(&artifact.envelope).unwrap();
    let halves = artifact.image.split_at(40);
    let image = |bytes: &[u8]| Image {
        bytes: bytes.len() as u64,
        digest: HostPrimitives.digest(bytes),
        sha384: None,
    };
    let manifest = Manifest {
        banks: Banks::known([image(halves.0), image(halves.1)]),
        ..envelope.open(&HostPrimitives).unwrap()
    };
    artifact.envelope = unsigned(&manifest, DigestAlgorithm::Sha256);
    artifact
}

/// A release bound by SHA-384, whose manifest has another SHA-384 than its image.
fn of_another_sha384() -> crate::house::Artifact {
    let mut artifact = packed(CLASS, "1.1.0", 2, &[]);
    let envelope = Envelope::parse(&artifact.envelope).unwrap();
    let manifest = Manifest {
        image_sha384: Some(Digest384::new([7; 48])),
        ..envelope.open(&HostPrimitives).unwrap()
    };
    artifact.envelope = unsigned(&manifest, DigestAlgorithm::Sha384);
    artifact
}

fn unsigned(manifest: &Manifest<'_>, algorithm: DigestAlgorithm) -> Vec<u8> {
    let mut bytes = [0; MANIFEST_BYTES_MAX];
    let length = manifest.encode(&mut bytes).unwrap();
    let manifest = &bytes[..length];
    let digest = SuitDigest::of(manifest, algorithm, &HostPrimitives).unwrap();
    let envelope = Envelope {
        digest,
        blocks: List::default(),
        manifest,
    };
    let mut bytes = vec![0; ENVELOPE_BYTES_MAX];
    let length = envelope.encode(&mut bytes).unwrap();
    bytes.truncate(length);
    bytes
}

fn house_signed(house: &House, mut artifact: crate::house::Artifact) -> crate::house::Artifact {
    artifact.envelope = mainstay_artifact::add_build_signature(
        &artifact.envelope,
        &house.engineer,
        None,
        &HostPrimitives,
    )
    .unwrap();
    artifact
}

#[tokio::test]
async fn places_that_arent_there_say_so() {
    let house = House::new().await;
    let cases = [
        (Method::GET, "/api/v2/devices", 404, "request.no-such-place"),
        (
            Method::DELETE,
            "/api/v1/devices",
            405,
            "request.wrong-method",
        ),
        (
            Method::GET,
            "/api/v1/rollouts/one",
            404,
            "request.not-found",
        ),
        (
            Method::GET,
            "/api/v1/releases/nonsense",
            404,
            "request.not-found",
        ),
        (
            Method::GET,
            "/api/v1/incidents/INC-7",
            404,
            "request.not-found",
        ),
        (
            Method::GET,
            "/api/v1/devices/..%2Fetc",
            404,
            "request.not-found",
        ),
    ];
    for (method, path, status, id) in cases {
        let request = house.request(method, path, &house.tokens.engineer);
        let refused = problem(request.send().await.unwrap()).await;
        assert_eq!(refused, (status, id.to_owned()), "{path}");
    }
    let health = house
        .http
        .get(format!("{}/api/v1/health", house.base))
        .send()
        .await
        .unwrap();
    assert_eq!(health.status(), StatusCode::OK);
}
