//! CBOR bodies in and out.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use mainstay_protocol::{MESSAGE_BYTES_MAX, MessageError};
use minicbor::{Decode, Encode};

use crate::problem::Refused;

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
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    let len = mainstay_protocol::write(message, &mut buffer).map_err(|e| Refused::internal(&e))?;
    buffer.truncate(len);
    Ok((StatusCode::OK, [(CONTENT_TYPE, "application/cbor")], buffer).into_response())
}

fn unreadable(error: MessageError) -> Refused {
    Refused::bad(
        error.id(),
        error,
        "Send one deterministic CBOR message of this protocol version.",
    )
}
