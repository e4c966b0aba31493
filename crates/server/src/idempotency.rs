//! Requests that come twice and are done once: the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), on what makes or changes something
//! by POST in the operator API. Read [`once`].
//!
//! What is promised: a request with a key is worked on at most once, for a day. The key is taken before, and the answer kept after it, each durably. If it
//! succeeded, the same request gets the same answer. If it was refused, nothing was changed, and the key is free again. If nobody knows (the server failed,
//! or was killed in between), whoever sends it again is told that, and nothing is done.
//!
//! Answers that show a secret are never kept: who lost one is told that it was done.
//!
//! Nobody hears of a request what they couldn't ask for now: whoever the place doesn't let in, with the very token that they show, is refused by it as
//! without a key.
//!
//! A brake is never refused because of its key: where nobody knows whether it was pulled, it is pulled, since twice is as good as once.

use std::fmt::Arguments;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use mainstay_access::Email;
use mainstay_store::{Begun, KeptAnswer, KeyedRequest, StoreError};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use crate::flow::Rank;
use crate::guard::silent;
use crate::problem::{NothingDone, Refused};
use crate::{App, authenticate, body, places};

/// The header with a key.
pub(crate) const KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key, in characters: a UUID has 36.
pub(crate) const KEY_CHARS_MAX: usize = 128;

/// The longest answer that is kept. What is longer tells of thousands of devices, and is known to have been done.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A request that isn't answered by then isn't at work any more: it is left then, after twice as long as any may take.
const AT_WORK_MAX: Duration = Duration::from_secs(600);

/// The places whose answers show secrets, or may; so does `/devices/{id}/token`.
const SHOW_SECRETS: &[&str] = &[
    "/devices",
    "/imports",
    "/join-codes",
    "/setup-links",
    "/webhooks",
];

/// So long a brake waits to hear what is known of its key.
const BRAKE_WAITS_MAX: Duration = Duration::from_secs(2);

/// The place at which files of gigabytes are handed in, which can't be held to be compared. What was handed in is known by its digest.
const UPLOADS: &str = "/releases";

/// A layer: does what a request with a key asks for once.
pub(crate) async fn once(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let is_meant = request.method() == Method::POST && request.uri().path() != UPLOADS;
    let shown = request.headers().get(KEY_HEADER).filter(|_| is_meant);
    let Some(shown) = shown.cloned() else {
        return next.run(request).await;
    };
    match keyed(app, &shown, request, next).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    }
}

async fn keyed(
    app: Arc<App>,
    shown: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Refused> {
    let key = key(shown).ok_or_else(no_key)?;
    let (head, sent) = request.into_parts();
    let Some(who) = let_in(&app, &head.method, &head.uri, &head.headers).await? else {
        return Ok(next.run(Request::from_parts(head, sent)).await);
    };
    let sent = body::read(&head.headers, sent, body::JSON_BYTES_MAX).await?;
    let fingerprint = fingerprint(&head.method, &head.uri.to_string(), &sent);
    // Whoever sent it may hang up meanwhile, also while the key is being taken: it is done all the same, and its answer kept. It waits no longer than others do
    // for a store that is silent, or it would keep a connection to it for as long as the operating system does.
    let work = tokio::spawn(async move {
        let guard = app.guard.clone();
        let done = async {
            let keyed = KeyedRequest {
                who: &who,
                key: &key,
                fingerprint,
                at: app.now(),
            };
            match begun(&app, &keyed, is_brake(&head.method, head.uri.path())).await? {
                Begun::New => {}
                Begun::Others => return Err(others()),
                Begun::Unanswered(since) => return Err(unanswered(since, app.now())),
                Begun::Answered(kept) => return replayed(kept),
            }
            let shows_secrets = shows_secrets(head.uri.path());
            let request = Request::from_parts(head, Body::from(sent));
            let answer = next.run(request).await;
            settle(&app, &who, &key, answer, shows_secrets).await
        };
        match guard.while_heard(timeout(AT_WORK_MAX, done)).await {
            Some(Ok(done)) => done,
            Some(Err(_elapsed)) => Err(Refused::too_slow()),
            None => Err(silent()),
        }
    });
    work.await
        .unwrap_or_else(|broken| Err(Refused::internal(&broken)))
}

/// Who sends what has this head, if the place where they ask lets them in; nobody if it doesn't, or isn't there: they are refused where they ask.
async fn let_in(
    app: &App,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Option<Email>, Refused> {
    match places::whom(places::of_the_api(), method, uri.path()) {
        Some(whom) => authenticate::let_in(app, headers, whom).await,
        None => Ok(None),
    }
}

/// Whether the answer at this path, below the API's root, shows a secret, or may.
fn shows_secrets(path: &str) -> bool {
    let of_a_device = path.strip_prefix("/devices/");
    SHOW_SECRETS.contains(&path) || of_a_device.is_some_and(|rest| rest.ends_with("/token"))
}

/// Whether a request stops something; `path` is that below the API's root.
fn is_brake(method: &Method, path: &str) -> bool {
    Rank::of(method, &format!("/api/v1{path}")) == Rank::First
}

/// What is known of a request's key. To a brake it is as if it were new wherever nobody knows whether it was pulled, and where that can't be
/// asked.
async fn begun(app: &App, keyed: &KeyedRequest<'_>, is_brake: bool) -> Result<Begun, StoreError> {
    let asked = app.store.begin_answer(keyed);
    if !is_brake {
        return asked.await;
    }
    let known = timeout(BRAKE_WAITS_MAX, asked).await;
    Ok(match known {
        Ok(Ok(Begun::Answered(kept))) if kept.status < 500 => Begun::Answered(kept),
        Ok(Ok(Begun::Others)) => Begun::Others,
        _ => Begun::New,
    })
}

/// Keeps what is to be kept of an answer, and hands it on.
async fn settle(
    app: &App,
    who: &Email,
    key: &str,
    answer: Response,
    shows_secrets: bool,
) -> Result<Response, Refused> {
    let (head, body) = answer.into_parts();
    let told = to_bytes(body, usize::MAX).await;
    let told = told.map_err(|error| Refused::internal(&error))?;
    let noted = if is_undone(&head) {
        app.store.forget_answer(who, key).await
    } else {
        let kept = kept(head.status, &head.headers, &told, shows_secrets);
        app.store.keep_answer(who, key, &kept).await
    };
    if let Err(error) = noted {
        // What was done is done: the answer is true, and the key stays taken.
        tracing::warn!(id = error.id(), %error, "an answer isn't kept with its key");
    }
    Ok(Response::from_parts(head, Body::from(told)))
}

/// Whether it is certain that nothing was done: it was refused, or sent away.
fn is_undone(answer: &Parts) -> bool {
    answer.status.is_client_error() || answer.extensions.get::<NothingDone>().is_some()
}

fn kept(status: StatusCode, headers: &HeaderMap, told: &Bytes, shows_secrets: bool) -> KeptAnswer {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    // Where it failed nobody knows how far it came: that is what whoever sends it again is told.
    let is_kept = status.is_success() && !shows_secrets && told.len() <= ANSWER_BYTES_MAX;
    KeptAnswer {
        status: status.as_u16(),
        media_type: media_type.map(str::to_owned),
        body: is_kept.then(|| told.to_vec()),
    }
}

/// What was answered before, once more.
///
/// # Errors
/// `idempotency.not-shown-again` if it isn't kept; `idempotency.unknown` if it was that the server failed.
fn replayed(kept: KeptAnswer) -> Result<Response, Refused> {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    if status.is_server_error() {
        return Err(unknown(format_args!(
            "The server failed at the same request, with status {status}, and nobody knows whether it was done."
        )));
    }
    let Some(body) = kept.body else {
        return Err(Refused::conflict(
            "idempotency.not-shown-again",
            format_args!(
                "This request was done, with status {status}; what it was answered holds a secret, or is too long, and isn't kept."
            ),
            "Look at what there is now; if a secret was lost with the answer, take back what was made, and make it anew with another key.",
        ));
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Some(kind) = kept.media_type.and_then(|kind| kind.parse().ok()) {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// A key as a header shows it: a string of Structured Fields (RFC 9651, section 3.3.3), or the same without quotation marks.
fn key(shown: &HeaderValue) -> Option<String> {
    let text = shown.to_str().ok()?.trim();
    let text = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => text,
    };
    let is_plain = |sign: u8| sign.is_ascii_graphic() && !matches!(sign, b'"' | b'\\');
    let fits = (1..=KEY_CHARS_MAX).contains(&text.len());
    (fits && text.bytes().all(is_plain)).then(|| text.to_owned())
}

/// All that a request asks for, in 32 bytes.
fn fingerprint(method: &Method, address: &str, sent: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in [method.as_str().as_bytes(), address.as_bytes(), sent] {
        let bytes = u64::try_from(part.len()).unwrap_or(u64::MAX);
        hasher.update(bytes.to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn no_key() -> Refused {
    Refused::bad(
        "idempotency.key",
        "The header Idempotency-Key holds no key.",
        format_args!(
            "Send 1 to {KEY_CHARS_MAX} plain characters without spaces, such as a UUID, in quotation marks or without."
        ),
    )
}

fn others() -> Refused {
    Refused::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency.other-request",
        "This key was sent with another request before.",
        "Draw a new key for each thing that is to be done; send a key again only with the very same request.",
    )
}

fn unanswered(since: Timestamp, now: Timestamp) -> Refused {
    let lasts = SignedDuration::try_from(AT_WORK_MAX).unwrap_or(SignedDuration::MAX);
    match now.duration_since(since) < lasts {
        true => Refused::conflict(
            "idempotency.running",
            "The same request is at work.",
            "Send it again in a while: it gets the answer of the first one.",
        ),
        false => unknown(format_args!(
            "The same request was begun at {since:.0}, and nobody knows whether it was done: the server failed, or was stopped."
        )),
    }
}

fn unknown(what: Arguments<'_>) -> Refused {
    Refused::conflict(
        "idempotency.unknown",
        what,
        "Look at what there is; if it wasn't done, send it with another key.",
    )
}

#[cfg(test)]
mod tests;
