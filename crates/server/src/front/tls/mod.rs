//! TLS from files: what the server shows to its clients, and how it takes files that were replaced while it runs.
//!
//! The key stays in memory and is told nowhere. A pair of files that can't be used never replaces one that can. Read [`Tls`].

mod error;
mod pair;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

pub use error::TlsError;
use pair::Pair;

use crate::clock::Clock;

/// The files are looked at this often. Whoever replaces both writes one after the other, so that a pair that doesn't fit is told of only
/// when it is seen a second time.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// From so long before its end on, a certificate that wasn't replaced is warned of; one that lives shorter than six weeks, in the last third of its life.
const ENDS_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The warning is repeated once a day.
const WARN_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// HTTP/1.1 is all that is spoken; a client that insists on something else is told so in the handshake.
const PROTOCOL: &[u8] = b"http/1.1";

/// Where the certificate and its key are, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, and behind it those of the authorities between.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What a server shows to its clients.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    shown: Arc<Shown>,
    config: Arc<ServerConfig>,
}

/// The pair that is shown now.
#[derive(Debug)]
struct Shown(RwLock<Arc<Pair>>);

/// What the looks at the files have found so far.
#[derive(Debug, Default)]
struct Looks {
    /// What was wrong at the last one, and whether that was told.
    wrong: Option<(String, bool)>,
    warned: Option<Timestamp>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`] names the file and what is wrong with it.
    pub fn open(files: TlsFiles, now: Timestamp) -> Result<Self, TlsError> {
        let pair = Pair::read(&files, now)?;
        let shown = Arc::new(Shown(RwLock::new(Arc::new(pair))));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Library)?
            .with_no_client_auth()
            .with_cert_resolver(shown.clone());
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // Who comes again within some hours saves both sides half of the handshake. Tickets are sealed by a new key every six hours.
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsError::Library)?;
        Ok(Self {
            files,
            shown,
            config: Arc::new(config),
        })
    }

    /// When the certificate that is shown ends.
    pub fn ends(&self) -> Timestamp {
        self.shown.pair().ends
    }

    /// Speaks TLS on a connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }

    /// Looks at the files again and again, and takes what has changed. Ends when it is dropped.
    pub(crate) async fn keep_current(&self, clock: &dyn Clock) {
        let mut looks = Looks::default();
        loop {
            self.warn(&mut looks, clock.now());
            tokio::time::sleep(LOOK_AGAIN).await;
            self.look(&mut looks, clock.now()).await;
        }
    }

    async fn look(&self, looks: &mut Looks, now: Timestamp) {
        let files = self.files.clone();
        let read = tokio::task::spawn_blocking(move || Pair::read(&files, now)).await;
        // A task that broke off is as good as a look that found nothing new.
        match read {
            Ok(Ok(pair)) => self.takes(looks, pair),
            Ok(Err(error)) => looks.wrong(&error),
            Err(_broken) => {}
        }
    }

    fn takes(&self, looks: &mut Looks, pair: Pair) {
        looks.wrong = None;
        if pair.sum == self.shown.pair().sum {
            return;
        }
        looks.warned = None;
        tracing::info!(ends = %pair.ends, "certificate taken");
        self.shown.show(pair);
    }

    fn warn(&self, looks: &mut Looks, now: Timestamp) {
        let pair = self.shown.pair();
        let was_warned = looks
            .warned
            .is_some_and(|warned| now.duration_since(warned).abs() < WARN_AGAIN);
        if pair.ends_soon(now, ENDS_SOON) && !was_warned {
            looks.warned = Some(now);
            let file = self.files.certificate.display();
            tracing::warn!(ends = %pair.ends, %file, "certificate ends soon");
        }
    }
}

impl Looks {
    /// Tells of a pair that can't be used once, and only when it is still there at the second look.
    fn wrong(&mut self, error: &TlsError) {
        let what = error.to_string();
        self.wrong = match self.wrong.take() {
            Some((before, is_told)) if before == what => {
                if !is_told {
                    let (id, cure) = (error.id(), error.cure());
                    tracing::error!(id, %error, cure, "certificate not taken; the one before is still shown");
                }
                Some((what, true))
            }
            _ => Some((what, false)),
        };
    }
}

impl Shown {
    fn pair(&self) -> Arc<Pair> {
        // One pointer is exchanged: no panic leaves it half made.
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn show(&self, pair: Pair) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.pair().shown.clone())
    }
}

#[cfg(test)]
mod tests;
