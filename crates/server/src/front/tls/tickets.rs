//! Session tickets that several servers open, since they seal them under one secret. Read [`Tickets`].
//!
//! Who comes again shows a ticket, and both sides save half of the handshake. A ticket is the session itself, sealed:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the number of the period in which it was sealed, the highest byte first; in clear, and held to by the seal |
//! | 12 | a nonce, drawn for this ticket |
//! | the rest | the session under AES-256-GCM, and its tag of 16 bytes |
//!
//! A key lasts for one period, and comes by HKDF-SHA-256 from the secret, the authorities of devices and the number of the period: servers agree on all
//! that without a word between them. What is kept from whoever steals the secret is never sealed under it ([`may_be_shared`]).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use jiff::Timestamp;
use rustls::server::ProducesTickets;
use zeroize::Zeroizing;

use super::authorities::Sum;
use super::error::{TlsError, TlsFile};
use super::pair::bounded;

/// How long a key seals. A ticket is opened until the next period ends, so for as long at least; clients are told that it is good for no longer.
const PERIOD_SECONDS: u32 = 6 * 60 * 60;

/// A session without a certificate is a name of at most 255 bytes, a secret of at most 48 and some numbers.
const TICKET_BYTES_MAX: usize = 1024;

/// The bytes of the secret, and of each key.
const KEY_BYTES: usize = 32;

/// What the keys are for; another use of the same file, or another form of tickets, would have other keys.
const PURPOSE: &[u8] = b"mainstay tls tickets 1";

/// TLS 1.3, as sessions name it (RFC 8446, section 4.1.2).
const TLS_1_3: [u8; 2] = [3, 4];

/// What all servers have that open each other's tickets, and what time it is here. It is never shown.
#[derive(Debug)]
pub(super) struct TicketSecret {
    secret: Prk,
    period: AtomicU64,
}

impl TicketSecret {
    /// Reads the file.
    ///
    /// # Errors
    /// [`TlsError`], if it can't be read or holds anything but 64 hexadecimal digits. What it holds is in no error.
    pub fn read(path: &Path, now: Timestamp) -> Result<Self, TlsError> {
        let text = Zeroizing::new(bounded(path, TlsFile::TicketKey)?);
        let mut secret = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(text.trim_ascii(), &mut *secret)
            .map_err(|_| TlsError::NoTicketKey(path.to_owned()))?;
        Ok(Self {
            secret: Salt::new(HKDF_SHA256, PURPOSE).extract(&*secret),
            period: AtomicU64::new(period(now)),
        })
    }

    /// Tells what time it is: tickets are sealed and judged by it until the next time.
    pub fn set_time(&self, now: Timestamp) {
        // One number, beside which nothing else is read or written.
        self.period.store(period(now), Ordering::Relaxed);
    }

    fn period(&self) -> u64 {
        self.period.load(Ordering::Relaxed)
    }

    /// The key of a period. It is made anew for each ticket: some microseconds beside a handshake, and no lock.
    fn key(&self, authorities: &Sum, period: u64) -> Option<RandomizedNonceKey> {
        let period = period.to_be_bytes();
        let about = [&authorities[..], &period[..]];
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let made = self.secret.expand(&about, &AES_256_GCM).ok()?;
        made.fill(&mut *key).ok()?;
        RandomizedNonceKey::new(&AES_256_GCM, &*key).ok()
    }
}

/// Which period an instant is in.
fn period(now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or(0) / u64::from(PERIOD_SECONDS)
}

/// Seals and opens the tickets of one server, under one set of authorities of devices.
#[derive(Debug)]
pub(super) struct Tickets {
    secret: Arc<TicketSecret>,
    authorities: Sum,
    own: Arc<dyn ProducesTickets>,
}

impl Tickets {
    /// Under the secret, and for those sessions that aren't sealed under it, under what this server drew by itself. Only servers with the same authorities of devices
    /// open each other's: where there were none before, a device would come in by a session that never asked it for its certificate.
    pub fn new(
        secret: Arc<TicketSecret>,
        authorities: Option<Sum>,
        own: Arc<dyn ProducesTickets>,
    ) -> Self {
        Self {
            secret,
            authorities: authorities.unwrap_or_default(),
            own,
        }
    }

    fn seal(&self, session: &[u8]) -> Option<Vec<u8>> {
        let period = self.secret.period();
        let key = self.secret.key(&self.authorities, period)?;
        let named = period.to_be_bytes();
        let mut sealed = session.to_vec();
        // By chance: 2^32 of them under one key are held to be safe (NIST SP 800-38D, section 8.3), which is 200,000 tickets in each second of a period.
        let nonce = key.seal_in_place_append_tag(Aad::from(named), &mut sealed);
        let nonce: [u8; NONCE_LEN] = *nonce.ok()?.as_ref();
        let ticket = [&named[..], &nonce[..], &sealed[..]].concat();
        (ticket.len() <= TICKET_BYTES_MAX).then_some(ticket)
    }

    /// The session in a ticket of this period, of the one before, or of the one after, which has begun by another server's clock.
    fn open(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        if ticket.len() > TICKET_BYTES_MAX {
            return None;
        }
        let (named, rest) = ticket.split_first_chunk()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let period = u64::from_be_bytes(*named);
        if period.abs_diff(self.secret.period()) > 1 {
            return None;
        }
        let key = self.secret.key(&self.authorities, period)?;
        let mut session = sealed.to_vec();
        let opened = key.open_in_place(Nonce::from(nonce), Aad::from(*named), &mut session);
        let bytes = opened.ok()?.len();
        session.truncate(bytes);
        // No server has sealed another one under the secret: whoever did has stolen it.
        may_be_shared(&session).then_some(session)
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        PERIOD_SECONDS
    }

    fn encrypt(&self, session: &[u8]) -> Option<Vec<u8>> {
        match may_be_shared(session) {
            true => self.seal(session),
            false => self.own.encrypt(session),
        }
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        self.open(ticket).or_else(|| self.own.decrypt(ticket))
    }
}

/// Whether a session may be sealed under the secret: of TLS 1.3 alone, and without a certificate.
///
/// One of TLS 1.2 holds the keys of all that was said in it, so that whoever steals the secret would read what he recorded; TLS 1.3 exchanges keys anew. One with
/// a certificate lets in whom it names, so that whoever writes one himself would be any device.
fn may_be_shared(session: &[u8]) -> bool {
    looked_at(session)
        .is_some_and(|(version, has_certificate)| version == TLS_1_3 && !has_certificate)
}

/// The version of TLS, and whether a certificate was shown. rustls writes a session so, and tells no more of it; what isn't so is left to it alone:
///
/// | bytes | what |
/// |---|---|
/// | 1 | 1 if there is a server's name, else 0 |
/// | 1, and so many | the server's name, if there is one |
/// | 2, 2 | the version, and the cipher suite |
/// | 1, and so many | the secret |
/// | 1 | whether it is an extended one |
/// | 1 | 1 if certificates follow, else 0 |
fn looked_at(session: &[u8]) -> Option<([u8; 2], bool)> {
    let (has_name, rest) = session.split_first()?;
    let rest = match has_name {
        0 => rest,
        1 => behind_counted(rest)?,
        _ => return None,
    };
    let (version, rest) = rest.split_first_chunk()?;
    let rest = behind_counted(rest.get(2..)?)?;
    match rest {
        [_, 0, ..] => Some((*version, false)),
        [_, 1, ..] => Some((*version, true)),
        _ => None,
    }
}

/// What stands behind a byte and as many bytes as it says.
fn behind_counted(bytes: &[u8]) -> Option<&[u8]> {
    let (count, rest) = bytes.split_first()?;
    rest.get(usize::from(*count)..)
}

#[cfg(test)]
mod tests;
