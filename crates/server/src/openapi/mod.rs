//! The operator API as an OpenAPI 3.1 document: `docs/api/openapi.json`, and `GET /api/v1/openapi.json`.
//!
//! Nothing in it is written by hand twice. Paths, methods and whom they answer come from the table that the routers are made of
//! ([`crate::places`]); the shapes of what goes to and fro are derived from the very types that are read and written; what else is to
//! know of a place stands in one row of `places/`. A test holds rows and places together, another one the file and what is told here, and
//! the stories over HTTP compare each answer that they get with it.
//!
//! | question | file |
//! |---|---|
//! | what is told of a place? | `told.rs`, and a row of `places/` |
//! | how does it become a document? | `document.rs` |
//! | what of a request, what of an answer? | `request.rs`, `answers.rs` |
//! | how are types described? | `shapes.rs` |

mod answers;
mod document;
mod places;
mod request;
mod shapes;
#[cfg(test)]
mod tests;
mod told;

use std::sync::OnceLock;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// The document, as its file has it.
///
/// # Panics
/// If two types that look different have one name: a test tells which.
#[must_use]
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document::document()).expect("JSON is text");
    text.push('\n');
    text
}

/// `GET /openapi.json`. It is the same as long as the server runs.
pub(crate) async fn served() -> impl IntoResponse {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = TEXT.get_or_init(|| text().into());
    ([(CONTENT_TYPE, "application/json")], text.clone())
}
