//! An authority that looks whether a name leads here, and everybody else meanwhile.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt as _, duplex};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use x509_parser::extensions::GeneralName;

use super::*;

const DIGEST: [u8; 32] = [7; 32];

/// Who is shown whatever certificate, and looks at it afterwards, as an authority does.
#[derive(Debug)]
struct Whatever;

impl ServerCertVerifier for Whatever {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let provider = aws_lc_rs::default_provider();
        provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// What came of a visit.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// No handshake.
    Nothing,
    /// This certificate, and then the end.
    Answer(Vec<u8>),
    /// This certificate, and a connection that goes on.
    Server(Vec<u8>),
}

/// Somebody comes who speaks these protocols, and asks for this name.
async fn visit(tls: &Tls, name: &'static str, protocols: &[&str]) -> Seen {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Whatever));
    let mut config = config.with_no_client_auth();
    let protocols = protocols.iter().map(|name| name.as_bytes().to_vec());
    config.alpn_protocols = protocols.collect();
    let (near, far) = duplex(64 * 1024);
    let spoken = tls.spoken();
    let served = spoken.shake(far);
    let asked = async {
        let name = ServerName::try_from(name).unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let mut stream = connector.connect(name, near).await.ok()?;
        let shown = stream.get_ref().1.peer_certificates()?.first()?.to_vec();
        let mut told = Vec::new();
        // Nothing is ever said by the server first; an end is.
        let ended = timeout(Duration::from_millis(500), stream.read_to_end(&mut told)).await;
        assert!(told.is_empty());
        Some((shown, matches!(ended, Ok(Ok(0)))))
    };
    // Whoever is let in keeps its connection meanwhile.
    match tokio::join!(served, asked) {
        (Ok(None), Some((shown, true))) => Seen::Answer(shown),
        (Ok(Some(_)), Some((shown, false))) => Seen::Server(shown),
        (Err(_), None) => Seen::Nothing,
        (served, asked) => panic!("{served:?} {asked:?}"),
    }
}

/// RFC 8737, section 3.
fn expect_answer(certificate: &[u8], name: &str) {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).unwrap();
    let names = parsed.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names, [GeneralName::DNSName(name)]);
    let extension = parsed
        .extensions()
        .iter()
        .find(|extension| extension.oid.to_id_string() == "1.3.6.1.5.5.7.1.31")
        .unwrap();
    assert!(extension.critical);
    assert_eq!(extension.value, [&[4, 32], &DIGEST[..]].concat());
}

/// Before there is a certificate nobody gets in, and the authority is answered all the same: also where devices show certificates, and it shows none.
#[tokio::test]
async fn who_asks_for_proof_is_answered_and_sent_away_and_nobody_else_gets_in() {
    let folder = Folder::with("", "");
    let devices = folder.0.path().join("devices.pem");
    fs::write(&devices, authority().pem()).unwrap();
    for device_ca in [None, Some(devices)] {
        let files = TlsFiles {
            device_ca,
            ..folder.files()
        };
        let tls = Tls::given(files, None, now()).unwrap();
        assert_eq!(tls.ends(), None);
        let challenges = tls.challenges().unwrap().clone();
        assert_eq!(
            visit(&tls, "a.example", &["acme-tls/1"]).await,
            Seen::Nothing
        );
        let answer = challenges.answer("A.example", &DIGEST).unwrap();
        let Seen::Answer(shown) = visit(&tls, "a.example", &["acme-tls/1"]).await else {
            panic!("it isn't answered");
        };
        expect_answer(&shown, "A.example");
        for (name, protocols) in [
            ("b.example", &["acme-tls/1"][..]),
            ("a.example", &["acme-tls/1", "http/1.1"]),
            ("a.example", &["http/1.1", "acme-tls/1"]),
            ("a.example", &["http/1.1"]),
            ("a.example", &[]),
        ] {
            let seen = visit(&tls, name, protocols).await;
            assert_eq!(seen, Seen::Nothing, "{name} {protocols:?}");
        }
        drop(answer);
        assert_eq!(
            visit(&tls, "a.example", &["acme-tls/1"]).await,
            Seen::Nothing
        );
    }
}

/// Once there is a certificate it is shown to everybody, and who asks for proof still gets nothing else.
#[tokio::test]
async fn what_was_given_is_shown_from_then_on_and_to_no_authority() {
    let (certificate, key) = pair(2026, 2028);
    let folder = Folder::with(certificate, key);
    let tls = Tls::given(folder.files(), None, now()).unwrap();
    tls.show(Pair::read(&folder.files(), now()).unwrap());
    let own = tls.pair().unwrap().certificate().unwrap().to_vec();
    for protocols in [&["http/1.1"][..], &["acme-tls/1", "http/1.1"], &[]] {
        let seen = visit(&tls, "localhost", protocols).await;
        assert_eq!(seen, Seen::Server(own.clone()), "{protocols:?}");
    }
    assert_eq!(
        visit(&tls, "localhost", &["acme-tls/1"]).await,
        Seen::Nothing
    );
    let challenges = tls.challenges().unwrap().clone();
    let _answer = challenges.answer("localhost", &DIGEST).unwrap();
    let Seen::Answer(shown) = visit(&tls, "localhost", &["acme-tls/1"]).await else {
        panic!("it isn't answered");
    };
    expect_answer(&shown, "localhost");
    // The files at its place are nobody's word: what is shown is replaced by who asks for it alone.
    folder.put("", "");
    let mut looks = Looks::default();
    tls.look(&mut looks, now()).await;
    assert!(looks.pair.0.is_none() && tls.ends().is_some());
}

/// Who brings its certificate in files answers no authority.
#[tokio::test]
async fn without_acme_nobody_is_answered() {
    let (certificate, key) = pair(2026, 2028);
    let folder = Folder::with(certificate, key);
    let tls = Tls::open(folder.files(), now()).unwrap();
    assert!(tls.challenges().is_none());
    assert_eq!(
        visit(&tls, "localhost", &["acme-tls/1"]).await,
        Seen::Nothing
    );
}
