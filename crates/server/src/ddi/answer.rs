//! Answers as these clients read them. Read [`Answer`].
//!
//! Each success is 200: RAUC's updater and Zephyr take nothing else for one. Each answer has its length, since Zephyr counts. Nothing may be kept by a
//! cache, as an answer holds for one device and one moment.

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use mainstay_api::ddi::DdiProblem;
use serde::Serialize;

use crate::problem::Refused;

/// What a handler of this protocol returns.
pub(super) type Answer = Result<Response, DdiRefused>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A refusal in hawkBit's form, with the id that the same refusal has everywhere.
#[derive(Debug)]
pub(super) struct DdiRefused(Refused);

impl<E: Into<Refused>> From<E> for DdiRefused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for DdiRefused {
    fn into_response(self) -> Response {
        let status = self.0.status();
        if status == StatusCode::UNAUTHORIZED {
            // As hawkBit does: not a word about which part is wrong.
            return status.into_response();
        }
        let told = format!("{} {}", self.0.cause(), self.0.cure());
        let mut response = body(status, &DdiProblem::new(self.0.id(), &told));
        if let Some(seconds) = self.0.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

/// 200 with this as JSON.
pub(super) fn json(value: &impl Serialize) -> Response {
    body(StatusCode::OK, value)
}

/// 200 with nothing.
pub(super) fn nothing() -> Response {
    StatusCode::OK.into_response()
}

/// 200 with a body that was [written](written).
pub(super) fn with(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

/// A value as JSON.
pub(super) fn written(value: &impl Serialize) -> Bytes {
    let bytes = serde_json::to_vec(value);
    bytes
        .expect("the protocol's types are texts, numbers and lists")
        .into()
}

fn body(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = with(written(value));
    *response.status_mut() = status;
    response
}
