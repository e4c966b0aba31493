//! The network between simulated devices and the real server: HTTP over loopback through a bounded
//! pool, or straight into the server's router, with the losses that a device's [`Luck`] declares.
//!
//! What is lost is lost for real: a lost request is never sent, a lost answer is thrown away after
//! the server has acted on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RANGE};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode};
use mainstay_fleet::DeviceId;
use mainstay_protocol::FOR_HEADER;
use reqwest::Client;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

/// Requests under way at once. Two cores serve no more in parallel, and a process has a bounded
/// number of sockets.
const REQUESTS_AT_ONCE: usize = 32;
/// The server answers in milliseconds; ten seconds means that it is gone.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that a device takes: a piece of payload or a directive.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The media type of the device protocol's messages.
const CBOR: &str = "application/cbor";

/// What happens to one request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Luck {
    /// It arrives, and so does its answer.
    Fine,
    /// It never reaches the server.
    RequestLost,
    /// The server acts on it, and the answer never arrives.
    AnswerLost,
    /// The answer stops halfway.
    Cut,
}

/// Why a request brought no whole answer. A device tries again later, whatever the reason.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The network lost it, as [`Luck`] declared.
    #[error("lost on the way")]
    Lost,
    /// Nobody answered, or the connection broke.
    #[error("no answer from the server: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// The request isn't one that HTTP knows.
    #[error("no request: {0}")]
    Malformed(#[from] axum::http::Error),
    /// The server refused.
    #[error("the server answered {0}")]
    Refused(StatusCode),
    /// The answer isn't for the device in whose name a gateway asked.
    #[error("the answer is for the gateway itself")]
    AnotherName,
    /// The answer is larger than any that a device takes.
    #[error("the answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

/// The way to a server, or to several that share one database.
#[derive(Debug, Clone)]
pub struct Link {
    way: Way,
    gate: Arc<Semaphore>,
    /// In whose name a gateway asks; none if devices ask themselves.
    child: Option<DeviceId>,
}

#[derive(Debug, Clone)]
enum Way {
    /// Over sockets, to these addresses in turn.
    Http(Client, Arc<Bases>),
    /// Into the router itself: no socket, no task, and so the same order every time.
    Straight(Router),
}

/// Where the servers are, of which each may be asked.
#[derive(Debug)]
struct Bases {
    all: Vec<String>,
    turn: AtomicUsize,
}

impl Bases {
    fn next(&self) -> &str {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let base = self.all.get(turn % self.all.len().max(1));
        base.map_or("", String::as_str)
    }
}

impl Link {
    /// A link to the server at `base`, such as `http://127.0.0.1:8480`.
    ///
    /// # Errors
    /// If the HTTP client can't be made.
    pub fn new(base: impl Into<String>) -> Result<Self, LinkError> {
        Self::to_any(vec![base.into()])
    }

    /// A link to several servers that share one database: each request goes to the next one, so that what one doesn't answer is asked of another
    /// when the device tries again.
    ///
    /// # Errors
    /// If the HTTP client can't be made.
    pub fn to_any(bases: Vec<String>) -> Result<Self, LinkError> {
        let http = Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .pool_max_idle_per_host(REQUESTS_AT_ONCE)
            .no_proxy()
            .build()
            .map_err(LinkError::Unreachable)?;
        let bases = Bases {
            all: bases,
            turn: AtomicUsize::new(0),
        };
        Ok(Self::by(Way::Http(http, Arc::new(bases))))
    }

    /// A link straight into a server of this process.
    pub fn straight(server: Router) -> Self {
        Self::by(Way::Straight(server))
    }

    fn by(way: Way) -> Self {
        let gate = Arc::new(Semaphore::new(REQUESTS_AT_ONCE));
        Self {
            way,
            gate,
            child: None,
        }
    }

    /// The same link as a gateway has it that asks in the name of this device: the tokens that are shown over it are the gateway's.
    #[must_use]
    pub fn in_the_name_of(self, child: DeviceId) -> Self {
        Self {
            child: Some(child),
            ..self
        }
    }

    /// Sends one message of the device protocol and returns the answer's bytes.
    ///
    /// # Errors
    /// If it brought no whole answer.
    pub async fn post(
        &self,
        path: &str,
        token: &str,
        body: &[u8],
        luck: Luck,
    ) -> Result<Vec<u8>, LinkError> {
        let request = Request::post(self.address(path)).header(CONTENT_TYPE, CBOR);
        self.send(request, body, token, luck).await
    }

    /// Fetches `length` bytes of a payload from `offset`; a cut answer is shorter.
    ///
    /// # Errors
    /// If it brought no answer at all.
    pub async fn fetch(
        &self,
        path: &str,
        token: &str,
        offset: u64,
        length: u64,
        luck: Luck,
    ) -> Result<Vec<u8>, LinkError> {
        let last = (offset + length).saturating_sub(1);
        let range = format!("bytes={offset}-{last}");
        let request = Request::get(self.address(path)).header(RANGE, range);
        self.send(request, &[], token, luck).await
    }

    fn address(&self, path: &str) -> String {
        match &self.way {
            Way::Http(_, bases) => format!("{}{path}", bases.next()),
            Way::Straight(_) => path.to_owned(),
        }
    }

    async fn send(
        &self,
        request: Builder,
        body: &[u8],
        token: &str,
        luck: Luck,
    ) -> Result<Vec<u8>, LinkError> {
        if luck == Luck::RequestLost {
            return Err(LinkError::Lost);
        }
        let _place = self.gate.acquire().await.map_err(|_| LinkError::Lost)?;
        let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        let request = match &self.child {
            None => request,
            Some(child) => request.header(FOR_HEADER, child.as_str()),
        };
        let request = request.body(body.to_vec())?;
        let bytes = match &self.way {
            Way::Http(client, _) => over_http(client, request, self.child.as_ref()).await?,
            Way::Straight(server) => straight(server.clone(), request, self.child.as_ref()).await?,
        };
        match luck {
            Luck::AnswerLost => Err(LinkError::Lost),
            Luck::Cut => Ok(bytes[..bytes.len() / 2].to_vec()),
            Luck::Fine | Luck::RequestLost => Ok(bytes),
        }
    }
}

async fn over_http(
    client: &Client,
    request: Request<Vec<u8>>,
    child: Option<&DeviceId>,
) -> Result<Vec<u8>, LinkError> {
    let request = request.try_into().map_err(LinkError::Unreachable)?;
    let answer = client
        .execute(request)
        .await
        .map_err(LinkError::Unreachable)?;
    if !answer.status().is_success() {
        return Err(LinkError::Refused(answer.status()));
    }
    expect_name(answer.headers(), child)?;
    if answer
        .content_length()
        .is_none_or(|length| length > ANSWER_BYTES_MAX as u64)
    {
        return Err(LinkError::TooLarge);
    }
    let bytes = answer.bytes().await.map_err(LinkError::Unreachable)?;
    Ok(bytes.to_vec())
}

async fn straight(
    server: Router,
    request: Request<Vec<u8>>,
    child: Option<&DeviceId>,
) -> Result<Vec<u8>, LinkError> {
    let answer = server.oneshot(request.map(Body::from)).await;
    let (parts, body) = answer.unwrap_or_else(|never| match never {}).into_parts();
    if !parts.status.is_success() {
        return Err(LinkError::Refused(parts.status));
    }
    expect_name(&parts.headers, child)?;
    let bytes = to_bytes(body, ANSWER_BYTES_MAX).await;
    Ok(bytes.map_err(|_larger| LinkError::TooLarge)?.to_vec())
}

/// That an answer is for the device in whose name was asked: where something between took the header away, it is the gateway's.
fn expect_name(headers: &HeaderMap, child: Option<&DeviceId>) -> Result<(), LinkError> {
    let named = headers.get(FOR_HEADER);
    let is_its = named.map(|name| name.as_bytes()) == child.map(|child| child.as_str().as_bytes());
    is_its.then_some(()).ok_or(LinkError::AnotherName)
}
