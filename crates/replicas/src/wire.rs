//! One question to one replica, and what came of it: a good answer, "come back later", a broken connection, or something that no device should ever get.
//!
//! Connections are kept open and shared by all devices. Nothing is tried again here. Read [`Wire`].

use std::time::Duration;

use anyhow::Context as _;
use mainstay_protocol::PAYLOADS_PATH;
use mainstay_server::{Clock as _, SystemClock};
use mainstay_trust::Digest;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RANGE, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode};

use crate::seen::{Piece, Record};

/// Whoever has heard nothing for so long waits for an answer that doesn't come. A server answers 503 well before, when its database is silent.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Connections that are kept open to each replica.
const IDLE_MAX: usize = 128;
/// Of an answer that is wrong, so much is told.
const TOLD_MAX: usize = 300;

/// What came of a question.
#[derive(Debug)]
pub enum Reply {
    /// A good answer.
    Good(Vec<u8>),
    /// 503, with the word when to come back.
    Unavailable,
    /// Nothing of this name, or not for this device.
    Gone,
    /// The connection broke, or nobody listened.
    Broken,
    /// What no device should get.
    Wrong(String),
}

/// The way to all replicas.
#[derive(Debug, Clone)]
pub struct Wire {
    client: Client,
}

impl Wire {
    /// A way with no connection yet.
    ///
    /// # Errors
    /// If the HTTP client can't be made.
    pub fn new() -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(PATIENCE)
            .pool_max_idle_per_host(IDLE_MAX)
            .no_proxy()
            .build()
            .context("no HTTP client")?;
        Ok(Self { client })
    }

    /// Sends one message of the device protocol.
    pub async fn post(&self, base: &str, path: &str, token: &str, body: Vec<u8>) -> Reply {
        let request = self.client.post(format!("{base}{path}"));
        let request = request.header(CONTENT_TYPE, "application/cbor").body(body);
        self.send(request, token, None).await
    }

    /// Fetches some bytes of a payload; each piece is noted when it is there. Where it breaks, what came until then is lost.
    pub async fn fetch(
        &self,
        base: &str,
        image: &Digest,
        token: &str,
        (offset, length): (usize, usize),
        record: &Record,
    ) -> Reply {
        let last = offset + length.max(1) - 1;
        let request = self.client.get(format!("{base}{PAYLOADS_PATH}{image}"));
        let request = request.header(RANGE, format!("bytes={offset}-{last}"));
        self.send(request, token, Some(record)).await
    }

    async fn send(&self, request: RequestBuilder, token: &str, record: Option<&Record>) -> Reply {
        let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        match request.send().await {
            Ok(answer) => read(answer, record).await,
            Err(error) => failed(&error),
        }
    }
}

/// A connection that breaks is what a kill does; silence is what nobody should do.
fn failed(error: &reqwest::Error) -> Reply {
    match error.is_timeout() {
        true => Reply::Wrong(format!("no answer within {PATIENCE:?}")),
        false => Reply::Broken,
    }
}

async fn read(mut answer: Response, record: Option<&Record>) -> Reply {
    let status = answer.status();
    let says_when = answer.headers().contains_key(RETRY_AFTER);
    let mut bytes = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(piece)) => {
                bytes.extend_from_slice(&piece);
                if let (Some(record), true) = (record, status.is_success()) {
                    let (at, bytes) = (SystemClock.now(), piece.len() as u64);
                    record.note(|seen| seen.pieces.push(Piece { at, bytes }));
                }
            }
            Ok(None) => break,
            // Bytes of a payload may be slow to come: that is the line's business.
            Err(_) if record.is_some() => return Reply::Broken,
            Err(error) => return failed(&error),
        }
    }
    match status {
        status if status.is_success() => Reply::Good(bytes),
        StatusCode::SERVICE_UNAVAILABLE if says_when => Reply::Unavailable,
        StatusCode::SERVICE_UNAVAILABLE => Reply::Wrong("503 without Retry-After".to_owned()),
        StatusCode::NOT_FOUND if record.is_some() => Reply::Gone,
        status => {
            let told = String::from_utf8_lossy(&bytes[..bytes.len().min(TOLD_MAX)]);
            Reply::Wrong(format!("{status}: {told}"))
        }
    }
}
