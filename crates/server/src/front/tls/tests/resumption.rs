//! Clients that come again, to the same server and to others.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio_rustls::TlsConnector;

use super::*;

/// What a device shows, in PEM.
struct Papers {
    certificate: String,
    key: String,
}

fn papers(by: &CertifiedIssuer<'static, KeyPair>) -> Papers {
    let key = KeyPair::generate().unwrap();
    let made = named("th-1").signed_by(&key, by).unwrap();
    Papers {
        certificate: made.pem(),
        key: key.serialize_pem(),
    }
}

/// The files of several servers. Each begins with the same certificate.
struct Servers {
    folder: Folder,
    certificate: String,
}

impl Servers {
    fn new() -> Self {
        let (certificate, key) = pair(2020, 2100);
        Self {
            folder: Folder::with(&certificate, &key),
            certificate,
        }
    }

    /// One with a file of tickets in which this digit stands again and again, or none; and with these authorities, or none.
    fn begin(&self, digit: Option<&str>, authorities: Option<&str>) -> Tls {
        let put = |name: String, text: &str| {
            let path = self.folder.0.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let ticket_key = digit.map(|digit| put(format!("{digit}.key"), &digit.repeat(64)));
        let device_ca = authorities.map(|pem| put("devices.pem".to_owned(), pem));
        let files = TlsFiles {
            device_ca,
            ticket_key,
            ..self.folder.files()
        };
        Tls::open(files, now()).unwrap()
    }

    /// A client that has never been anywhere.
    fn client(&self, version: &'static SupportedProtocolVersion, shows: Option<&Papers>) -> Client {
        let certificate = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&self.certificate)).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots);
        let config = match shows {
            None => config.with_no_client_auth(),
            Some(papers) => {
                let key = PrivateKeyDer::from_pem_slice(papers.key.as_bytes()).unwrap();
                let chain = vec![certificate(&papers.certificate)];
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        Client(TlsConnector::from(Arc::new(config)))
    }
}

struct Client(TlsConnector);

impl Client {
    /// Comes to a server and is served: whether that began with a session of before, and whether the server knows a certificate.
    async fn comes_to(&self, tls: &Tls) -> (bool, bool) {
        let (near, far) = duplex(64 * 1024);
        let spoken = tls.spoken();
        let served = async {
            let mut stream = spoken.shake(far).await.unwrap().unwrap();
            stream.write_all(b"well").await.unwrap();
            stream.shutdown().await.unwrap();
            spoken.shown_by(&stream).is_some()
        };
        let asked = async {
            let name = ServerName::try_from("localhost").unwrap();
            let mut stream = self.0.connect(name, near).await.unwrap();
            let mut told = Vec::new();
            stream.read_to_end(&mut told).await.unwrap();
            assert_eq!(told, b"well");
            stream.get_ref().1.handshake_kind()
        };
        let (shown, kind) = tokio::join!(served, asked);
        (kind == Some(HandshakeKind::Resumed), shown)
    }
}

#[tokio::test]
async fn who_comes_again_resumes_at_every_server_with_the_same_file() {
    let servers = Servers::new();
    let first = servers.begin(Some("a"), None);
    let second = servers.begin(Some("a"), None);
    let other = servers.begin(Some("b"), None);
    let alone = servers.begin(None, None);
    for (version, from, to, resumes) in [
        (&TLS13, &first, &first, true),
        (&TLS13, &first, &second, true),
        (&TLS13, &first, &other, false),
        (&TLS13, &first, &alone, false),
        (&TLS13, &alone, &first, false),
        (&TLS13, &alone, &alone, true),
        (&TLS12, &first, &first, true),
        (&TLS12, &first, &second, false),
    ] {
        let client = servers.client(version, None);
        assert_eq!(client.comes_to(from).await, (false, false));
        let again = client.comes_to(to).await;
        let keys = [from, to].map(|tls| &tls.files.ticket_key);
        assert_eq!(again, (resumes, false), "{version:?} {keys:?}");
    }
}

/// Two servers whose clocks differ by hours, since nobody waits for hours here.
#[tokio::test]
async fn a_ticket_ends_with_the_period_behind_its_own() {
    let servers = Servers::new();
    let first = servers.begin(Some("a"), None);
    let second = servers.begin(Some("a"), None);
    let mut looks = Looks::default();
    for (hours, resumes) in [(11, true), (12, false), (-6, true), (-7, false), (0, true)] {
        let client = servers.client(&TLS13, None);
        client.comes_to(&first).await;
        let then = now() + SignedDuration::from_hours(hours);
        second.look(&mut looks, then).await;
        assert_eq!(client.comes_to(&second).await.0, resumes, "{hours}");
    }
}

/// Whoever stole the file could else write a session in which any device showed its certificate.
#[tokio::test]
async fn a_session_with_a_certificate_is_resumed_where_it_began_and_carries_it() {
    let servers = Servers::new();
    let (ours, theirs) = (authority(), authority());
    let first = servers.begin(Some("a"), Some(&ours.pem()));
    let second = servers.begin(Some("a"), Some(&ours.pem()));
    let device = papers(&ours);
    for version in [&TLS13, &TLS12] {
        let client = servers.client(version, Some(&device));
        assert_eq!(client.comes_to(&first).await, (false, true));
        assert_eq!(client.comes_to(&first).await, (true, true));
        assert_eq!(client.comes_to(&second).await, (false, true));
    }
    // Who shows none, where the same authorities count and where others do.
    let others = servers.begin(Some("a"), Some(&theirs.pem()));
    let none = servers.begin(Some("a"), None);
    for (to, resumes) in [(&second, true), (&others, false), (&none, false)] {
        let client = servers.client(&TLS13, None);
        assert_eq!(client.comes_to(&first).await, (false, false));
        assert_eq!(client.comes_to(to).await, (resumes, false));
    }
    // A session that never asked for a certificate doesn't keep a device from showing it.
    let client = servers.client(&TLS13, Some(&device));
    assert_eq!(client.comes_to(&none).await, (false, false));
    assert_eq!(client.comes_to(&first).await, (false, true));
}
