//! `GET /delivery/v1/{first two digits}/{digest}`: a payload, for whoever has a link that is good now; and `GET /delivery/v1/revocations`.
//!
//! This is where a CDN fetches what it hasn't yet. What it may keep is true without its knowing anything of devices: the answer depends on the address
//! alone, and is kept as long as the address is good.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use mainstay_api::DOCUMENT_MEDIA_TYPE;
use mainstay_plan::delivery::CACHE;
use mainstay_store::ReleasePayload;
use mainstay_trust::Digest;

use super::link::{self, Link};
use super::whole::one_deliverable;
use crate::App;
use crate::device_protocol::{Download, Since, is_known, may_fetch, while_let_in};
use crate::problem::Refused;
use crate::soundness::{Damage, NotAsked};

/// The payload, or one range of it.
pub(super) async fn payload(
    State(app): State<Arc<App>>,
    since: Since,
    headers: HeaderMap,
    asked: Uri,
) -> Result<Response, Refused> {
    // Without a key there are no links, and nothing is served here.
    let key = app.config.delivery_key.as_ref();
    let key = key.ok_or_else(Refused::no_such_place)?;
    // As it was written, not as it was decoded: another spelling of the path would be another entry in every cache.
    let is_at = |image: &Digest| asked.path() == format!("/delivery/v1/{}", link::path(image));
    let digest = asked.path().rsplit('/').next().unwrap_or_default();
    let image = Digest::parse_hex(digest).filter(is_at);
    let image = image.ok_or_else(Refused::no_such_place)?;
    let now = app.now();
    let link = Link::read(image, asked.query().unwrap_or_default(), key, now)?;
    let missing = || Refused::not_found("payload", image);
    let payload = let_in(&app, &link).await?.ok_or_else(missing)?;
    let kept_s = link.expires_s - now.as_second();
    let kept = format!("public, max-age={kept_s}, immutable");
    let kept = HeaderValue::from_str(&kept).expect("words and digits only");
    if is_known(&headers, &format!("\"{image}\"")) {
        return Ok(unchanged(&format!("\"{image}\""), kept, payload.bytes));
    }
    let place = app.room.by_link.take(&link)?;
    let _opening = app.opening_place()?;
    match app.look_at(payload).await? {
        None => {}
        Some(Damage::Unreadable) => return Err(NotAsked.into()),
        Some(_) => return Err(missing()),
    }
    let download = Download::from_blob(app.blobs.clone(), payload).kept_by_all(kept);
    let response = download.answer(&headers, &app.line).await?;
    let response = place.held_by(response);
    let asks = app.clone();
    Ok(while_let_in(since, response, move || {
        let (app, link) = (asks.clone(), link.clone());
        async move { Ok(let_in(&app, &link).await?.is_some()) }
    }))
}

/// The payload of a link. What was halted, withdrawn or put back since it was made isn't fetched by it any more: by a link of one device as by
/// that device, by one of many as by a mirror.
async fn let_in(app: &App, link: &Link) -> Result<Option<ReleasePayload>, Refused> {
    match &link.device {
        Some(device) => Ok(may_fetch(app, device, &link.image).await?),
        None => Ok(one_deliverable(app, &link.image).await?),
    }
}

/// The newest signed revocations. Everybody may know them, and nobody can change them; how long a cache may keep them, the plan says.
pub(super) async fn revocations(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let (plan, standing) = app.plan_and_standing().await?;
    let missing = || Refused::not_found("document", "of revocations");
    let stored = standing.stored_revocations().ok_or_else(missing)?;
    let seconds = plan
        .map_or(CACHE, |plan| plan.plan.delivery.cache)
        .as_secs();
    let kept = format!("public, max-age={seconds}");
    let kept = HeaderValue::from_str(&kept).expect("words and digits only");
    let etag = format!("\"{}\"", Digest(stored.digest));
    if is_known(&headers, &etag) {
        return Ok(unchanged(&etag, kept, stored.signed.len() as u64));
    }
    let etag = HeaderValue::from_str(&etag).expect("hexadecimal only");
    let kind = HeaderValue::from_static(DOCUMENT_MEDIA_TYPE);
    let told: [(HeaderName, HeaderValue); 3] =
        [(CONTENT_TYPE, kind), (CACHE_CONTROL, kept), (ETAG, etag)];
    Ok((told, stored.signed.clone()).into_response())
}

/// What is cached is still right. The length is that of the whole, which caches may note (RFC 9110, section 8.6).
fn unchanged(etag: &str, kept: HeaderValue, bytes: u64) -> Response {
    let etag = HeaderValue::from_str(etag).expect("hexadecimal only");
    let told = [
        (CACHE_CONTROL, kept),
        (ETAG, etag),
        (CONTENT_LENGTH, HeaderValue::from(bytes)),
    ];
    (StatusCode::NOT_MODIFIED, told).into_response()
}
