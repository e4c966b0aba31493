//! TLS that the server speaks itself.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use mainstay_access::Role;
use mainstay_protocol::CHECK_IN_PATH;
use mainstay_server::tls::{Tls, TlsFiles};
use mainstay_server::{AppConfig, Bounds};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use reqwest::{Certificate, Client, StatusCode, redirect};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::door::browser::link;
use crate::gadget::register;
use crate::house::{self, House, packed, start};

/// An authority in PEM, and a house whose server shows a certificate of it.
async fn furnished(bounds: Bounds) -> (String, House, TempDir) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    own.not_before = date_time_ymd(2020, 1, 1);
    own.not_after = date_time_ymd(2100, 1, 1);
    let key = KeyPair::generate().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles {
        certificate: folder.path().join("tls.pem"),
        key: folder.path().join("tls.key"),
        device_ca: None,
        ticket_key: None,
    };
    fs::write(
        &files.certificate,
        own.signed_by(&key, &authority).unwrap().pem(),
    )
    .unwrap();
    fs::write(&files.key, key.serialize_pem()).unwrap();
    let mut house = House::told(AppConfig {
        bounds,
        tls: Some(Arc::new(Tls::open(files, start()).unwrap())),
        ..AppConfig::default()
    })
    .await;
    house.base = house.base.replace("http://127.0.0.1", "https://localhost");
    (authority.pem(), house, folder)
}

/// A client that trusts this authority alone, and goes nowhere by itself.
fn client(authority: &str) -> Client {
    let trusted = Certificate::from_pem(authority.as_bytes()).unwrap();
    let client = Client::builder().no_proxy().tls_certs_only([trusted]);
    client.redirect(redirect::Policy::none()).build().unwrap()
}

#[tokio::test]
async fn devices_and_browsers_come_over_tls() {
    let (authority, mut house, _folder) = furnished(Bounds::default()).await;
    house.http = client(&authority);
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(&house, &["th-1"], &old).await.remove(0);
    gadget.check_in(&house, &[]).await;
    let answer = house
        .http
        .get(format!("{}/healthz", house.base))
        .send()
        .await;
    let answer = answer.unwrap();
    let strict = &answer.headers()["strict-transport-security"];
    assert_eq!(strict, "max-age=15768000");
    let path = link(&house.app, 5, "kim@northwind.example", Role::Operations).await;
    let form = "password=glacier+turnip+bicycle&again=glacier+turnip+bicycle";
    let opened = house.http.post(format!("{}{path}", house.base));
    let opened = opened.header("origin", &house.base);
    let opened = opened.header("content-type", "application/x-www-form-urlencoded");
    let opened = opened.body(form).send().await.unwrap();
    assert_eq!(opened.status(), StatusCode::SEE_OTHER);
    let cookie = opened.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-mainstay=") && cookie.ends_with("; Secure"));
    let figures = house.request(reqwest::Method::GET, "/metrics", &house.tokens.engineer);
    let figures = figures.send().await.unwrap().text().await.unwrap();
    let ends = "mainstay_certificate_ends_timestamp_seconds 4102444800\n";
    assert!(figures.contains(ends), "{figures}");
}

/// Whoever doesn't know the authority sends nothing; whoever speaks something else, or nothing, is cut off.
#[tokio::test]
async fn nothing_but_tls_is_spoken() {
    let (authority, house, _folder) = furnished(Bounds {
        head_time: Duration::from_millis(500),
        ..Bounds::default()
    })
    .await;
    let (other, _other_house, _other_folder) = furnished(Bounds::default()).await;
    let health = format!("{}/healthz", house.base);
    assert!(client(&other).get(&health).send().await.is_err());
    let address = house.base.replace("https://localhost", "127.0.0.1");
    let plain = format!("POST {CHECK_IN_PATH} HTTP/1.1\r\nhost: h\r\n\r\n");
    for bytes in [plain.as_bytes(), b"", b"\x16\x03\x01"] {
        let mut line = TcpStream::connect(&address).await.unwrap();
        line.write_all(bytes).await.unwrap();
        let mut told = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(180), line.read_to_end(&mut told));
        // It is closed or reset.
        let _ = read.await.expect("it is cut off");
        assert!(!told.starts_with(b"HTTP"), "{told:?}");
    }
    let well = client(&authority).get(&health).send().await.unwrap();
    assert_eq!(well.status(), StatusCode::OK);
}
