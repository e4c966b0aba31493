//! HTTPS by a wrong clock: certificates have dates, and what the device knows of time decides, not what its clock claims.

use std::fs;
use std::sync::Arc;

use mainstay_agent::status::Status;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::field::Field;
use crate::gateway::Gateway;
use crate::tls::{Authority, authority, issue};
use crate::wall_clock::{AHEAD, BEHIND, NONE, RIGHT};

/// Year, month and day.
type Day = (i32, u8, u8);
/// What the house's time lies in, and what it doesn't any more.
const OF_TODAY: [Day; 2] = [(2026, 11, 1), (2027, 1, 30)];
const ENDED: [Day; 2] = [(2026, 8, 1), (2026, 11, 1)];

/// A server that shows a certificate of these days, and wants one of the device.
fn shows(authority: &Authority, [begins, ends]: [Day; 2]) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(begins.0, begins.1, begins.2);
    params.not_after = date_time_ymd(ends.0, ends.1, ends.2);
    let certificate = params.signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    Arc::new(config)
}

/// A device that is to reach its server by HTTPS alone.
async fn field(authority: &Authority, days: [Day; 2], clock: u64, trusted: bool) -> Field {
    let mut field = Field::begin("").await;
    let (certificate, key) = issue(authority, "th-1");
    for (name, text) in [
        ("ca.pem", authority.pem()),
        ("device.pem", certificate.pem()),
        ("device.key", key.serialize_pem()),
    ] {
        fs::write(field.bench.path(name), text).unwrap();
    }
    let files = "retry_s = 1\nca_file = \"@/ca.pem\"\ncertificate = \"@/device.pem\"\nkey = \"@/device.key\"";
    field.bench.configure("retry_s = 1", files);
    if trusted {
        let trusts = "trusts_clock = true\n[slots]";
        field.bench.configure("[slots]", trusts);
    }
    field.bench.set_clock(clock);
    move_to(&mut field, authority, days);
    field
}

/// The server shows another certificate from now on.
fn move_to(field: &mut Field, authority: &Authority, days: [Day; 2]) {
    let before = field.gateway.base.clone();
    field.gateway = Gateway::open(&field.house.base, Some(shows(authority, days)));
    field.bench.configure(&before, &field.gateway.base);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_clock_that_isnt_trusted_keeps_a_device_from_its_server() {
    for (clock, trusted) in [
        (BEHIND, false),
        (AHEAD, false),
        (NONE, false),
        (BEHIND, true),
    ] {
        let field = field(&authority(), OF_TODAY, clock, trusted).await;
        field.offer(1000).await;
        let agent = field.bench.run();
        field.bench.wait_for_update("1.1.0");
        drop(agent);
        drop(field.bench.boots("1.1.0"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_clock_that_is_ahead_keeps_its_server_away_until_it_is_set() {
    let mut field = field(&authority(), OF_TODAY, AHEAD, true).await;
    field.offer(1000).await;
    let agent = field.bench.run();
    let status = field
        .bench
        .wait_until("the refusal", |status| status.unheard.is_some());
    let why = status.unheard.unwrap();
    assert!(
        why.starts_with("agent.unreachable") && why.contains("expired"),
        "{why}"
    );
    drop(agent);
    drop(field.bench.boots("1.0.0"));
    field.bench.set_clock(RIGHT);
    let _agent = field.bench.boots_and_updates("1.1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_ended_before_the_time_floor_is_refused_whatever_the_clock() {
    let authority = authority();
    let mut field = field(&authority, ENDED, NONE, false).await;
    field.offer(1000).await;
    // A device that knows nothing of time takes it. What the server then offers tells it how late it is.
    let agent = field.bench.run();
    let is_refused = |status: &Status| {
        let why = status.unheard.as_deref();
        why.is_some_and(|why| why.contains("expired"))
    };
    let status = field.bench.wait_until("the refusal", is_refused);
    assert!(status.last_contact.is_some(), "it was taken at first");
    drop(agent);
    move_to(&mut field, &authority, OF_TODAY);
    let _agent = field.bench.boots_and_updates("1.1.0");
}
