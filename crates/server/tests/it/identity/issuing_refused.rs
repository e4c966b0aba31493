//! Who is given no certificate, and authorities with which no server issues any.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mainstay_access::issued::ISSUED_A_DAY_MAX;
use mainstay_server::settings::DeviceCertificates;
use mainstay_server::tls::{Tls, TlsFiles};
use mainstay_trust::Algorithm;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd};
use reqwest::StatusCode;
use tempfile::TempDir;

use super::issuer::Issuing;
use super::issuing::{ENROLL, REENROLL, asks, enrolled, request, stage};
use super::stage::{Stage, authority, common, given, given_for};
use crate::house::{problem, start};

/// A request that OpenSSL makes, in base64, with these arguments.
fn by_openssl(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("openssl")
        .args(["req", "-new", "-nodes", "-keyout", "key", "-outform", "DER"])
        .args(["-subj", "/CN=th-1"])
        .args(arguments)
        .current_dir(&folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{told}");
    STANDARD.encode(made.stdout)
}

/// Requests of th-1 that nobody should take, with what is told of each.
fn bad_requests() -> Vec<(String, u16, &'static str)> {
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let good = request(&key, Some("th-1"));
    let swapped = {
        let mut der = STANDARD.decode(&good).unwrap();
        let ours = key.public_key_raw();
        let at = der.windows(ours.len()).position(|part| part == ours);
        let at = at.unwrap();
        der[at..at + ours.len()].copy_from_slice(other.public_key_raw());
        STANDARD.encode(der)
    };
    let odd = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
    vec![
        (String::new(), 400, "certificate.request"),
        ("!".repeat(64), 400, "certificate.request"),
        (
            good[..good.len() / 2].to_owned(),
            400,
            "certificate.request",
        ),
        (
            format!("-----BEGIN CERTIFICATE REQUEST-----\n{good}"),
            400,
            "certificate.request",
        ),
        ("A".repeat(9000), 413, "request.too-large"),
        (swapped, 400, "certificate.unproven"),
        (request(&key, Some("th-2")), 403, "certificate.another-name"),
        (
            by_openssl(&[
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-addext",
                "subjectAltName=DNS:th-2",
            ]),
            403,
            "certificate.another-name",
        ),
        (
            by_openssl(&["-newkey", "rsa:1024"]),
            400,
            "certificate.weak-key",
        ),
        (
            by_openssl(&["-newkey", "rsa:2048", "-sha1"]),
            400,
            "certificate.algorithm",
        ),
        (request(&odd, Some("th-1")), 400, "certificate.algorithm"),
    ]
}

#[tokio::test]
async fn what_is_no_good_request_is_refused_and_leaves_no_trace() {
    let (stage, token) = stage(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let bearer = format!("Bearer {token}");
    for (body, status, id) in bad_requests() {
        let refused = asks(house, &house.http, (ENROLL, Some(&bearer)), body).await;
        assert_eq!(problem(refused).await, (status, id.to_owned()));
    }
    let url = format!("{}{ENROLL}", house.base);
    let of_no_kind = house.http.post(url).bearer_auth(&token).body("x").send();
    let refused = problem(of_no_kind.await.unwrap()).await;
    assert_eq!(refused, (415, "certificate.media-type".to_owned()));
    let path = "/api/v1/devices/th-1/certificates";
    let listed: Vec<serde_json::Value> = house.get(path, &house.tokens.engineer).await;
    assert_eq!(listed, Vec::<serde_json::Value>::new());
}

/// The key would be the child's, and the certificate its gateway's.
#[tokio::test]
async fn a_gateway_is_given_none_for_a_child() {
    let (stage, token) = stage(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let key = KeyPair::generate().unwrap();
    for place in [ENROLL, REENROLL] {
        let asked = house.http.post(format!("{}{place}", house.base));
        let asked = asked
            .bearer_auth(&token)
            .header("content-type", "application/pkcs10")
            .header("mainstay-for", "th-2")
            .body(request(&key, None));
        let refused = problem(asked.send().await.unwrap()).await;
        assert_eq!(refused, (400, "gateway.not-here".to_owned()), "{place}");
    }
}

#[tokio::test]
async fn who_shows_nothing_that_lets_it_in_is_given_nothing() {
    let (stage, token) = stage(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let key = KeyPair::generate().unwrap();
    let body = request(&key, None);
    let (wrong, bearer) = (
        format!("Bearer {}", "0".repeat(64)),
        format!("Bearer {token}"),
    );
    let person = format!("Bearer {}", house.tokens.operations);
    for (place, by, id) in [
        (ENROLL, None, "auth.token"),
        (ENROLL, Some("Bearer"), "auth.token"),
        (ENROLL, Some("Basic dGg6"), "auth.token"),
        (ENROLL, Some(&*wrong), "auth.token"),
        (ENROLL, Some(&*person), "auth.token"),
        (REENROLL, None, "auth.certificate"),
        // Only a certificate is renewed.
        (REENROLL, Some(&*bearer), "auth.certificate"),
    ] {
        let refused = asks(house, &house.http, (place, by), body.clone()).await;
        assert_eq!(
            problem(refused).await,
            (401, id.to_owned()),
            "{place} {by:?}"
        );
    }
    // A wrong token beside a good certificate is a wrong token.
    let device = stage.device(&given(&stage.devices, "th-1"));
    let refused = asks(house, &device, (ENROLL, Some(&wrong)), body.clone()).await;
    assert_eq!(problem(refused).await, (401, "auth.token".to_owned()));
    // One of a device that nobody registered, and one that is revoked.
    let stranger = stage.device(&given(&stage.devices, "nobody"));
    let stolen = given_for(&stage.devices, "th-1", (2020, 2098));
    let thief = stage.device(&stolen);
    assert_eq!(stage.hears(&thief).await, StatusCode::OK);
    stage.revoke(&stolen).await;
    for device in [&stranger, &thief] {
        for place in [ENROLL, REENROLL] {
            let refused = asks(house, device, (place, None), body.clone()).await;
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{place}");
        }
    }
    // One that is over by the house's clock, on a connection that began before.
    assert_eq!(stage.hears(&device).await, StatusCode::OK);
    house.clock.set("2099-06-01T00:00:00Z".parse().unwrap());
    let refused = asks(house, &device, (REENROLL, None), body).await;
    assert_eq!(problem(refused).await, (401, "auth.certificate".to_owned()));
}

/// A token brings nothing there, not even the first certificate: it would be worth as much as one.
#[tokio::test]
async fn where_certificates_are_required_no_token_brings_one() {
    let (stage, token) = stage(DeviceCertificates::Required).await;
    let house = &stage.house;
    let body = request(&KeyPair::generate().unwrap(), None);
    let bearer = format!("Bearer {token}");
    for (place, by) in [(ENROLL, Some(&*bearer)), (ENROLL, None), (REENROLL, None)] {
        let refused = asks(house, &house.http, (place, by), body.clone()).await;
        let refused = problem(refused).await;
        assert_eq!(refused, (401, "auth.certificate".to_owned()));
    }
    let device = stage.device(&given(&stage.devices, "th-1"));
    let renewed = asks(house, &device, (REENROLL, Some(&bearer)), body).await;
    assert_eq!(renewed.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_device_is_given_so_many_in_a_day() {
    let (stage, token) = stage(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let bearer = format!("Bearer {token}");
    for _ in 0..ISSUED_A_DAY_MAX {
        enrolled(house, &house.http, &bearer).await;
    }
    let body = request(&KeyPair::generate().unwrap(), None);
    let refused = asks(house, &house.http, (ENROLL, Some(&bearer)), body).await;
    assert_eq!(refused.headers()["retry-after"], "3600");
    let refused = problem(refused).await;
    assert_eq!(refused, (429, "certificate.too-many".to_owned()));
    house.later(24 * 60);
    enrolled(house, &house.http, &bearer).await;
}

#[tokio::test]
async fn a_house_without_an_issuer_has_no_such_places() {
    let stage = Stage::set(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let device = stage.device(&given(&stage.devices, "th-1"));
    for place in [ENROLL, REENROLL] {
        let refused = asks(house, &device, (place, None), "x").await;
        let refused = problem(refused).await;
        assert_eq!(refused, (404, "request.no-such-place".to_owned()));
    }
    for place in ["cacerts", "csrattrs", "serverkeygen"] {
        let url = format!("{}/.well-known/est/{place}", house.base);
        let refused = problem(house.http.get(url).send().await.unwrap()).await;
        assert_eq!(
            refused,
            (404, "request.no-such-place".to_owned()),
            "{place}"
        );
    }
}

/// A folder with what a server shows, whose devices' authorities are these.
pub(super) fn tls(authorities: &str) -> (TempDir, Arc<Tls>) {
    let folder = tempfile::tempdir().unwrap();
    let own = authority("the house");
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let files = TlsFiles {
        certificate: put("tls.pem", &params.signed_by(&key, &own).unwrap().pem()),
        key: put("tls.key", &key.serialize_pem()),
        device_ca: Some(put("devices.pem", authorities)),
        ticket_key: None,
    };
    let tls = Tls::open(files, start()).unwrap();
    (folder, Arc::new(tls))
}

/// One that isn't good today may be some other day: it keeps no server from starting.
#[test]
fn an_authority_that_does_not_fit_is_refused_at_the_start() {
    let devices = authority("devices");
    let good = Issuing::below(&devices, (2020, 2099));
    let mut leaf = CertificateParams::new(Vec::new()).unwrap();
    leaf.distinguished_name = common("a device");
    let mut elsewhere = leaf.clone();
    elsewhere.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    elsewhere.not_before = date_time_ymd(2020, 1, 1);
    elsewhere.not_after = date_time_ymd(2099, 1, 1);
    let mut for_lists = elsewhere.clone();
    for_lists.key_usages = vec![KeyUsagePurpose::CrlSign];
    let of =
        |params: &CertificateParams| Issuing::with(Algorithm::Esp256, params.clone(), &devices);
    let ed25519 = Issuing::with(Algorithm::Ed25519, elsewhere.clone(), &devices);
    let (leaf, for_lists, unvouched) = (of(&leaf), of(&for_lists), of(&elsewhere));
    let over = Issuing::below(&devices, (2020, 2021));
    let to_come = Issuing::below(&devices, (2098, 2099));
    let authorities = [&*good.pem, &*ed25519.pem, &*devices.pem()].concat();
    let (folder, tls) = tls(&authorities);
    let file = folder.path().join("issuer.pem");
    for (issuing, pem, expected) in [
        (&good, &*good.pem, Ok(true)),
        (&ed25519, &*ed25519.pem, Ok(true)),
        (&good, "no certificate", Err("issuer.no-certificate")),
        (&good, "", Err("issuer.no-certificate")),
        (&leaf, &*leaf.pem, Err("issuer.no-authority")),
        (&for_lists, &*for_lists.pem, Err("issuer.no-authority")),
        (&over, &*over.pem, Ok(false)),
        (&to_come, &*to_come.pem, Ok(false)),
        (&good, &*ed25519.pem, Err("issuer.mismatch")),
        (&unvouched, &*unvouched.pem, Err("issuer.unvouched")),
        // What can be seen of one that is over is seen.
        (&good, &*over.pem, Err("issuer.mismatch")),
    ] {
        fs::write(&file, pem).unwrap();
        let opened = issuing.open(&file, &tls);
        let opened = opened.as_ref().map(|issuer| issuer.is_open(start()));
        assert_eq!(opened.map_err(|error| error.id()), expected);
    }
    fs::remove_file(&file).unwrap();
    let gone = good.open(&file, &tls).unwrap_err();
    assert_eq!(
        (gone.id(), gone.setting()),
        ("issuer.unreadable", "device_issuer_certificate")
    );
}
