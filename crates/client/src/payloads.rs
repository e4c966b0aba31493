//! Payloads for those who keep a mirror, and the hook by which caches are told to forget one.

use std::time::Duration;

use bytes::Bytes;
use mainstay_api::PayloadView;
use reqwest::header::ETAG;
use reqwest::{Client, Response, StatusCode, Url};
use serde::Serialize;
use tokio::time::timeout;

use crate::error::ClientError;
use crate::{Answer, Operator};

/// A server that sends nothing for so long has gone; who goes on begins where it stopped.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// A hook that hasn't answered by then has failed.
const HOOK_TIMEOUT: Duration = Duration::from_secs(60);
/// Where everybody may fetch the newest signed revocations.
const REVOCATIONS_PATH: &str = "/delivery/v1/revocations";

impl Operator {
    /// The payloads that a mirror holds.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn payloads(&self) -> Answer<Vec<PayloadView>> {
        self.0.get("/payloads").await
    }

    /// The bytes of a payload from this one on.
    ///
    /// # Errors
    /// As every request: [`ClientError`]; also if the server begins elsewhere.
    pub async fn payload(&self, digest: &str, from: u64) -> Answer<PayloadBytes> {
        let path = format!("/payloads/{digest}");
        let asked = timeout(SILENCE_MAX, self.0.bytes(&path, from)).await;
        let answer = asked.unwrap_or_else(|_elapsed| {
            Err(ClientError::Answer {
                path: path.clone(),
                why: "nothing of it came for a minute".to_owned(),
            })
        })?;
        Ok(PayloadBytes { answer, path })
    }

    /// What the newest signed revocations are called where everybody may fetch them: their ETag, without its quotes. None if there are none yet.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn revocations_tag(&self) -> Answer<Option<String>> {
        let answer = self.0.outside(REVOCATIONS_PATH).await?;
        let wrong = |why: String| ClientError::Answer {
            path: REVOCATIONS_PATH.to_owned(),
            why,
        };
        match answer.status() {
            StatusCode::NOT_FOUND => return Ok(None),
            StatusCode::OK => {}
            other => return Err(wrong(format!("{other} wasn't expected"))),
        }
        let tag = answer.headers().get(ETAG);
        let tag = tag.and_then(|tag| tag.to_str().ok());
        let tag = tag.ok_or_else(|| wrong("it has no ETag".to_owned()))?;
        // A cache on the way may have packed it, and calls it weak then.
        let tag = tag.trim_start_matches("W/").trim_matches('"');
        Ok(Some(tag.to_owned()))
    }
}

/// Bytes on their way.
#[derive(Debug)]
pub struct PayloadBytes {
    answer: Response,
    path: String,
}

impl PayloadBytes {
    /// The next ones; none at the end.
    ///
    /// # Errors
    /// [`ClientError::Answer`] if they broke off: ask for what is left.
    pub async fn next(&mut self) -> Answer<Option<Bytes>> {
        let broke = |why: String| ClientError::Answer {
            path: self.path.clone(),
            why,
        };
        match timeout(SILENCE_MAX, self.answer.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(cause)) => Err(broke(format!("it broke off: {}", cause.without_url()))),
            Err(_elapsed) => Err(broke("nothing of it came for a minute".to_owned())),
        }
    }
}

/// What a hook is told: a payload that no cache may have any more, or the newest revocations, of which no cache may have older ones.
#[derive(Debug, Clone, Serialize)]
pub struct Purge<'a> {
    /// Its digest.
    pub digest: &'a str,
    /// Where it lay, below the mirror's address; or where they lie.
    pub path: &'a str,
}

/// A hook at an address, asked with POST and JSON. It keeps its token to itself.
pub struct PurgeHook {
    http: Client,
    address: Url,
    token: Option<String>,
}

impl PurgeHook {
    /// The hook at `address`: over TLS, or on this machine.
    ///
    /// # Errors
    /// [`ClientError::Address`] if it is no such address.
    pub fn new(address: &str, token: Option<String>) -> Result<Self, ClientError> {
        // What somebody wrote there by mistake may be a password, and is told nowhere.
        let refused = || ClientError::Address("***".to_owned());
        let url: Url = address.parse().map_err(|_| refused())?;
        let is_here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
        let names_somebody = !url.username().is_empty() || url.password().is_some();
        if !is_safe || names_somebody {
            return Err(refused());
        }
        let http = Client::builder().redirect(reqwest::redirect::Policy::none());
        let http = http.timeout(HOOK_TIMEOUT).build();
        let http = http.map_err(|_| refused())?;
        Ok(Self {
            http,
            address: url,
            token,
        })
    }

    /// Tells it.
    ///
    /// # Errors
    /// In words, if it doesn't answer with success.
    pub async fn call(&self, purge: &Purge<'_>) -> Result<(), String> {
        let mut request = self.http.post(self.address.clone()).json(purge);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("it answered {}", answer.status())),
            Err(cause) => Err(cause.without_url().to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_asked_over_tls_or_on_this_machine() {
        for (address, good) in [
            ("https://cdn.example/purge", true),
            ("http://127.0.0.1:9000/purge", true),
            ("http://localhost/purge", true),
            ("http://cdn.example/purge", false),
            ("https://kim:secret@cdn.example/purge", false),
            ("ftp://cdn.example/purge", false),
            ("purge", false),
        ] {
            let hook = PurgeHook::new(address, None);
            assert_eq!(hook.is_ok(), good, "{address}");
            let told = hook.err().map(|error| format!("{error} {error:?}"));
            assert!(!told.is_some_and(|told| told.contains("secret")));
        }
    }
}
