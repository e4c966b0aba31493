//! The way to the server: HTTPS with a token or a certificate, one exchange at a time.
//!
//! Nothing that a server does holds the agent up or fills its memory: every exchange has a time, every answer
//! and its headers a size. One redirect is followed, for a piece of an image, without what lets the device in (`elsewhere.rs`). What is fetched is verified by the machine, so a
//! conquered server can waste time here and nothing else.

use std::io::{self, Read as _};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mainstay_protocol::{
    ELSEWHERE_HEADER, ELSEWHERE_VALUE, JOIN_PATH, MESSAGE_BYTES_MAX, PAYLOADS_PATH,
};
use mainstay_trust::Digest;
use ureq::http::header::{CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{Response, StatusCode};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector as _, TcpConnector};
use ureq::{Agent, Body};

use crate::clock::Clock;
use crate::config::Server;
use crate::durable;
use crate::elsewhere::Elsewhere;
use crate::fault::Fault;
use crate::identity::Identity;
use crate::join::Joining;
pub use crate::link_error::LinkError;
use crate::tls::{self, KnownTime, Tls};

/// What messages of the device protocol are.
const CBOR: &str = "application/cbor";
/// The largest file with a token, a certificate or authorities.
const PEM_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// All headers of one answer together.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// A piece that was cut counts if it has so many bytes: less in all the time of an exchange is no progress, and
/// a server that trickles is left.
const PIECE_BYTES_MIN: usize = 16 * 1024;
/// Until a connection stands, name and TLS included.
const CONNECT_MAX: Duration = Duration::from_secs(20);

/// What one exchange may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until a connection stands, name and TLS included.
    pub connect: Duration,
    /// All of it.
    pub exchange: Duration,
}

impl Limits {
    /// Those that the configuration says.
    #[must_use]
    pub fn of(server: &Server) -> Self {
        Self {
            connect: CONNECT_MAX.min(server.exchange),
            exchange: server.exchange,
        }
    }
}

/// The way to one server.
#[derive(Debug)]
pub struct Link {
    http: Agent,
    base: String,
    token: OnceLock<String>,
    /// Whether the device shows the certificate that it got for itself, and no token.
    shows_own: bool,
    /// How to come by a token where there is none.
    join: Option<Joining>,
    time: Arc<KnownTime>,
    elsewhere: Elsewhere,
}

impl Link {
    /// The way that the configuration says.
    ///
    /// # Errors
    /// If a file that it names can't be read or isn't what it should be.
    pub fn new(server: &Server, limits: Limits, trusts_clock: bool) -> Result<Self, Fault> {
        Self::showing(server, limits, trusts_clock, true)
    }

    /// The same, of a device that gets certificates for itself: whether it shows the one that it has, or its token.
    ///
    /// # Errors
    /// As [`Link::new`].
    pub(crate) fn showing(
        server: &Server,
        limits: Limits,
        trusts_clock: bool,
        shows_own: bool,
    ) -> Result<Self, Fault> {
        let own = server.own.as_ref().filter(|_| shows_own);
        let own = own.filter(|own| Identity::read(&own.file).is_some());
        let identity = own.map(|own| (own.file.clone(), own.file.clone()));
        let shows_own = identity.is_some();
        let server = &Server {
            identity: identity.or_else(|| server.identity.clone()),
            ..server.clone()
        };
        let time = Arc::new(KnownTime::new(trusts_clock));
        let (known, join) = match &server.token_file {
            None => (None, None),
            Some(file) => match Joining::where_needed(server.join.as_ref(), file)? {
                Some(join) => (None, Some(join)),
                None => (Some(token(file)?), None),
            },
        };
        let elsewhere = Elsewhere::new(server, limits, time.clone());
        let tls = match server.url.starts_with("https://") {
            true => Tls::to(server, time.clone())?,
            false => Tls::none(),
        };
        Ok(Self {
            http: http(limits, tls),
            base: server.url.clone(),
            token: known.map(OnceLock::from).unwrap_or_default(),
            shows_own,
            join,
            time,
            elsewhere,
        })
    }

    /// What the device's time floor is, in Unix seconds: the server's certificate must last beyond it.
    pub fn learn_time(&self, floor_s: u64) {
        self.time.learn(floor_s);
    }

    /// Whether the device shows the certificate that it got for itself.
    pub(crate) fn shows_own(&self) -> bool {
        self.shows_own
    }

    /// The device's token, which it joins for if it has none yet; none for a device that shows a certificate alone.
    fn token(&self) -> Result<Option<&String>, LinkError> {
        if self.shows_own {
            return Ok(None);
        }
        if let (None, Some(join)) = (self.token.get(), &self.join) {
            let token = join.token(|question| self.send((JOIN_PATH, CBOR), None, question))?;
            // Nobody else has put one there: there is one link, and one question at a time.
            let _ = self.token.set(token);
        }
        Ok(self.token.get())
    }

    /// Sends one message of the device protocol and returns the answer's bytes.
    ///
    /// # Errors
    /// If it brought no whole answer.
    pub fn post(&self, path: &str, body: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.send((path, CBOR), self.token()?, body)
    }

    /// Sends a request for a certificate, in base64, by what the device shows (RFC 7030, sections 4.2.1 and 4.2.2), and returns the answer.
    ///
    /// # Errors
    /// If it brought no whole answer.
    pub(crate) fn ask_certificate(&self, request: &str) -> Result<Vec<u8>, LinkError> {
        let path = match self.shows_own {
            true => "/.well-known/est/simplereenroll",
            false => "/.well-known/est/simpleenroll",
        };
        let kind = "application/pkcs10";
        self.send((path, kind), self.token()?, request.as_bytes())
    }

    fn send(
        &self,
        (path, kind): (&str, &str),
        token: Option<&String>,
        body: &[u8],
    ) -> Result<Vec<u8>, LinkError> {
        let mut request = self
            .http
            .post(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, kind);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send(body).map_err(failed)?;
        let mut answer = successful(answer)?;
        let mut bytes = Vec::new();
        let limit = MESSAGE_BYTES_MAX as u64;
        let reader = answer.body_mut().as_reader();
        reader
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(broken)?;
        match bytes.len() > MESSAGE_BYTES_MAX {
            true => Err(LinkError::TooLarge),
            false => Ok(bytes),
        }
    }

    /// Fetches up to `length` bytes of an image from `offset`. Fewer come if the connection breaks on the way.
    ///
    /// # Errors
    /// If it brought nothing, or something else.
    pub fn fetch(&self, image: &Digest, offset: u32, length: u32) -> Result<Vec<u8>, LinkError> {
        let last = u64::from(offset) + u64::from(length).max(1) - 1;
        let mut request = self
            .http
            .get(format!("{}{PAYLOADS_PATH}{image}", self.base))
            .header("range", format!("bytes={offset}-{last}"));
        if let Some(token) = self.token()? {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if self.elsewhere.is_open() {
            request = request.header(ELSEWHERE_HEADER, ELSEWHERE_VALUE);
        }
        let began = Clock::begin();
        let answer = request.call().map_err(failed)?;
        if let Some(place) = self.elsewhere.named_by(&answer) {
            let took = Duration::from_millis(began.elapsed_ms());
            return self.elsewhere.fetch(&place, offset, length, took);
        }
        asked_for(successful(answer)?, offset, length)
    }
}

/// What speaks HTTP within these limits.
pub(crate) fn http(limits: Limits, tls: Tls) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .max_response_header_size(HEADER_BYTES_MAX)
        .input_buffer_size(2 * HEADER_BYTES_MAX)
        .output_buffer_size(2 * HEADER_BYTES_MAX)
        .max_idle_connections(1)
        .user_agent(concat!("mainstay-agent/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(limits.connect))
        .timeout_global(Some(limits.exchange));
    let connector = ().chain(TcpConnector::default()).chain(tls);
    Agent::with_parts(config.build(), connector, DefaultResolver::default())
}

/// The bytes that were asked for, out of an answer that says it has them.
///
/// # Errors
/// If it has others, or too many.
pub(crate) fn asked_for(
    mut answer: Response<Body>,
    offset: u32,
    length: u32,
) -> Result<Vec<u8>, LinkError> {
    if !begins_at(&answer, offset) {
        return Err(LinkError::Wrong);
    }
    let partial = answer.status() == StatusCode::PARTIAL_CONTENT;
    let announced = answer.body().content_length();
    if partial && announced.is_some_and(|bytes| bytes > length.into()) {
        return Err(LinkError::TooLarge);
    }
    piece(answer.body_mut(), length)
}

/// Whether the body's first byte is the one at `offset`. A server that knows no ranges sends all.
fn begins_at(answer: &Response<Body>, offset: u32) -> bool {
    if answer.status() != StatusCode::PARTIAL_CONTENT {
        return offset == 0;
    }
    let range = answer.headers().get(CONTENT_RANGE);
    let range = range.and_then(|range| range.to_str().ok());
    let first = range
        .and_then(|range| range.strip_prefix("bytes "))
        .and_then(|range| range.split('-').next());
    first.and_then(|first| first.parse().ok()) == Some(offset)
}

fn piece(body: &mut Body, length: u32) -> Result<Vec<u8>, LinkError> {
    let mut bytes = Vec::with_capacity(length as usize);
    let ended = body.as_reader().take(length.into()).read_to_end(&mut bytes);
    // What arrived before it broke is as good as the rest. An end that comes early is none, whatever it is called:
    // byte by byte an image would never be whole.
    if bytes.len() >= PIECE_BYTES_MIN.min(length as usize) {
        return Ok(bytes);
    }
    match ended.map_err(ureq::Error::from) {
        Ok(_) => Err(LinkError::Wrong),
        Err(ureq::Error::Timeout(_)) if !bytes.is_empty() => Err(LinkError::Trickle(bytes.len())),
        // Ended in good order, after less than was announced.
        Err(ureq::Error::Io(error))
            if error.kind() == io::ErrorKind::UnexpectedEof && !bytes.is_empty() =>
        {
            Err(LinkError::Wrong)
        }
        Err(error) => Err(failed(error)),
    }
}

pub(crate) fn successful(answer: Response<Body>) -> Result<Response<Body>, LinkError> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let seconds = answer.headers().get(RETRY_AFTER);
    let seconds = seconds.and_then(|text| text.to_str().ok()?.trim().parse().ok());
    Err(LinkError::Refused(
        answer.status(),
        seconds.map(Duration::from_secs),
    ))
}

pub(crate) fn failed(error: ureq::Error) -> LinkError {
    match error {
        ureq::Error::Timeout(_) => LinkError::TooSlow,
        ureq::Error::LargeResponseHeader(..) | ureq::Error::BodyExceedsLimit(_) => {
            LinkError::TooLarge
        }
        ureq::Error::Protocol(_) => LinkError::Wrong,
        ureq::Error::Io(error) if tls::refuses_certificate(&error) => {
            LinkError::CertificateRefused(error.to_string())
        }
        other => LinkError::Unreachable(other.to_string()),
    }
}

fn broken(error: io::Error) -> LinkError {
    failed(ureq::Error::from(error))
}

fn token(path: &std::path::Path) -> Result<String, Fault> {
    let bytes = needed(path)?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    let text = text.trim();
    match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(unfit(path, "a token of one line")),
    }
}

/// A file that the configuration names.
///
/// # Errors
/// If it isn't there, or can't be read.
pub(crate) fn needed(path: &std::path::Path) -> Result<Vec<u8>, Fault> {
    durable::read(path, PEM_BYTES_MAX)?.ok_or_else(|| unfit(path, "there"))
}

/// A file that isn't what the configuration says.
pub(crate) fn unfit(path: &std::path::Path, what: &str) -> Fault {
    Fault::new(
        "agent.server-file",
        format!("{} isn't {what}", path.display()),
        "Put the file there that [server] in agent.toml names.",
    )
}
