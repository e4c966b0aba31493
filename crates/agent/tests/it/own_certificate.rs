//! A device that gets certificates for itself, by a real process against the real server.
//!
//! A handshake goes by the machine's clock and a request by the house's, so that this house has the machine's.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mainstay_api::IssuedCertificateView;
use mainstay_artifact::Signer;
use mainstay_keys::{SecretKey, generate, public_formats};
use mainstay_server::issuing::IssuerTerms;
use mainstay_server::tls::{Tls, TlsFiles};
use mainstay_server::{AppConfig, Clock as _, DeviceIssuer, SystemClock};
use mainstay_trust::Algorithm;
use rcgen::{BasicConstraints, CertificateParams, IsCa, SubjectPublicKeyInfo};
use reqwest::{Certificate, Client};

use crate::bench::{Bench, approved, built, register, tree};
use crate::house::{House, PLAN, start};
use crate::serving::listen;
use crate::tls::{Authority, authority, issue};

/// A key with which a server issues, and the certificate that another authority gave it.
fn issuing(above: &Authority) -> (SecretKey, String) {
    let key = generate::fresh(Algorithm::Esp256, "issuing.example").unwrap();
    let public = public_formats::to_pem(&key.signer().unwrap().public_key());
    let public = SubjectPublicKeyInfo::from_pem(&public).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    (key, params.signed_by(&public, above).unwrap().pem())
}

/// A house that speaks TLS and gives certificates to devices; what it shows is `own`'s.
async fn house(folder: &Path, own: &Authority) -> House {
    let (certificate, key) = issue(own, "localhost");
    let (issuing, issuer) = issuing(&authority());
    let put = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let issuer = put("issuer.pem", issuer);
    let files = TlsFiles {
        certificate: put("tls.pem", certificate.pem()),
        key: put("tls.key", key.serialize_pem()),
        device_ca: Some(issuer.clone()),
        ticket_key: None,
    };
    let tls = Arc::new(Tls::open(files, start()).unwrap());
    let signer: Arc<dyn Signer> = Arc::new(issuing.signer().unwrap());
    let terms = IssuerTerms {
        certificate: issuer,
        days: 90,
        waits: None,
        queues: Duration::from_secs(5),
    };
    let opens = Box::new(move || Ok(signer.clone()));
    let issuer = DeviceIssuer::begin(terms, opens, tls.clone(), start()).unwrap();
    let config = AppConfig {
        tls: Some(tls),
        issuer: Some(issuer),
        ..AppConfig::default()
    };
    let mut house = House::furnished(PLAN, config).await;
    let base = listen(house.app.clone()).await;
    house.base = base.replace("http://127.0.0.1", "https://localhost");
    let trusted = Certificate::from_pem(own.pem().as_bytes()).unwrap();
    let client = Client::builder().no_proxy().tls_certs_only([trusted]);
    house.http = client.build().unwrap();
    house
}

async fn listed(house: &House) -> Vec<IssuedCertificateView> {
    let path = "/api/v1/devices/th-1/certificates";
    house.get(path, &house.tokens.engineer).await
}

/// Starts the agent, and returns once the server has heard it.
fn heard(bench: &Bench) -> crate::bench::Process {
    let _ = fs::remove_file(bench.path("run/status.json"));
    let agent = bench.run();
    bench.wait_until("it is heard", |status| status.last_contact.is_some());
    agent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_gets_a_certificate_for_itself_and_another_one_once_that_is_revoked() {
    let own = authority();
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), &own).await;
    let token = register(&house).await.remove(0);
    let bench = Bench::new(&house.base, &token, &house.root, "");
    let old = built(&house, "1.0.0", 1, tree("1.0.0", 100));
    bench.provision(&approved(&house, &old));
    house.clock.set(SystemClock.now());
    fs::write(bench.path("ca.pem"), own.pem()).unwrap();
    let more = "retry_s = 1\nidentity_file = \"@/identity.pem\"\nca_file = \"@/ca.pem\"";
    bench.configure("retry_s = 1", more);
    drop(heard(&bench));
    let [first] = &listed(&house).await[..] else {
        panic!("it asked once: {}", bench.log());
    };
    assert_eq!(first.asked_with, None);
    let kept = fs::read(bench.path("identity.pem")).unwrap();
    assert!(!bench.path("state/identity.key").exists());

    // From now on it needs no token, and asks for no other certificate while that is young.
    fs::write(bench.path("token"), "0".repeat(64)).unwrap();
    drop(heard(&bench));
    assert_eq!(listed(&house).await.len(), 1);
    assert_eq!(fs::read(bench.path("identity.pem")).unwrap(), kept);

    // It isn't taken any more: the device goes back to its token, and to another certificate by that.
    fs::write(bench.path("token"), &token).unwrap();
    let path = "/api/v1/devices/th-1/certificates/revoke";
    let why = br#"{"why": "its key was copied"}"#.to_vec();
    let revoked = house.post(path, &house.tokens.operations, why).await;
    assert_eq!(revoked.status(), 200);
    drop(heard(&bench));
    let found = listed(&house).await;
    let good: Vec<_> = found.iter().filter(|one| one.revoked.is_none()).collect();
    assert_eq!((found.len(), good.len()), (2, 1), "{}", bench.log());
    assert_eq!(good[0].asked_with, None);
    assert_ne!(fs::read(bench.path("identity.pem")).unwrap(), kept);
}
