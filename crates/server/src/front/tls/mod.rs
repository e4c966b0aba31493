//! TLS: what the server shows to its clients, whose certificates of devices it takes, and how it takes files that were
//! replaced while it runs.
//!
//! Its certificate is in files that somebody brings, or it is given one by ACME ([`crate::acme`]); then there may be none yet, and nobody is let in but who
//! looks whether it may be given one (`challenges.rs`). The key stays in memory and is told nowhere. Files that can't be used never replace those that can.
//! Read [`Tls`].

mod authorities;
mod challenges;
mod error;
mod pair;
mod peer;
mod shown;
mod tickets;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

pub(crate) use authorities::is_given_by;
use authorities::{Authorities, Sum};
pub(crate) use challenges::{Answer, Challenges};
pub use error::{TlsError, TlsFile};
pub(crate) use pair::{Pair, validity};
pub use peer::fingerprint_of_pem;
pub(crate) use peer::{PeerCertificate, fingerprint, is_of};
use shown::Shown;
use tickets::{TicketSecret, Tickets};

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

/// Where the certificate and its key are, and who gives certificates to devices, all in PEM; and where the secret for tickets is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, and behind it those of the authorities between.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authorities that give certificates to devices; none if devices show tokens alone.
    pub device_ca: Option<PathBuf>,
    /// The secret of all servers that open each other's session tickets, 64 hexadecimal digits; none if each server opens its own alone. It is read at the start.
    pub ticket_key: Option<PathBuf>,
}

/// What a server shows to its clients, and takes of them.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    shown: Arc<Shown>,
    tickets: Option<Arc<TicketSecret>>,
    /// What it is asked by who gives it its certificate; none if somebody brings that.
    challenges: Option<Arc<Challenges>>,
    spoken: RwLock<Arc<Spoken>>,
}

/// How TLS is spoken on connections that begin now.
#[derive(Debug)]
pub(super) struct Spoken {
    config: Arc<ServerConfig>,
    authorities: Option<Authorities>,
    challenges: Option<Arc<Challenges>>,
}

/// What the files hold. Neither waits for the other: an authority that is taken out counts no more, also while the server's own certificate is over.
#[derive(Debug)]
struct Found {
    pair: Result<Pair, TlsError>,
    authorities: Option<Result<Authorities, TlsError>>,
}

/// What the looks at the files have found so far.
#[derive(Debug, Default)]
struct Looks {
    pair: Flaw,
    authorities: Flaw,
    /// Of which pair, and when.
    warned: Option<([u8; 32], Timestamp)>,
}

/// What was wrong at the last look, and whether that was told.
#[derive(Debug, Default)]
struct Flaw(Option<(String, bool)>);

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`] names the file and what is wrong with it.
    pub fn open(files: TlsFiles, now: Timestamp) -> Result<Self, TlsError> {
        let pair = Pair::read(&files, now)?;
        Self::with(files, Some(pair), None, now)
    }

    /// One that is given its certificate while it runs. `files` names where that is kept, from a start on which has none to show, or an earlier one's.
    ///
    /// # Errors
    /// [`TlsError`] names the file, of the others, and what is wrong with it.
    pub(crate) fn given(
        files: TlsFiles,
        kept: Option<Pair>,
        now: Timestamp,
    ) -> Result<Self, TlsError> {
        Self::with(files, kept, Some(Arc::new(Challenges::none()?)), now)
    }

    fn with(
        files: TlsFiles,
        pair: Option<Pair>,
        challenges: Option<Arc<Challenges>>,
        now: Timestamp,
    ) -> Result<Self, TlsError> {
        let authorities = files.device_ca.as_deref().map(Authorities::read);
        let shown = Arc::new(Shown::of(pair));
        let secret = files.ticket_key.as_deref();
        let tickets = secret.map(|path| TicketSecret::read(path, now).map(Arc::new));
        let tickets = tickets.transpose()?;
        let authorities = authorities.transpose()?;
        let spoken = Spoken::new(&shown, tickets.as_ref(), authorities, challenges.clone())?;
        Ok(Self {
            files,
            shown,
            tickets,
            challenges,
            spoken: RwLock::new(Arc::new(spoken)),
        })
    }

    /// When the certificate that is shown ends; none if there is none yet.
    pub fn ends(&self) -> Option<Timestamp> {
        self.pair().map(|pair| pair.ends)
    }

    /// The certificate that is shown, if there is one, and its key.
    pub(crate) fn pair(&self) -> Option<Arc<Pair>> {
        self.shown.pair()
    }

    /// What it is asked by who gives it its certificate; none if somebody brings that.
    pub(crate) fn challenges(&self) -> Option<&Arc<Challenges>> {
        self.challenges.as_ref()
    }

    /// From now on this one is shown, on connections that begin.
    pub(crate) fn show(&self, pair: Pair) {
        tracing::info!(ends = %pair.ends, "certificate taken");
        self.shown.show(pair);
    }

    /// How TLS is spoken on a connection that begins now.
    pub(super) fn spoken(&self) -> Arc<Spoken> {
        // One pointer is exchanged: no panic leaves it half made.
        let spoken = self.spoken.read();
        spoken.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a certificate that was shown when a connection began still counts.
    pub(crate) fn takes(&self, certificate: &PeerCertificate, now: Timestamp) -> bool {
        let spoken = self.spoken();
        let authorities = spoken.authorities.as_ref();
        authorities.is_some_and(|authorities| authorities.take(certificate, now))
    }

    /// The device authorities of now that vouch for a certificate, by the SHA-256 of theirs.
    pub(crate) fn behind(&self, certificate: &PeerCertificate, now: Timestamp) -> Vec<[u8; 32]> {
        let spoken = self.spoken();
        let authorities = spoken.authorities.as_ref();
        authorities.map_or_else(Vec::new, |authorities| authorities.behind(certificate, now))
    }

    /// Whether two of the device authorities of now could vouch for the same device, by all that the file of them holds.
    pub(crate) fn share(&self, one: &[u8; 32], another: &[u8; 32]) -> bool {
        let spoken = self.spoken();
        let authorities = spoken.authorities.as_ref();
        authorities.is_some_and(|authorities| authorities.share(one, another))
    }

    /// Whether one of the authorities of now vouches for a device that shows this certificate and nothing else.
    pub(crate) fn vouches_for(
        &self,
        certificate: &CertificateDer<'static>,
        now: Timestamp,
    ) -> bool {
        let spoken = self.spoken();
        let authorities = spoken.authorities.as_ref();
        let chain = std::slice::from_ref(certificate);
        authorities.is_some_and(|authorities| authorities.vouch_for(chain, now))
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
        if let Some(tickets) = &self.tickets {
            tickets.set_time(now);
        }
        let files = self.files.clone();
        let read = tokio::task::spawn_blocking(move || Found::read(&files, now)).await;
        // A task that broke off is as good as a look that found nothing new.
        if let Ok(found) = read {
            self.follow(looks, found);
        }
    }

    fn follow(&self, looks: &mut Looks, found: Found) {
        // What it was given is replaced by who asks for it, and by no file.
        if self.challenges.is_none() {
            let pair = found.pair.map(|pair| self.show_if_new(pair));
            looks.pair.note(pair);
        }
        let taken = match found.authorities {
            Some(found) => found.and_then(|found| self.take_from_now_on(found)),
            None => Ok(()),
        };
        looks.authorities.note(taken);
    }

    fn show_if_new(&self, pair: Pair) {
        if self.pair().is_none_or(|shown| shown.sum != pair.sum) {
            self.show(pair);
        }
    }

    /// Connections that begin from now on are spoken to under these authorities.
    fn take_from_now_on(&self, authorities: Authorities) -> Result<(), TlsError> {
        if self.spoken().sum() == Some(authorities.sum) {
            return Ok(());
        }
        let (tickets, challenges) = (self.tickets.as_ref(), self.challenges.clone());
        let spoken = Spoken::new(&self.shown, tickets, Some(authorities), challenges)?;
        tracing::info!("authorities of devices taken");
        let mut now = self.spoken.write().unwrap_or_else(PoisonError::into_inner);
        *now = Arc::new(spoken);
        Ok(())
    }

    fn warn(&self, looks: &mut Looks, now: Timestamp) {
        let Some(pair) = self.pair() else {
            return;
        };
        let was_warned = looks.warned.is_some_and(|(sum, warned)| {
            sum == pair.sum && now.duration_since(warned).abs() < WARN_AGAIN
        });
        if pair.ends_soon(now, ENDS_SOON) && !was_warned {
            looks.warned = Some((pair.sum, now));
            let file = self.files.certificate.display();
            tracing::warn!(ends = %pair.ends, %file, "certificate ends soon");
        }
    }
}

impl Found {
    fn read(files: &TlsFiles, now: Timestamp) -> Self {
        Self {
            pair: Pair::read(files, now),
            authorities: files.device_ca.as_deref().map(Authorities::read),
        }
    }
}

impl Spoken {
    /// With tickets of its own: whoever resumes a session was looked at under these authorities, not under those before.
    fn new(
        shown: &Arc<Shown>,
        tickets: Option<&Arc<TicketSecret>>,
        authorities: Option<Authorities>,
        challenges: Option<Arc<Challenges>>,
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Library)?;
        let config = match &authorities {
            None => config.with_no_client_auth(),
            Some(found) => config.with_client_cert_verifier(found.verifier.clone()),
        };
        let mut config = config.with_cert_resolver(shown.clone());
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // Who comes again within some hours saves both sides half of the handshake. Tickets are sealed by a new key every six hours.
        let own = aws_lc_rs::Ticketer::new().map_err(TlsError::Library)?;
        let sum = authorities.as_ref().map(|found| found.sum);
        config.ticketer = match tickets {
            None => own,
            Some(secret) => Arc::new(Tickets::new(secret.clone(), sum, own)),
        };
        Ok(Self {
            config: Arc::new(config),
            authorities,
            challenges,
        })
    }

    /// Shakes hands on a connection; none if that was all that its other end wanted.
    ///
    /// # Errors
    /// If the handshake fails, or the connection breaks.
    pub async fn shake<T>(&self, io: T) -> io::Result<Option<TlsStream<T>>>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let Some(challenges) = &self.challenges else {
            return self.acceptor().accept(io).await.map(Some);
        };
        let begun = LazyConfigAcceptor::new(Acceptor::default(), io).await?;
        if !Challenges::is_one(&begun.client_hello()) {
            return begun.into_stream(self.config.clone()).await.map(Some);
        }
        let mut answered = begun.into_stream(challenges.config()).await?;
        answered.shutdown().await?;
        Ok(None)
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }

    /// What was shown on a connection on which it is spoken.
    pub fn shown_by<T>(&self, stream: &TlsStream<T>) -> Option<PeerCertificate> {
        let (_, connection) = stream.get_ref();
        PeerCertificate::of(connection.peer_certificates(), self.sum()?)
    }

    fn sum(&self) -> Option<Sum> {
        self.authorities.as_ref().map(|found| found.sum)
    }
}

impl Flaw {
    /// Tells of what can't be used once, and only when it is still there at the second look.
    fn note(&mut self, taken: Result<(), TlsError>) {
        let Err(error) = taken else {
            self.0 = None;
            return;
        };
        let what = error.to_string();
        self.0 = match self.0.take() {
            Some((before, is_told)) if before == what => {
                if !is_told {
                    let (id, cure) = (error.id(), error.cure());
                    tracing::error!(id, %error, cure, "file of TLS not taken; what it held before still counts");
                }
                Some((what, true))
            }
            _ => Some((what, false)),
        };
    }
}

#[cfg(test)]
mod tests;
