//! Refusals as HTTP answers: one shape, RFC 9457, with a stable id, the cause and the cure.
//!
//! A handler never words an error for HTTP itself; it hands a refusal of the domain to `?`. What
//! went wrong inside the server is logged here, once, and the caller is told no more than that it
//! did. Read [`Refused`] first; `refusals.rs` maps each crate's refusals to it.

use std::fmt::{self, Display};
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use mainstay_api::Problem;

use crate::flow::spread;

/// The media type of a problem (RFC 9457, section 3).
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
/// A server whose store is away asks devices and tools to come back after a minute. They found that out at their own moments, and come back at them.
const RETRY_AFTER_UNAVAILABLE: HeaderValue = HeaderValue::from_static("60");
/// A server that is full asks them to come back after this many seconds at least, and each at a moment of its own within as many more.
const RETRY_AFTER_BUSY_S: u32 = 30;

/// That a server is full.
const BUSY: &str = "server.busy";

/// Borne by the answer to a request that was sent away since the server is full: nothing of it was done, though the status is one of failure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NothingDone;

/// A refused or failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    status: StatusCode,
    id: String,
    cause: String,
    cure: String,
    retry_after_s: Option<u32>,
}

impl Refused {
    /// A refusal with this status, stable id, cause and cure.
    pub fn new(status: StatusCode, id: &str, cause: impl Display, cure: impl Display) -> Self {
        Self {
            status,
            id: id.to_owned(),
            cause: cause.to_string(),
            cure: cure.to_string(),
            retry_after_s: None,
        }
    }

    /// The same, which tells when to ask again: after this time, in whole seconds, and one of them at least.
    pub(crate) fn tried_again_after(self, time: Duration) -> Self {
        let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        Self {
            retry_after_s: Some(u32::try_from(whole.max(1)).unwrap_or(u32::MAX)),
            ..self
        }
    }

    /// The stable id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What to do about it.
    pub fn cure(&self) -> &str {
        &self.cure
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// When to ask again, in seconds, if the same request may well succeed later.
    pub fn retry_after(&self) -> Option<HeaderValue> {
        match self.retry_after_s {
            Some(seconds) => Some(HeaderValue::from(seconds)),
            None => {
                (self.status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_UNAVAILABLE)
            }
        }
    }

    /// Something failed inside. The details go to the log and never to the caller.
    pub fn internal(error: &dyn Display) -> Self {
        tracing::error!(%error, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server.failed",
            "The server failed to do this.",
            "Try again; if it stays so, look into the server's log.",
        )
    }

    /// The store, or the disk below it, can't be used now: the same request may well succeed later.
    pub(crate) fn unavailable(id: &str, cure: &str) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            id,
            "The server's store can't be used now; its log says more.",
            cure,
        )
    }

    /// No such thing as `what` (a device, a release) of this name.
    pub fn not_found(what: &str, name: impl Display) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "request.not-found",
            format_args!("There is no {what} {name}."),
            "Check the name; list what there is.",
        )
    }

    /// The body is longer than `max` bytes.
    pub fn too_large(max: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request.too-large",
            format_args!("The body has more than {max} bytes."),
            "Send less at once; check that the right file was named.",
        )
    }

    /// The body is packed.
    pub(crate) fn packed() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "request.packed",
            "The body is packed (Content-Encoding), and nothing is unpacked here.",
            "Send it as it is, without Content-Encoding.",
        )
    }

    /// The body ended before it was whole.
    pub fn cut_short() -> Self {
        Self::bad(
            "request.cut-short",
            "The body ended too early.",
            "Send it again.",
        )
    }

    /// The body isn't what this place takes.
    pub fn malformed(detail: &str) -> Self {
        Self::bad(
            "request.malformed",
            format_args!("The body can't be read: {detail}."),
            "Compare it with the API's description.",
        )
    }

    /// A request that can't be understood.
    pub fn bad(id: &str, cause: impl Display, cure: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, id, cause, cure)
    }

    /// The bearer token is missing, malformed or unknown; which of these is nobody's business.
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "auth.token",
            "The request bears no token that this server knows, and no session of somebody who has signed in.",
            "Send `Authorization: Bearer` with the token that was shown when it was made; in a browser, sign in.",
        )
    }

    /// The server has as much to do as it may.
    pub(crate) fn busy() -> Self {
        Self::busy_for(RETRY_AFTER_BUSY_S + spread(RETRY_AFTER_BUSY_S))
    }

    /// The same, which isn't over before so many seconds are.
    pub(crate) fn busy_for(seconds: u32) -> Self {
        let busy = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            BUSY,
            "The server has too many requests at work.",
            "Try again after the time that Retry-After tells.",
        );
        busy.tried_again_after(Duration::from_secs(seconds.into()))
    }

    /// The request took too long.
    pub(crate) fn too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "server.too-slow",
            "The request took longer than the server allows.",
            "Try again; a slow line may need smaller pieces.",
        )
    }

    /// A sender of whom nothing comes any more.
    pub(crate) fn stalled() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "request.stalled",
            "So little of the body came for half a minute that no more is waited for.",
            "Send it again, over a line that stays up.",
        )
    }

    /// Nothing is served here.
    pub(crate) fn no_such_place() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "request.no-such-place",
            "Nothing is served at this address.",
            "Check the path against the API's description.",
        )
    }

    /// The place exists, for another method.
    pub(crate) fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "request.wrong-method",
            "This address doesn't take this method.",
            "Check the method against the API's description.",
        )
    }

    /// Nothing can be done before a plan is in force.
    pub(crate) fn no_plan() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "plan.none",
            "No plan is in force.",
            "Let a release manager put one into force.",
        )
    }

    /// A submission says which track it is for.
    pub(crate) fn no_track() -> Self {
        Self::bad(
            "releases.no-track",
            "The address doesn't name the release's track.",
            "Add ?track=maintenance, ?track=feature or ?track=hotfix.",
        )
    }

    /// Two people changed the same thing at once; the other one was first.
    pub(crate) fn conflict(id: &str, cause: impl Display, cure: impl Display) -> Self {
        Self::new(StatusCode::CONFLICT, id, cause, cure)
    }
}

impl Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.cause)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after());
        let problem = Problem::new(status.as_u16(), &self.id, &self.cause, &self.cure);
        let body = serde_json::to_vec(&problem).expect("a problem is text and one number");
        let mut response = (status, body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
        // A refusal holds for this moment, and often for this caller alone: what isn't there now may be there when it is offered.
        let kept = HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, kept);
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        if self.id == BUSY {
            response.extensions_mut().insert(NothingDone);
        }
        response
    }
}
