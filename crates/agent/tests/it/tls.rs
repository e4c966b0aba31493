//! HTTPS: the server must be who it says, and may ask the device for a certificate.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mainstay_agent::config::Server;
use mainstay_agent::link::{Limits, Link, LinkError};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream};

/// Who gives certificates.
pub type Authority = CertifiedIssuer<'static, KeyPair>;

/// A fresh one.
pub fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate of `authority` for this name, and its key.
pub fn issue(authority: &Authority, name: &str) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.signed_by(&key, authority).unwrap(), key)
}

/// Serves one connection to whom `authority` has given a certificate.
fn serve(authority: &Authority, name: &str) -> String {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let (certificate, key) = issue(authority, name);
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = Stream::new(&mut connection, &mut socket);
        if stream.read(&mut [0; 4096]).is_ok() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
    });
    format!("https://localhost:{port}")
}

fn exchange(
    url: &str,
    trusted: &Authority,
    identity: Option<&Authority>,
) -> Result<Vec<u8>, LinkError> {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: String| -> PathBuf {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let identity = identity.map(|authority| {
        let (certificate, key) = issue(authority, "th-1");
        (
            put("certificate", certificate.pem()),
            put("key", key.serialize_pem()),
        )
    });
    let server = Server {
        url: url.to_owned(),
        token_file: None,
        join: None,
        identity,
        own: None,
        ca_file: put("ca", trusted.pem()),
        retry: Duration::from_secs(1),
        exchange: Duration::from_secs(60),
    };
    Link::new(&server, Limits::of(&server), false)
        .unwrap()
        .post("/", b"")
}

#[test]
fn both_sides_must_be_known_to_each_other() {
    let (ours, theirs) = (authority(), authority());
    let good = exchange(&serve(&ours, "localhost"), &ours, Some(&ours));
    assert_eq!(good.unwrap(), b"ok");
    for (name, trusted, identity, why) in [
        (
            "localhost",
            &theirs,
            Some(&ours),
            "the server is a stranger",
        ),
        ("elsewhere", &ours, Some(&ours), "the server is another one"),
        (
            "localhost",
            &ours,
            Some(&theirs),
            "the device is a stranger",
        ),
        (
            "localhost",
            &ours,
            None,
            "the device says nothing of itself",
        ),
    ] {
        let outcome = exchange(&serve(&ours, name), trusted, identity);
        let is_refused = match outcome {
            Err(LinkError::Unreachable(_)) => true,
            // The server's word for it, if that comes before the end of the connection does.
            Err(LinkError::CertificateRefused(_)) => why.starts_with("the device"),
            _ => false,
        };
        assert!(is_refused, "{why}: {outcome:?}");
    }
}
