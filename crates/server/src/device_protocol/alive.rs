//! A device that takes the bytes of a payload is heard of, for as long as that lasts: a large one over a slow line takes hours, in which it asks for
//! nothing else, and would be taken for silenced by what it downloads. Read [`while_it_takes`].

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use futures_util::TryStreamExt as _;
use mainstay_fleet::DeviceId;

use crate::App;

/// It is noted again after so many bytes: a quarter of a minute over a line of 2 Mbit/s, and nothing beside what sending them takes.
const NOTED_EVERY_BYTES: u64 = 4 * 1024 * 1024;

/// The same answer; while its bytes are taken, `device` is noted as heard of. Of a short answer the request alone tells as much.
pub(crate) fn while_it_takes(app: &Arc<App>, device: &DeviceId, response: Response) -> Response {
    if length(&response).is_none_or(|bytes| bytes <= NOTED_EVERY_BYTES) {
        return response;
    }
    let (app, contact, mut unnoted) = (app.clone(), app.contacts.with(device), 0);
    response.map(|body| {
        Body::from_stream(body.into_data_stream().inspect_ok(move |piece| {
            unnoted += piece.len() as u64;
            if unnoted >= NOTED_EVERY_BYTES {
                unnoted = 0;
                app.contacts.hear(&contact, app.now());
            }
        }))
    })
}

fn length(response: &Response) -> Option<u64> {
    let length = response.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
