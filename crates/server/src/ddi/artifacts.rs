//! `.../softwaremodules/{number}/artifacts`: the file of an order, its bytes, its MD5.
//!
//! The bytes are for the device whose order it is, as long as the rollout lets it fetch them ([`mainstay_rollout::payloads`]); for all others the file
//! doesn't exist. The name in the path is compared with the one name that the file has, and never used to look for anything.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use mainstay_api::ddi::artifact::md5sum_line;
use mainstay_fleet::{DeviceId, Ranges, ReleaseDigest};
use mainstay_rollout::Withheld;
use mainstay_rollout::order::{ORDERS_LOOKED_AT, Order, OrderState, Word, is_final};
use mainstay_store::ReleasePayload;

use super::answer::{self, Answer};
use super::heard::{self, Spoken};
use super::login::{Client, no_order};
use super::parcel::Parcel;
use super::{cut, errand, sent};
use crate::device_protocol::{Asked, Download, Since, may_fetch, while_it_takes, while_let_in};
use crate::problem::Refused;
use crate::soundness::{Damage, NotAsked};
use crate::{App, brakes};

/// What the address of a file's MD5 ends with.
pub(super) const MD5SUM: &str = ".MD5SUM";

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
/// but this server is to blame. A connection that breaks it takes for what it is, and tries again some times. What goes wrong before the order is known
/// is answered the same way ([`super::cut`]): also a client that asks only for what comes after the last byte, for RAUC's updater takes 416 for "I have all of it", and
/// installs.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    since: Since,
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
            return Ok(cut::cut(headers.get(RANGE)));
        }
        sent => sent?,
    };
    response = while_it_takes(&app, &client.device.id, response);
    response = while_vouched_for(&app, since, (&client, &order, &parcel), response);
    let named = format!("attachment; filename=\"{}\"", parcel.file);
    let named = HeaderValue::from_str(&named).expect("a file's name has safe signs only");
    response.headers_mut().insert(CONTENT_DISPOSITION, named);
    let last = match method == Method::GET && response.status().is_success() {
        true => ends(&client, &order, &headers, &parcel),
        false => None,
    };
    Ok(match last {
        Some(bytes) => sent::noted(app, client, order.number, bytes, response),
        None => response,
    })
}

/// The same answer, which breaks off once the file of a download that has begun would be refused: its release is revoked, its rollout withdrawn, or what the
/// device showed, a token or a certificate, counts no more.
fn while_vouched_for(
    app: &Arc<App>,
    since: Since,
    (client, order, parcel): (&Client, &Order, &Parcel),
    response: Response,
) -> Response {
    let (asks, release, image) = (app.clone(), order.offer.release, parcel.payload.image);
    let (id, login) = (client.device.id.clone(), client.login.clone());
    while_let_in(since, response, move || {
        let (app, id, login) = (asks.clone(), id.clone(), login.clone());
        async move {
            let is_it = login.still_is(&app, &id).await?;
            let is_refused = is_refused(&app, &id, &release, app.now()).await?;
            Ok(is_it && !is_refused && may_fetch(&app, &id, &image).await?.is_some())
        }
    })
}

/// How many bytes leave up to the file's last one, if that leaves, and it is news.
fn ends(client: &Client, order: &Order, headers: &HeaderMap, parcel: &Parcel) -> Option<u64> {
    let is_news = !matches!(
        order.state,
        OrderState::Installed { .. } | OrderState::Closed { .. }
    );
    (is_news && !order.seen.whole)
        .then(|| asked(client, headers, parcel).up_to_the_end)
        .flatten()
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
    let place = app.room.by_device.take(&client.device.id)?;
    let download = Download::from_blob(app.blobs.clone(), payload)
        .of(place)
        .known_by(parcel.validators());
    let response = match client.profile.ranges() {
        Ranges::Several => download.answer_several(headers, &app.line).await?,
        Ranges::One => download.answer(headers, &app.line).await?,
    };
    if *method == Method::GET && response.status() != StatusCode::PRECONDITION_FAILED {
        let asked = match response.status() {
            // Nothing leaves to whoever says that it has it.
            StatusCode::NOT_MODIFIED => Asked::NOTHING,
            _ => asked(client, headers, parcel),
        };
        note(app, client, order, asked).await?;
    }
    Ok(response)
}

/// The order whose file the path is about, with that: it is open, or the newest that the device is known to run.
async fn known(app: &App, client: &Client) -> Result<(Order, Parcel), Refused> {
    let number = client.number()?;
    let device = &client.device.id;
    let order = app.store.order(device, number).await?;
    let order = order.ok_or_else(|| no_order(number))?;
    if !order.is_open() && app.store.newest_installed(device).await? != Some(number) {
        return Err(no_order(number));
    }
    let parcel = Parcel::of(app, &order.offer.release).await?;
    let parcel = parcel.ok_or_else(|| no_order(number))?;
    Ok((order, parcel))
}

/// Whether the device may have the file now. A device of ours judges what it was told before it asks for the first byte; of these the server does it, for
/// they may ask long after they were told.
async fn may_have(
    app: &App,
    client: &Client,
    order: &Order,
    parcel: &Parcel,
) -> Result<(), Refused> {
    let device = &client.device.id;
    let may = match &order.state {
        OrderState::Offered | OrderState::Retrieved { .. } | OrderState::Cancelling { .. } => {
            errand::may_begin(app, client, order).await?
        }
        // Whatever else has come, but that nobody vouches for it any more, who has begun ends it.
        OrderState::Fetching { .. } | OrderState::Installed { .. } | OrderState::Closed { .. } => {
            !is_refused(app, device, &order.offer.release, client.now).await?
        }
    };
    match may
        && may_fetch(app, device, &parcel.payload.image)
            .await?
            .is_some()
    {
        true => Ok(()),
        false => Err(no_order(order.number)),
    }
}

/// Whether any device of ours would refuse the release by now.
async fn is_refused(
    app: &App,
    device: &DeviceId,
    release: &ReleaseDigest,
    now: Timestamp,
) -> Result<bool, Refused> {
    let package = brakes::package(app, release, device, now).await?;
    let refused = |because: &Withheld| matches!(because, Withheld::Refused { .. });
    Ok(package.is_err_and(|because| refused(&because) && is_final(&because)))
}

fn md5sum(client: &Client, order: &Order, parcel: &Parcel) -> Result<Response, Refused> {
    let artifact = parcel.artifact(client, order.number).ok_or_else(no_file)?;
    let plain = HeaderValue::from_static("text/plain");
    Ok(([(CONTENT_TYPE, plain)], md5sum_line(&artifact)).into_response())
}

/// That a download begins is durable before its first byte leaves. One that goes on isn't counted, nor are the many small ranges of a
/// client that installs while it reads, or that fetches differences. Whether one goes on that asks for the rest of what was sent to its end before, the
/// order tells: the client may have kept a part of it, and fetch the rest again each time that it starts.
async fn note(app: &App, client: &Client, order: &Order, asked: Asked) -> Result<(), Refused> {
    let is_first = !order.seen.has_fetched();
    let was_ended = order.seen.whole || order.seen.rest_from.is_some();
    let is_for_much = asked.up_to_the_end.is_some();
    let word = match (&order.state, asked.begins_at) {
        (OrderState::Installed { .. } | OrderState::Closed { .. }, _) => None,
        (_, None) if is_first && had_it(app, client, order).await? => Some(Word::HasWhole),
        (_, None) => None,
        // One for the file, and not for a part of it that a client reads beside others: such a client, too, begins once.
        (_, Some(0)) => (is_for_much || !order.seen.from_start).then_some(Word::FetchBegan),
        (_, Some(_)) if is_first => Some(Word::FetchEntered),
        (_, Some(from)) => (is_for_much && was_ended).then_some(Word::FetchResumed { from }),
    };
    if let Some(word) = word {
        heard::heed(app, client, order.number, Spoken::silently(word)).await?;
    }
    Ok(())
}

/// Whether the device was handed out this release by another order: RAUC's updater keeps what it has fetched, and then asks only for what comes after it.
async fn had_it(app: &App, client: &Client, order: &Order) -> Result<bool, Refused> {
    let device = &client.device.id;
    let orders = app.store.recent_orders(device, ORDERS_LOOKED_AT).await?;
    let is_it = |past: &Order| past.offer.release == order.offer.release && past.seen.whole;
    Ok(orders.iter().any(is_it))
}

/// What of the file is asked for, as it is sent to this client.
fn asked(client: &Client, headers: &HeaderMap, parcel: &Parcel) -> Asked {
    let (known_by, ranges) = (parcel.validators(), client.profile.ranges());
    Asked::of(headers, &known_by, parcel.payload.bytes, ranges)
}

fn no_file() -> Refused {
    Refused::not_found("file", "of this name in this action")
}
