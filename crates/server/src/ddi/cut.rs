//! Answers that break off where a refusal would be the last word.
//!
//! SWUpdate takes any status but success on its file for the end, and reports a failed installation; so does RAUC's updater. Where it is the server that
//! can't, because it is full, its store doesn't answer, or nobody can be logged in just now, nobody is to blame but the server: the answer begins, and
//! the connection is cut. SWUpdate goes on a moment later. Read [`instead_of_refusals`].

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::stream;
use tokio::time::sleep;

/// A connection is cut this long after the answer began: the headers have left by then, so that the client sees a body that broke off.
const CUT_AFTER: Duration = Duration::from_millis(100);

/// Lets a request pass; where its answer is that the server can't send a file, that breaks off instead.
pub(crate) async fn instead_of_refusals(request: Request, next: Next) -> Response {
    let is_file = request.method() == Method::GET && is_file(request.uri().path());
    let range = request.headers().get(RANGE).cloned();
    let response = next.run(request).await;
    let status = response.status();
    let is_ours = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    match is_file && is_ours {
        true => {
            tracing::warn!(%status, "a client's file can't be sent now; the connection is cut");
            cut(range.as_ref())
        }
        false => response,
    }
}

/// Whether this is the address of an order's file; its MD5 isn't one.
fn is_file(path: &str) -> bool {
    let parts: Vec<_> = path.split('/').collect();
    let [
        "",
        _,
        "controller",
        "v1",
        _,
        "softwaremodules",
        _,
        "artifacts",
        file,
    ] = parts[..]
    else {
        return false;
    };
    !file.ends_with(super::artifacts::MD5SUM)
}

/// An answer that promises a byte, and breaks off before it. To a client that goes on somewhere it promises the byte from there: it takes
/// anything else for a server that can't go on.
fn cut(range: Option<&HeaderValue>) -> Response {
    let nothing = stream::once(async {
        sleep(CUT_AFTER).await;
        Err::<Bytes, _>(io::Error::other("the file can't be sent"))
    });
    let mut response = Response::new(Body::from_stream(nothing));
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("1"));
    if let Some(first) = range.and_then(|range| first(range.to_str().ok()?)) {
        let range = HeaderValue::from_str(&format!("bytes {first}-{first}/*"));
        headers.insert(CONTENT_RANGE, range.expect("digits and fixed signs"));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// Where a request for one range, or for several, begins.
fn first(range: &str) -> Option<u64> {
    range
        .strip_prefix("bytes=")?
        .split('-')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_orders_are_cut() {
        for (path, expected) in [
            (
                "/DEFAULT/controller/v1/gw-1/softwaremodules/7/artifacts/a.swu",
                true,
            ),
            (
                "/DEFAULT/controller/v1/gw-1/softwaremodules/7/artifacts/a.swu.MD5SUM",
                false,
            ),
            (
                "/DEFAULT/controller/v1/gw-1/softwaremodules/7/artifacts",
                false,
            ),
            ("/DEFAULT/controller/v1/gw-1", false),
            ("/device/v1/payloads/00", false),
            ("/", false),
        ] {
            assert_eq!(is_file(path), expected, "{path}");
        }
    }

    #[test]
    fn who_goes_on_is_answered_from_there() {
        for (range, expected) in [
            (None, None),
            (Some("bytes=100-"), Some("bytes 100-100/*")),
            (Some("bytes=5-9"), Some("bytes 5-5/*")),
            (Some("bytes=-9"), None),
            (Some("lines=5-"), None),
        ] {
            let range = range.map(HeaderValue::from_static);
            let answer = cut(range.as_ref());
            let said = answer.headers().get(CONTENT_RANGE);
            assert_eq!(
                said.map(|said| said.to_str().expect("plain")),
                expected,
                "{range:?}"
            );
            assert!(answer.status().is_success());
        }
    }
}
