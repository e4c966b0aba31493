//! TLS: the server must be who it says, by authorities that the configuration names.
//!
//! Certificates have dates, and a device may have no clock, or a wrong one. What it knows of time is what counts:
//! its time floor, which is the newest moment that was signed for it, and the clock only if it trusts it.
//!
//! | a certificate | is |
//! |---|---|
//! | that ended before the floor, or before a trusted clock's time | refused |
//! | that begins later than the device thinks it is | taken: its authority says that it is later than that |
//! | of which both is true, since another of its chain begins after its end | refused |
//!
//! So no clock, however wrong, keeps a device that doesn't trust it from its server. What that gives away: who stole
//! the key of a certificate that has ended can play the server to such a device until its floor rises, which is with
//! the next root, revocations or update. A false server can waste its time and learn its token, and nothing else.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme, StreamOwned,
};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

use crate::config::Server;
use crate::fault::Fault;
use crate::link::{needed, unfit};

/// The most certificates of one chain whose begin may lie ahead: the server's own and four above it.
const CHAIN_MAX: usize = 5;

/// What the device knows of time.
#[derive(Debug)]
pub struct KnownTime {
    floor_s: AtomicU64,
    trusts_clock: bool,
}

impl KnownTime {
    /// Nothing yet, but for what a clock says that is trusted.
    #[must_use]
    pub fn new(trusts_clock: bool) -> Self {
        Self {
            floor_s: AtomicU64::new(0),
            trusts_clock,
        }
    }

    /// It is no earlier than this, in Unix seconds. A root after a theft may set it back.
    pub fn learn(&self, floor_s: u64) {
        self.floor_s.store(floor_s, Ordering::Relaxed);
    }

    fn given(&self, clock: UnixTime) -> UnixTime {
        let floor = at(self.floor_s.load(Ordering::Relaxed));
        match self.trusts_clock {
            true => clock.max(floor),
            false => floor,
        }
    }
}

fn at(unix_s: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(unix_s))
}

/// What the server's certificate is checked by.
#[derive(Debug)]
struct Dated {
    inner: Arc<WebPkiServerVerifier>,
    time: Arc<KnownTime>,
}

impl ServerCertVerifier for Dated {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        clock: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut now = self.time.given(clock);
        for _ in 0..CHAIN_MAX {
            match self
                .inner
                .verify_server_cert(server, chain, name, ocsp, now)
            {
                Err(Error::InvalidCertificate(CertificateError::NotValidYetContext {
                    not_before,
                    ..
                })) if not_before > now => now = not_before,
                outcome => return outcome,
            }
        }
        Err(Error::InvalidCertificate(CertificateError::NotValidYet))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        server: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, server, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        server: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, server, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Wraps connections in TLS where the address says `https`.
#[derive(Debug)]
pub struct Tls(Option<Arc<ClientConfig>>);

impl Tls {
    /// None: the server is this machine itself.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// To this server, which shows certificates that are good by this time.
    ///
    /// # Errors
    /// If a file that the configuration names can't be read or isn't what it should be.
    pub fn to(server: &Server, time: Arc<KnownTime>) -> Result<Self, Fault> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Dated {
            inner: verifier(&server.ca_file, &provider)?,
            time,
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| unfit(&server.ca_file, "usable with this library's TLS"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &server.identity {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate)?;
                let pem = PrivateKeyDer::from_pem_slice(&needed(key)?)
                    .map_err(|_| unfit(key, "a private key in PEM"))?;
                config
                    .with_client_auth_cert(chain, pem)
                    .map_err(|_| unfit(key, "the key of the device's certificate"))?
            }
        };
        // A resumed session isn't checked again, and what the device knows of time may have grown meanwhile.
        config.resumption = Resumption::disabled();
        Ok(Self(Some(Arc::new(config))))
    }
}

/// Whether the other end of a connection ended it because of the certificate that it was shown, or wasn't (RFC 8446, section 6.2).
pub(crate) fn refuses_certificate(error: &io::Error) -> bool {
    use rustls::AlertDescription as Alert;
    let inner = error.get_ref();
    let inner = inner.and_then(|inner| inner.downcast_ref::<Error>());
    matches!(
        inner,
        Some(Error::AlertReceived(
            Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
                | Alert::DecryptError
                | Alert::CertificateRequired
        ))
    )
}

fn verifier(
    ca_file: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Fault> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(ca_file)?);
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|_| unfit(ca_file, "authorities' certificates in PEM"))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let pem = needed(path)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem).flatten().collect();
    match found.is_empty() {
        true => Err(unfit(path, "certificates in PEM")),
        false => Ok(found),
    }
}

impl<In: Transport> Connector<In> for Tls {
    type Out = Either<In, Encrypted>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        let config = self.0.as_ref().filter(|_| details.needs_tls());
        let Some(config) = config else {
            return Ok(Some(Either::A(transport)));
        };
        let host = details.uri.host().unwrap_or("").trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            ureq::Error::Tls("the server's name is none that a certificate can have")
        })?;
        let mut conn = ClientConnection::new(config.clone(), name)
            .map_err(|error| ureq::Error::Other(Box::new(error)))?;
        let mut sock = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        sock.set_timeout(details.timeout);
        conn.complete_io(&mut sock)?;
        Ok(Some(Either::B(Encrypted {
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            stream: StreamOwned { conn, sock },
        })))
    }
}

/// A connection in TLS.
pub struct Encrypted {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted").finish_non_exhaustive()
    }
}

impl Transport for Encrypted {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = &self.buffers.output()[..amount];
        Ok(self.stream.write_all(output)?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let input = self.buffers.input_append_buf();
        let amount = self.stream.read(input)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}
