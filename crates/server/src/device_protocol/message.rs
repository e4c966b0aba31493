//! CBOR bodies in and out.

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use mainstay_protocol::{MESSAGE_BYTES_MAX, MessageError};
use minicbor::{Decode, Encode};

use crate::problem::Refused;

const CBOR: HeaderValue = HeaderValue::from_static("application/cbor");

/// Reads one message.
///
/// # Errors
/// With the id of what is wrong with the bytes; never a failure of the server.
pub(super) fn read<'b, T: Decode<'b, ()>>(bytes: &'b Bytes) -> Result<T, Refused> {
    mainstay_protocol::read(bytes).map_err(unreadable)
}

/// Answers with one message.
///
/// # Errors
/// If it doesn't fit into [`MESSAGE_BYTES_MAX`], which no message of ours comes near to.
pub(super) fn answer<T: Encode<()>>(message: &T) -> Result<Response, Refused> {
    Ok(with(written(message)?))
}

/// A message as bytes.
///
/// # Errors
/// As [`answer`].
pub(super) fn written<T: Encode<()>>(message: &T) -> Result<Bytes, Refused> {
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    let len = mainstay_protocol::write(message, &mut buffer).map_err(|e| Refused::internal(&e))?;
    Ok(Bytes::copy_from_slice(&buffer[..len]))
}

/// An answer with a message that was written.
pub(super) fn with(message: Bytes) -> Response {
    let mut response = Response::new(Body::from(message));
    response.headers_mut().insert(CONTENT_TYPE, CBOR);
    response
}

fn unreadable(error: MessageError) -> Refused {
    Refused::bad(
        error.id(),
        error,
        "Send one deterministic CBOR message of this protocol version.",
    )
}
