//! What requests with a key of their own were answered, so that one that comes twice is done once. Read [`Answers`].
//!
//! A key is taken before its request is worked on, and gets its answer afterwards: the change itself is another transaction, in between. So of a server
//! that is killed in the midst nobody knows whether it was made; the key stays taken, and whoever sends the request again is told so. It is never made twice.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::Email;

use crate::StoreError;

/// So long a key is remembered.
pub const KEYS_LAST: Duration = Duration::from_secs(24 * 60 * 60);

/// So many keys of one person are remembered, the newest ones: a program that makes a request each minute stays below it.
pub const KEYS_OF_ONE_MAX: u32 = 2000;

/// A request with a key.
#[derive(Debug, Clone, Copy)]
pub struct KeyedRequest<'a> {
    /// Who sent it.
    pub who: &'a Email,
    /// Its key, which is theirs alone.
    pub key: &'a str,
    /// SHA-256 of all that it asks for.
    pub fingerprint: [u8; 32],
    /// When it came.
    pub at: Timestamp,
}

/// What is known of a request's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: from now on it is taken.
    New,
    /// It is another request's.
    Others,
    /// The same request came at this moment, and has no answer yet.
    Unanswered(Timestamp),
    /// The same request was answered.
    Answered(KeptAnswer),
}

/// An answer, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Its HTTP status.
    pub status: u16,
    /// The media type of its body, if it had one.
    pub media_type: Option<String>,
    /// Its body; none if it isn't kept.
    pub body: Option<Vec<u8>>,
}

/// The keys of requests, and their answers.
#[async_trait]
pub trait Answers: Send + Sync {
    /// Takes a request's key, unless it is taken. Of two at once one does.
    async fn begin_answer(&self, request: &KeyedRequest<'_>) -> Result<Begun, StoreError>;

    /// Keeps the answer to the request that took this key.
    async fn keep_answer(
        &self,
        who: &Email,
        key: &str,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError>;

    /// Forgets a key: its request changed nothing.
    async fn forget_answer(&self, who: &Email, key: &str) -> Result<(), StoreError>;
}

/// Fingerprint, at, status, media type, body.
pub(crate) type Row = (Vec<u8>, i64, Option<i64>, Option<String>, Option<Vec<u8>>);

/// What a row says to somebody with this fingerprint.
pub(crate) fn begun(
    (kept, at, status, media_type, body): Row,
    fingerprint: [u8; 32],
) -> Result<Begun, StoreError> {
    if kept != fingerprint {
        return Ok(Begun::Others);
    }
    let Some(status) = status else {
        let at = crate::values::instant("idempotency key", at)?;
        return Ok(Begun::Unanswered(at));
    };
    let damaged = |error| StoreError::damaged("idempotency key", error);
    Ok(Begun::Answered(KeptAnswer {
        status: u16::try_from(status).map_err(damaged)?,
        media_type,
        body,
    }))
}

/// Keys from before this moment, in microseconds since 1970, are forgotten.
pub(crate) fn forgotten_before(request: &KeyedRequest<'_>) -> i64 {
    let lasts = i64::try_from(KEYS_LAST.as_micros()).expect("a day is no large number");
    request.at.as_microsecond().saturating_sub(lasts)
}
