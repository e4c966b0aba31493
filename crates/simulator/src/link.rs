//! The network between simulated devices and the real server: HTTP over loopback through a bounded
//! pool, with the losses that a device's [`Luck`] declares.
//!
//! What is lost is lost for real: a lost request is never sent, a lost answer is thrown away after
//! the server has acted on it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RANGE};
use reqwest::{Client, RequestBuilder, StatusCode};
use tokio::sync::Semaphore;

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
    /// The server refused.
    #[error("the server answered {0}")]
    Refused(StatusCode),
    /// The answer is larger than any that a device takes.
    #[error("the answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

/// The way to one server.
#[derive(Debug, Clone)]
pub struct Link {
    http: Client,
    base: String,
    gate: Arc<Semaphore>,
}

impl Link {
    /// A link to the server at `base`, such as `http://127.0.0.1:8480`.
    ///
    /// # Errors
    /// If the HTTP client can't be made.
    pub fn new(base: impl Into<String>) -> Result<Self, LinkError> {
        let http = Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .pool_max_idle_per_host(REQUESTS_AT_ONCE)
            .no_proxy()
            .build()
            .map_err(LinkError::Unreachable)?;
        Ok(Self {
            http,
            base: base.into(),
            gate: Arc::new(Semaphore::new(REQUESTS_AT_ONCE)),
        })
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
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .body(body.to_vec());
        self.send(request.header(CONTENT_TYPE, CBOR), token, luck)
            .await
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
        let request = self.http.get(format!("{}{path}", self.base));
        let request = request.header(RANGE, format!("bytes={offset}-{last}"));
        self.send(request, token, luck).await
    }

    async fn send(
        &self,
        request: RequestBuilder,
        token: &str,
        luck: Luck,
    ) -> Result<Vec<u8>, LinkError> {
        if luck == Luck::RequestLost {
            return Err(LinkError::Lost);
        }
        let _place = self.gate.acquire().await.map_err(|_| LinkError::Lost)?;
        let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        let answer = request.send().await.map_err(LinkError::Unreachable)?;
        if !answer.status().is_success() {
            return Err(LinkError::Refused(answer.status()));
        }
        if answer
            .content_length()
            .is_none_or(|length| length > ANSWER_BYTES_MAX as u64)
        {
            return Err(LinkError::TooLarge);
        }
        let bytes = answer.bytes().await.map_err(LinkError::Unreachable)?;
        match luck {
            Luck::AnswerLost => Err(LinkError::Lost),
            Luck::Cut => Ok(bytes[..bytes.len() / 2].to_vec()),
            Luck::Fine | Luck::RequestLost => Ok(bytes.to_vec()),
        }
    }
}
