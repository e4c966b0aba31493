//! Devices that ask for certificates, over real TLS, and come by them.
//!
//! A handshake goes by the machine's clock and a request by the house's, so that these houses have the machine's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use mainstay_api::{IssuedCertificateView, RevokedCertificateView};
use mainstay_server::settings::DeviceCertificates;
use mainstay_server::tls::fingerprint_of_pem;
use mainstay_server::{AppConfig, Clock as _, SystemClock};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose, PublicKeyData as _,
};
use reqwest::{Client, Response, StatusCode};
use serde_json::json;
use x509_parser::certificate::X509Certificate;
use x509_parser::parse_x509_certificate;
use yasna::{BERReader, Tag, parse_der};

use super::issuer::How;
use super::stage::{Papers, Stage, given};
use crate::ddi::gateway::new_gateway;
use crate::gadget::register;
use crate::house::{self, House, packed, problem};

pub(super) const ENROLL: &str = "/.well-known/est/simpleenroll";
pub(super) const REENROLL: &str = "/.well-known/est/simplereenroll";

/// A house that issues, with this device and its token.
pub(super) async fn stage(device_certificates: DeviceCertificates) -> (Stage, String) {
    stage_with(device_certificates, (2020, 2099), How::Signs).await
}

/// The same, whose authority is good in these years, and whose key does this when the server starts.
pub(super) async fn stage_with(
    device_certificates: DeviceCertificates,
    years: (i32, i32),
    key: How,
) -> (Stage, String) {
    let config = AppConfig {
        device_certificates,
        ..AppConfig::default()
    };
    let stage = Stage::raised(config, Some((years, key))).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let token = register(&stage.house, &["th-1"], &old)
        .await
        .remove(0)
        .token;
    stage.house.clock.set(SystemClock.now());
    (stage, token)
}

/// A request for a certificate with this common name, in base64.
pub(super) fn request(key: &KeyPair, name: Option<&str>) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(name) = name {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    // What it asks for beside the name is given to nobody.
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    STANDARD.encode(params.serialize_request(key).unwrap().der())
}

pub(super) async fn asks(
    house: &House,
    client: &Client,
    (place, authorization): (&str, Option<&str>),
    body: impl Into<reqwest::Body>,
) -> Response {
    let url = format!("{}{place}", house.base);
    let asked = client
        .post(url)
        .header("content-type", "application/pkcs10");
    let asked = match authorization {
        None => asked,
        Some(value) => asked.header("authorization", value),
    };
    asked.body(body).send().await.unwrap()
}

/// A set without anything in it.
fn nothing(reader: BERReader<'_, '_>) -> yasna::ASN1Result<()> {
    let found = reader.collect_set_of(|one| one.read_der())?;
    assert_eq!(found, Vec::<Vec<u8>>::new());
    Ok(())
}

/// The certificates in an answer.
async fn certificates(answer: Response, kind: &str) -> Vec<Vec<u8>> {
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], kind);
    let text = answer.text().await.unwrap();
    let der = STANDARD.decode(text.replace('\n', "")).unwrap();
    let content = |reader: BERReader<'_, '_>| {
        reader.read_sequence(|reader| {
            assert_eq!(reader.next().read_u8()?, 1);
            nothing(reader.next())?;
            reader
                .next()
                .read_sequence(|reader| reader.next().read_oid())?;
            let carried = |reader: BERReader<'_, '_>| reader.collect_set_of(|one| one.read_der());
            let found = reader
                .next()
                .read_tagged_implicit(Tag::context(0), carried)?;
            nothing(reader.next())?;
            Ok(found)
        })
    };
    let message = parse_der(&der, |reader| {
        reader.read_sequence(|reader| {
            reader.next().read_oid()?;
            reader.next().read_tagged(Tag::context(0), content)
        })
    });
    message.unwrap()
}

/// The one that a device was given, beside its key.
pub(super) async fn papers(answer: Response, key: &KeyPair) -> Papers {
    let mut found = certificates(answer, "application/pkcs7-mime; smime-type=certs-only").await;
    assert_eq!(found.len(), 1);
    let der = found.remove(0);
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines = lines.collect::<Vec<_>>().join("\n");
    Papers {
        certificate: format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"),
        key: key.serialize_pem(),
    }
}

/// What a device gets that asks in this way.
pub(super) async fn enrolled(house: &House, client: &Client, authorization: &str) -> Papers {
    let key = KeyPair::generate().unwrap();
    let by = (ENROLL, Some(authorization));
    let answer = asks(house, client, by, request(&key, Some("th-1"))).await;
    papers(answer, &key).await
}

async fn listed(house: &House, device: &str) -> Vec<IssuedCertificateView> {
    let path = format!("/api/v1/devices/{device}/certificates");
    house.get(&path, &house.tokens.engineer).await
}

fn parsed<T>(papers: &Papers, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
    let (_, pem) = x509_parser::pem::parse_x509_pem(papers.certificate.as_bytes()).unwrap();
    let (_, certificate) = parse_x509_certificate(&pem.contents).unwrap();
    look(&certificate)
}

#[tokio::test]
async fn a_token_brings_a_certificate_and_that_one_the_next_until_all_are_revoked() {
    let (stage, token) = stage(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let bearer = format!("Bearer {token}");
    let first = enrolled(house, &house.http, &bearer).await;
    let device = stage.device(&first);
    assert_eq!(stage.hears(&device).await, StatusCode::OK);
    let key = KeyPair::generate().unwrap();
    let renewed = asks(house, &device, (REENROLL, None), request(&key, None)).await;
    let second = papers(renewed, &key).await;
    let with_second = stage.device(&second);
    // The old one is good until its end.
    for device in [&device, &with_second] {
        assert_eq!(stage.hears(device).await, StatusCode::OK);
    }
    let fingerprint = |papers: &Papers| fingerprint_of_pem(papers.certificate.as_bytes());
    let found = listed(house, "th-1").await;
    let told: Vec<_> = found
        .iter()
        .map(|one| (Some(one.fingerprint.clone()), one.asked_with.clone()))
        .collect();
    let (one, other) = (fingerprint(&first), fingerprint(&second));
    assert!(told.contains(&(one.clone(), None)), "{told:?}");
    assert!(told.contains(&(other, one)), "{told:?}");
    assert_eq!(told.len(), 2);
    assert!(found.iter().all(|one| one.revoked.is_none()));
    // Whoever stole the first has the second, too: both go.
    let path = "/api/v1/devices/th-1/certificates/revoke";
    let body = json!({"why": "it was stolen"}).to_string().into_bytes();
    let revoked = house.post(path, &house.tokens.operations, body).await;
    assert_eq!(revoked.status(), StatusCode::OK);
    let revoked: Vec<RevokedCertificateView> = house::read(revoked).await;
    assert_eq!(revoked.len(), 2);
    for device in [&device, &with_second] {
        assert_eq!(stage.hears(device).await, StatusCode::UNAUTHORIZED);
        let refused = asks(house, device, (REENROLL, None), request(&key, None)).await;
        assert_eq!(problem(refused).await, (401, "auth.certificate".to_owned()));
    }
    let found = listed(house, "th-1").await;
    assert!(found.iter().all(|one| one.revoked.is_some()));
    // The device itself still has its token.
    let third = enrolled(house, &house.http, &bearer).await;
    let device = stage.device(&third);
    assert_eq!(stage.hears(&device).await, StatusCode::OK);
}

#[tokio::test]
async fn a_certificate_says_what_the_house_says_and_nothing_of_the_request() {
    let (stage, token) = stage(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let now = house.app.now();
    let given = enrolled(house, &house.http, &format!("Bearer {token}")).await;
    parsed(&given, |certificate| {
        assert_eq!(certificate.subject().to_string(), "CN=th-1");
        assert_eq!(certificate.issuer().to_string(), "CN=issuing");
        assert!(!certificate.is_ca());
        let usage = certificate.key_usage().unwrap().unwrap().value;
        assert!(usage.digital_signature() && !usage.key_cert_sign());
        let extended = certificate.extended_key_usage().unwrap().unwrap().value;
        assert!(extended.client_auth && !extended.server_auth && !extended.any);
        let (begins, ends) = (
            certificate.validity().not_before.timestamp(),
            certificate.validity().not_after.timestamp(),
        );
        assert_eq!(now.as_second() - begins, 300);
        assert_eq!(ends - now.as_second(), 90 * 24 * 3600);
        assert_eq!(certificate.raw_serial().len(), 16);
    });
    let [issued] = &listed(house, "th-1").await[..] else {
        panic!("one was issued");
    };
    let serial = parsed(&given, |certificate| hex::encode(certificate.raw_serial()));
    assert_eq!(issued.serial, serial);
    assert_eq!(issued.at, now);
    let ninety = now + SignedDuration::from_hours(90 * 24);
    assert_eq!(issued.ends.as_second(), ninety.as_second());
}

/// Nothing that it gives outlasts the issuer, which gives nothing once it is over.
#[tokio::test]
async fn no_certificate_outlasts_its_issuer() {
    let (stage, token) = stage(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let bearer = format!("Bearer {token}");
    house.clock.set("2098-12-01T00:00:00Z".parse().unwrap());
    enrolled(house, &house.http, &bearer).await;
    let end: Timestamp = "2099-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(listed(house, "th-1").await[0].ends, end);
    house.clock.set(end);
    let key = KeyPair::generate().unwrap();
    let by = (ENROLL, Some(&*bearer));
    let refused = asks(house, &house.http, by, request(&key, None)).await;
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(problem(refused).await, (503, "issuer.ended".to_owned()));
    assert_eq!(listed(house, "th-1").await.len(), 1);
}

/// As clients of this protocol do that know their device by a name and a password.
#[tokio::test]
async fn a_name_and_its_token_are_as_good_as_the_token() {
    let (stage, token) = stage(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let gateway = new_gateway("gw-1", "B", "02:00:5e:10:00:01");
    let body = serde_json::to_vec(&mainstay_api::NewDevices {
        devices: vec![gateway],
    });
    let path = "/api/v1/devices";
    let made = house
        .post(path, &house.tokens.operations, body.unwrap())
        .await;
    let made: mainstay_api::DeviceTokens = house::read(made).await;
    let others = &made.devices[0].token;
    let key = KeyPair::generate().unwrap();
    for (user, password, name, status) in [
        ("th-1", &token, Some("th-1"), 200),
        ("gw-1", others, Some("gw-1"), 200),
        ("02:00:5e:10:00:01", others, Some("02:00:5e:10:00:01"), 200),
        ("th-1", others, None, 401),
        ("gw-1", &token, None, 401),
        ("", &token, None, 401),
    ] {
        let both = STANDARD.encode(format!("{user}:{password}"));
        let by = format!("Basic {both}");
        let by = (ENROLL, Some(&*by));
        let answer = asks(house, &house.http, by, request(&key, name)).await;
        assert_eq!(answer.status(), status, "{user}");
        if status == 401 {
            let asked: Vec<_> = answer
                .headers()
                .get_all("www-authenticate")
                .iter()
                .collect();
            assert!(
                asked
                    .iter()
                    .any(|asked| asked.as_bytes().starts_with(b"Basic "))
            );
            continue;
        }
        // Whatever it is called by its client, it is the device that is named.
        let given = papers(answer, &key).await;
        let subject = parsed(&given, |certificate| certificate.subject().to_string());
        let device = if user == "th-1" { "th-1" } else { "gw-1" };
        assert_eq!(subject, format!("CN={device}"));
        assert_eq!(stage.hears(&stage.device(&given)).await, StatusCode::OK);
    }
}

/// A certificate that another authority gave in the factory brings one of the house, for every kind of key.
#[tokio::test]
async fn a_certificate_of_the_factory_brings_one_of_the_house() {
    let (stage, _) = stage(DeviceCertificates::Required).await;
    let house = &stage.house;
    let factory = stage.device(&given(&stage.devices, "th-1"));
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
        &rcgen::PKCS_RSA_SHA256,
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let answer = asks(house, &factory, (ENROLL, None), request(&key, None)).await;
        let own = papers(answer, &key).await;
        let same = parsed(&own, |certificate| {
            certificate.public_key().raw == key.subject_public_key_info()
        });
        assert!(same);
        assert_eq!(stage.hears(&stage.device(&own)).await, StatusCode::OK);
    }
}

#[tokio::test]
async fn whoever_asks_is_told_who_issues_and_that_nothing_particular_is_wanted() {
    let (stage, _) = stage(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let get = async |place: &str| {
        let url = format!("{}/.well-known/est/{place}", house.base);
        house.http.get(url).send().await.unwrap()
    };
    let chain = certificates(get("cacerts").await, "application/pkcs7-mime").await;
    let subjects: Vec<_> = chain
        .iter()
        .map(|one| parse_x509_certificate(one).unwrap().1.subject().to_string())
        .collect();
    assert_eq!(subjects.len(), 2);
    for expected in ["CN=issuing", "CN=devices"] {
        assert!(subjects.iter().any(|subject| subject == expected));
    }
    assert_eq!(get("csrattrs").await.status(), StatusCode::NO_CONTENT);
}
