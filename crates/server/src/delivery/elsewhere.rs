//! Whether a device is sent elsewhere for a piece of its payload, and where.
//!
//! Who isn't known to follow is served here: that is every client that doesn't say, for this one request, that it goes elsewhere and compares what
//! it gets there. It is told the digest of the piece that it asked for, so that a mirror which lies is found out at once and the
//! server's own bytes take the place of its. Read [`send_elsewhere`].

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, IF_RANGE, LOCATION, RANGE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::{Device, DeviceId};
use mainstay_plan::{Delivery, Links, Mirror};
use mainstay_protocol::{ELSEWHERE_HEADER, ELSEWHERE_VALUE, PIECE_DIGEST_HEADER};
use mainstay_rollout::near;
use mainstay_store::ReleasePayload;

use super::link::{self, Link};
use crate::App;
use crate::device_protocol::{Download, one_range};
use crate::problem::Refused;

/// The largest piece that is read here to tell its digest: four times what the agent asks for at once.
const PIECE_BYTES_MAX: u64 = 1024 * 1024;
/// The shortest time that a link is good for, whatever the plan says: a clock at the mirror may be half a minute off.
const LINK_MIN: SignedDuration = SignedDuration::from_secs(60);

/// The answer that sends a device elsewhere for what it asks for; none if it is served here.
///
/// # Errors
/// If the payload can't be read.
pub(crate) async fn send_elsewhere(
    app: &App,
    device: &Device,
    headers: &HeaderMap,
    payload: ReleasePayload,
) -> Result<Option<Response>, Refused> {
    let Some(range) = piece(headers, payload.bytes) else {
        return Ok(None);
    };
    let Some(plan) = app.plan().await? else {
        return Ok(None);
    };
    let delivery = &plan.plan.delivery;
    let Some(mirror) = near(delivery, device) else {
        return Ok(None);
    };
    let Some(address) = address(app, delivery, mirror, &device.id, payload).await else {
        return Ok(None);
    };
    let download = Download::from_blob(app.blobs.clone(), payload);
    let digest = download.digest_of(range).await?;
    Ok(redirect(&address, &hex::encode(digest)))
}

/// The piece that is asked for by a client that says it goes elsewhere for it.
fn piece(headers: &HeaderMap, len: u64) -> Option<std::ops::Range<u64>> {
    let goes = headers.get(ELSEWHERE_HEADER)?.as_bytes() == ELSEWHERE_VALUE.as_bytes();
    if !goes || headers.contains_key(IF_RANGE) {
        return None;
    }
    let range = one_range(headers.get(RANGE)?.to_str().ok()?, len)?;
    let bytes = range.end - range.start;
    (1..=PIECE_BYTES_MAX).contains(&bytes).then_some(range)
}

/// Where this mirror has the payload, with what lets the device in; none if this server can't tell it.
async fn address(
    app: &App,
    delivery: &Delivery,
    mirror: &Mirror,
    device: &DeviceId,
    payload: ReleasePayload,
) -> Option<String> {
    let image = payload.image;
    let now = app.now();
    let signed = |url: &str, device: Option<&DeviceId>| {
        let link = Link {
            image,
            expires_s: expires_s(delivery.link, device.is_none(), now),
            device: device.cloned(),
        };
        let key = app.config.delivery_key.as_ref()?;
        Some(link.address(url, key))
    };
    match &mirror.links {
        Links::Signed { url } => signed(url, None),
        Links::PerDevice { url } => signed(url, Some(device)),
        Links::Plain { url } => Some(format!("{url}/{}", link::path(&image))),
        Links::Bucket => in_the_bucket(app, delivery, payload).await,
    }
}

/// An address in the server's own bucket. That it can't be made is told, and keeps nobody from the payload.
async fn in_the_bucket(app: &App, delivery: &Delivery, payload: ReleasePayload) -> Option<String> {
    let seconds = delivery.link.max(LINK_MIN).as_secs();
    let lasts = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    match app.blobs.link(&payload.image, lasts).await {
        Ok(address) => address,
        Err(error) => {
            tracing::warn!(id = error.id(), %error, "no link into the bucket; devices are served here");
            None
        }
    }
}

/// When a link made now ends. Those of many devices end at the same moments, so that they are one entry in a cache: between one time and two after they
/// were made.
fn expires_s(lasts: SignedDuration, is_for_many: bool, now: Timestamp) -> i64 {
    let lasts = lasts.max(LINK_MIN).as_secs();
    let now = now.as_second();
    match is_for_many {
        true => (now.div_euclid(lasts) + 2) * lasts,
        false => now + lasts,
    }
}

/// Nobody keeps this answer: it is for one device and one piece.
fn redirect(address: &str, digest: &str) -> Option<Response> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_str(address).ok()?);
    headers.insert(PIECE_DIGEST_HEADER, HeaderValue::from_str(digest).ok()?);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    Some(response)
}

/// From where a device gets its payloads, and why, as a sentence; nothing where the plan names no mirror.
pub(crate) fn told(app: &App, delivery: &Delivery, device: &Device) -> Option<String> {
    let told = near::told(delivery, device)?;
    let mirror = near(delivery, device);
    let needs_key = mirror.is_some_and(|mirror| {
        matches!(mirror.links, Links::Signed { .. } | Links::PerDevice { .. })
    });
    match needs_key && app.config.delivery_key.is_none() {
        true => Some(format!(
            "{told} This server has no key for links (delivery_key_file), so it sends them itself."
        )),
        false => Some(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_for_many_end_together_and_never_too_soon() {
        let lasts = SignedDuration::from_mins(15);
        let ends = |second: i64, many: bool| {
            let now = Timestamp::from_second(second).expect("a moment");
            expires_s(lasts, many, now)
        };
        assert_eq!(ends(1000, false), 1900);
        assert_eq!(ends(900, true), 2700);
        assert_eq!(ends(1799, true), 2700);
        assert_eq!(ends(1800, true), 3600);
    }

    #[test]
    fn only_a_piece_of_somebody_who_says_so_is_fetched_elsewhere() {
        let asked = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_str(value).expect("a value"));
            }
            piece(&headers, 3_000_000)
        };
        let goes = (ELSEWHERE_HEADER, ELSEWHERE_VALUE);
        let part = ("range", "bytes=0-99");
        assert_eq!(asked(&[goes, part]), Some(0..100));
        assert_eq!(
            asked(&[goes, ("range", "bytes=2999990-")]),
            Some(2_999_990..3_000_000)
        );
        assert_eq!(asked(&[part]), None);
        assert_eq!(asked(&[goes]), None);
        for (name, more) in [
            ("another value", vec![(ELSEWHERE_HEADER, "yes"), part]),
            ("a condition", vec![goes, part, ("if-range", "\"x\"")]),
            ("too much", vec![goes, ("range", "bytes=0-1048576")]),
            ("all", vec![goes, ("range", "bytes=0-")]),
            ("nothing", vec![goes, ("range", "bytes=3000000-")]),
            ("several", vec![goes, ("range", "bytes=0-1,5-6")]),
            ("no range", vec![goes, ("range", "lines=0-1")]),
        ] {
            assert_eq!(asked(&more), None, "{name}");
        }
    }
}
