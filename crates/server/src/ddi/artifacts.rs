//! `.../softwaremodules/{number}/artifacts`: the file of an order, its bytes, its MD5.
//!
//! The bytes are for the device whose order it is, as long as the rollout lets it fetch them ([`mainstay_rollout::payloads`]); for all others the file
//! doesn't exist. The name in the path is compared with the one name that the file has, and never used to look for anything.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse as _, Response};
use mainstay_api::ddi::artifact::md5sum_line;
use mainstay_fleet::Ranges;
use mainstay_rollout::order::{Order, OrderState, Word};
use mainstay_store::ReleasePayload;

use super::answer::{self, Answer};
use super::heard::{self, Spoken};
use super::login::{Client, no_order};
use super::parcel::Parcel;
use crate::App;
use crate::device_protocol::{Download, begins_at, may_fetch};
use crate::problem::Refused;
use crate::soundness::{Damage, NotAsked};

/// What the address of a file's MD5 ends with.
const MD5SUM: &str = ".MD5SUM";

/// The files of an order: one.
pub(super) async fn listed(State(app): State<Arc<App>>, client: Client) -> Answer {
    let (order, parcel) = known(&app, &client).await?;
    may_have(&app, &client, &order, &parcel).await?;
    let artifact = parcel.artifact(&client, order.number);
    let artifact = artifact.ok_or_else(|| no_order(order.number))?;
    Ok(answer::json(&[artifact]))
}

/// The bytes of the file, all or some; or its MD5.
///
/// The file of an open order is never refused by a status: SWUpdate takes any for the end, and reports a failed installation, for which nobody
/// but this server is to blame. A connection that breaks it takes for what it is, tries again, and asks what there is to do after some tries.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    client: Client,
    method: Method,
    headers: HeaderMap,
) -> Answer {
    let (order, parcel) = known(&app, &client).await?;
    let asked = client.file();
    if asked.strip_suffix(MD5SUM) == Some(parcel.file.as_str()) {
        may_have(&app, &client, &order, &parcel).await?;
        return Ok(md5sum(&client, &order, &parcel)?);
    }
    if asked != parcel.file {
        return Err(no_file().into());
    }
    let sent = send(&app, &client, &order, &parcel, &method, &headers).await;
    let mut response = match sent {
        Err(refused) if order.is_open() && method == Method::GET => {
            tracing::warn!(device = %client.device.id, order = %order.number, id = refused.id(), "its file can't be sent now; the connection is cut");
            let broken = Download::broken(parcel.payload.image, parcel.payload.bytes);
            broken.answer(&headers, &app.line).await?
        }
        sent => sent?,
    };
    let named = format!("attachment; filename=\"{}\"", parcel.file);
    let named = HeaderValue::from_str(&named).expect("a file's name has safe signs only");
    response.headers_mut().insert(CONTENT_DISPOSITION, named);
    Ok(response)
}

/// The file, or the part that is asked for. That it begins to leave is durable before, and only if there is something to send.
async fn send(
    app: &App,
    client: &Client,
    order: &Order,
    parcel: &Parcel,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Refused> {
    may_have(app, client, order, parcel).await?;
    let payload = ReleasePayload {
        image: parcel.payload.image,
        bytes: parcel.payload.bytes,
    };
    let _place = app.opening_place()?;
    match app.look_at(payload).await? {
        None => {}
        Some(Damage::Unreadable) => return Err(NotAsked.into()),
        Some(_) => return Err(no_file()),
    }
    let download = Download::from_blob(app.blobs.clone(), payload);
    let response = match client.profile.ranges() {
        Ranges::Several => download.answer_several(headers, &app.line).await?,
        Ranges::One => download.answer(headers, &app.line).await?,
    };
    if *method == Method::GET {
        note(app, client, order, headers, payload.bytes).await?;
    }
    Ok(response)
}

/// The order whose file the path is about, with that: it is open, or the newest that the device is known to run.
async fn known(app: &App, client: &Client) -> Result<(Order, Parcel), Refused> {
    let number = client.number()?;
    let device = &client.device.id;
    let order = app.store.order(device, number).await?;
    let order = order.ok_or_else(|| no_order(number))?;
    if !order.is_open() {
        let newest = app.store.newest_installed(device).await?;
        newest
            .filter(|newest| newest.number == number)
            .ok_or_else(|| no_order(number))?;
    }
    let parcel = Parcel::of(app, &order.offer.release).await?;
    let parcel = parcel.ok_or_else(|| no_order(number))?;
    Ok((order, parcel))
}

/// Whether the device may have the file now.
async fn may_have(
    app: &App,
    client: &Client,
    order: &Order,
    parcel: &Parcel,
) -> Result<(), Refused> {
    match may_fetch(app, &client.device.id, &parcel.payload.image).await? {
        Some(_) => Ok(()),
        None => Err(no_order(order.number)),
    }
}

fn md5sum(client: &Client, order: &Order, parcel: &Parcel) -> Result<Response, Refused> {
    let artifact = parcel.artifact(client, order.number).ok_or_else(no_file)?;
    let plain = HeaderValue::from_static("text/plain");
    Ok(([(CONTENT_TYPE, plain)], md5sum_line(&artifact)).into_response())
}

/// That a download begins is durable before its first byte leaves. One that goes on isn't counted, nor are the many small ranges of a
/// client that installs while it reads, or that fetches differences.
async fn note(
    app: &App,
    client: &Client,
    order: &Order,
    headers: &HeaderMap,
    bytes: u64,
) -> Result<(), Refused> {
    let is_first = order.seen.fetches == 0;
    let counts = match (&order.state, begins_at(headers, bytes)) {
        (OrderState::Installed { .. } | OrderState::Closed { .. }, _) | (_, None) => false,
        (_, Some(0)) => is_first || !asks_for_several(client, headers),
        (_, Some(_)) => is_first,
    };
    if counts {
        heard::heed(
            app,
            client,
            order.number,
            Spoken::silently(Word::FetchBegan),
        )
        .await?;
    }
    Ok(())
}

/// Whether it may be several parts that are asked for, of a client that gets them.
fn asks_for_several(client: &Client, headers: &HeaderMap) -> bool {
    let range = headers.get(RANGE).map(HeaderValue::as_bytes);
    let several = range.is_some_and(|range| range.contains(&b','));
    several && client.profile.ranges() == Ranges::Several
}

fn no_file() -> Refused {
    Refused::not_found("file", "of this name in this action")
}
