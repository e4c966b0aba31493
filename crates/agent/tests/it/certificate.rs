//! A device without a token: it shows the server a certificate, by a real process against the real server.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mainstay_server::AppConfig;
use mainstay_server::tls::{Tls, TlsFiles, fingerprint_of_pem};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use reqwest::{Certificate, Client};

use crate::bench::{Bench, approved, built, register, tree};
use crate::house::{House, PLAN, start};
use crate::serving::listen;
use crate::tls::{Authority, authority, issue};

/// A house that speaks TLS, whose devices may show certificates of `devices`; what it shows is `own`'s.
async fn house(folder: &Path, own: &Authority, devices: &Authority) -> House {
    let (certificate, key) = issue(own, "localhost");
    let put = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let files = TlsFiles {
        certificate: put("tls.pem", certificate.pem()),
        key: put("tls.key", key.serialize_pem()),
        device_ca: Some(put("devices.pem", devices.pem())),
        ticket_key: None,
    };
    let config = AppConfig {
        tls: Some(Arc::new(Tls::open(files, start()).unwrap())),
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

/// A certificate that names this device, and its key, in PEM.
fn given(by: &Authority, device: &str) -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, device);
    let key = KeyPair::generate().unwrap();
    let made = params.signed_by(&key, by).unwrap();
    (made.pem(), key.serialize_pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_known_by_its_certificate_until_that_is_revoked() {
    let (own, devices) = (authority(), authority());
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), &own, &devices).await;
    register(&house).await;
    let bench = Bench::new(&house.base, "", &house.root, "");
    let old = built(&house, "1.0.0", 1, tree("1.0.0", 100));
    bench.provision(&approved(&house, &old));
    let (certificate, key) = given(&devices, "th-1");
    fs::write(bench.path("device.pem"), &certificate).unwrap();
    fs::write(bench.path("device.key"), key).unwrap();
    fs::write(bench.path("ca.pem"), own.pem()).unwrap();
    let token_file = format!("token_file = \"{}/token\"", bench.folder.path().display());
    let instead = "certificate = \"@/device.pem\"\nkey = \"@/device.key\"\nca_file = \"@/ca.pem\"";
    bench.configure(&token_file, instead);
    let agent = bench.run();
    bench.wait_until("it is heard", |status| status.last_contact.is_some());
    drop(agent);
    let fingerprint = fingerprint_of_pem(certificate.as_bytes()).unwrap();
    let body = format!(r#"{{"fingerprint": "{fingerprint}", "why": "it was copied"}}"#);
    let path = "/api/v1/revoked-certificates";
    let operations = &house.tokens.operations;
    let revoked = house.post(path, operations, body.into_bytes()).await;
    assert_eq!(revoked.status(), 201);
    fs::remove_file(bench.path("run/status.json")).unwrap();
    let _agent = bench.run();
    let status = bench.wait_until("it is refused", |status| status.unheard.is_some());
    let why = status.unheard.unwrap();
    assert!(why.contains("401"), "{why}");
}
