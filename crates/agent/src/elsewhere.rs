//! A mirror that the server names for a piece of an image.
//!
//! It is asked without what lets the device in at the server: no token, no certificate. What it sends counts only if it has the digest that the server
//! told of this very piece; so the machine never sees a byte of a mirror's that the server wouldn't have sent, and a mirror that is slow, gone or lies costs one
//! piece's time. Then the server is asked for the next ones itself.
//!
//! | a mirror | and so |
//! |---|---|
//! | brings the piece | the next piece may come from it, too |
//! | brings the piece after a long while | the piece counts; then as if it hadn't come: a device that takes until its rollout's horizon makes a good release look bad |
//! | brings none, or another one | the server itself for [`PIECES_WITHOUT`] pieces, then the mirror once more |
//!
//! Read [`Elsewhere`].

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mainstay_keys::HostPrimitives;
use mainstay_protocol::PIECE_DIGEST_HEADER;
use mainstay_trust::{Digest, Primitives as _};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use crate::clock::Clock;
use crate::config::Server;
use crate::link::{self, Limits, LinkError};
use crate::tls::{KnownTime, Tls};

/// So many pieces in a row come from the server after a mirror failed: 64 MiB as a rule, and a mirror that is back then is of use again.
const PIECES_WITHOUT: u32 = 256;
/// The longest that one piece is waited for, what the server took to name the mirror not counted. Less is left of a short exchange.
const FETCH_MAX: Duration = Duration::from_secs(20);
/// A piece that took more than this part of the time that it had is slow: five seconds as a rule, 50 kB in one of them.
const SLOW_PART: u32 = 4;
/// With less than this left of the exchange, no mirror is asked.
const FETCH_MIN: Duration = Duration::from_secs(1);
/// The longest address: a signed one of a bucket has some 500 signs, one with a session's token 2,000.
const ADDRESS_BYTES_MAX: usize = 8192;

/// What a mirror is asked with.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    server: Server,
    limits: Limits,
    time: Arc<KnownTime>,
    /// Made when the server names a mirror for the first time: authorities take memory. None if they can't be read; no mirror is asked then.
    http: OnceLock<Option<Agent>>,
    /// Whether the server itself is this machine's own: so may a mirror be then.
    may_be_plain: bool,
    /// Pieces that come from the server, before a mirror is asked again.
    without: AtomicU32,
}

/// Where a piece is, and what it is.
#[derive(Debug)]
pub(crate) struct Place {
    address: String,
    digest: Digest,
}

impl Elsewhere {
    /// A way to mirrors that show certificates of the same authorities as the server.
    pub fn new(server: &Server, limits: Limits, time: Arc<KnownTime>) -> Self {
        let nobody = Server {
            identity: None,
            own: None,
            token_file: None,
            ..server.clone()
        };
        Self {
            may_be_plain: !server.url.starts_with("https://"),
            server: nobody,
            limits,
            time,
            http: OnceLock::new(),
            without: AtomicU32::new(0),
        }
    }

    fn http(&self) -> Option<&Agent> {
        let http = self.http.get_or_init(|| {
            let tls = match Tls::to(&self.server, self.time.clone()) {
                Ok(tls) => Some(tls),
                // A server on this machine needs no authorities, and neither does a mirror there.
                Err(_) => self.may_be_plain.then(Tls::none),
            };
            tls.map(|tls| link::http(self.limits, tls))
        });
        http.as_ref()
    }

    /// Whether the next piece may come from a mirror. Counts the pieces that don't.
    pub fn is_open(&self) -> bool {
        let left = |left: u32| left.checked_sub(1);
        let order = Ordering::Relaxed;
        self.without.fetch_update(order, order, left).is_err()
    }

    /// Where the server sends the agent, if it does: with a digest, and over TLS. Any other redirect stays an answer that is refused, and the server isn't
    /// told again that the agent goes elsewhere: else it would send it to the same place for ever.
    pub fn named_by(&self, answer: &Response<Body>) -> Option<Place> {
        if answer.status() != StatusCode::TEMPORARY_REDIRECT {
            return None;
        }
        let place = self.place(answer);
        if place.is_none() {
            self.without.store(PIECES_WITHOUT, Ordering::Relaxed);
        }
        place
    }

    fn place(&self, answer: &Response<Body>) -> Option<Place> {
        let address = word(answer, "location")?;
        let is_safe = address.starts_with("https://") || self.is_this_machine(address);
        let digest = Digest::parse_hex(word(answer, PIECE_DIGEST_HEADER)?)?;
        (is_safe && address.len() <= ADDRESS_BYTES_MAX).then(|| Place {
            address: address.to_owned(),
            digest,
        })
    }

    fn is_this_machine(&self, address: &str) -> bool {
        let host = address
            .strip_prefix("http://")
            .and_then(|rest| rest.split(['/', ':']).next());
        let is_here = host.is_some_and(|host| ["127.0.0.1", "localhost"].contains(&host));
        // What stands before an @ is somebody's name, and the host behind it.
        self.may_be_plain && is_here && !address.contains('@')
    }

    /// The piece, within what is left of an exchange in which the server `took` so long to name the place. After a slow one, the next ones come from
    /// the server.
    ///
    /// # Errors
    /// [`LinkError::Elsewhere`], if it isn't the whole piece that the server told the digest of. The next ones come from the server then, too.
    pub fn fetch(
        &self,
        place: &Place,
        offset: u32,
        length: u32,
        took: Duration,
    ) -> Result<Vec<u8>, LinkError> {
        let began = Clock::begin();
        let time = FETCH_MAX.min(self.limits.exchange.saturating_sub(took));
        let fetched = self.piece(place, offset, length, time);
        let lasted = Duration::from_millis(began.elapsed_ms());
        if fetched.is_err() || lasted > time / SLOW_PART {
            self.without.store(PIECES_WITHOUT, Ordering::Relaxed);
        }
        fetched.map_err(LinkError::Elsewhere)
    }

    fn piece(
        &self,
        place: &Place,
        offset: u32,
        length: u32,
        time: Duration,
    ) -> Result<Vec<u8>, String> {
        if time < FETCH_MIN {
            return Err("there was no time left for a mirror".to_owned());
        }
        let http = self.http();
        let http = http.ok_or("the authorities that vouch for mirrors can't be read")?;
        let last = u64::from(offset) + u64::from(length).max(1) - 1;
        let request = http
            .get(&place.address)
            .header("range", format!("bytes={offset}-{last}"))
            .config()
            .timeout_global(Some(time))
            .build();
        // What went wrong is told without the address: that lets in whoever has it.
        let told = |error: LinkError| match error {
            LinkError::Refused(status, _) => format!("the mirror answered {status}"),
            LinkError::Unreachable(_) => "the mirror can't be reached".to_owned(),
            other => format!("the mirror failed ({})", other.id()),
        };
        let answer = request.call().map_err(|error| told(link::failed(error)))?;
        let answer = link::successful(answer).map_err(told)?;
        let bytes = link::asked_for(answer, offset, length).map_err(told)?;
        match HostPrimitives.digest(&bytes) == place.digest {
            true => Ok(bytes),
            false => Err("the mirror sent other bytes, or not all of them".to_owned()),
        }
    }
}

fn word<'a>(answer: &'a Response<Body>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}
