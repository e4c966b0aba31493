//! `POST .../deploymentBase/{number}/feedback` and `.../cancelAction/{number}/feedback`: what a client reports of an order.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_api::ddi::feedback::salvage;
use mainstay_api::ddi::{ActionFeedback, BODY_BYTES_MAX, Status};
use mainstay_rollout::order::log::{DETAILS_MAX, LogEntry};
use mainstay_rollout::order::{
    ORDERS_LOOKED_AT, Order, OrderNumber, OrderRefusal, Word, fails_again,
};
use mainstay_store::{AskedBy, StoreError};
use mainstay_telemetry::UnknownWord;
use mainstay_telemetry::client_word;

use super::answer::{self, Answer};
use super::heard::{self, Spoken};
use super::login::{Client, no_order};
use crate::problem::Refused;
use crate::{App, body};

/// What one pair of words means.
type Reading = fn(&str, &str) -> Result<Word, UnknownWord>;

/// Of an order to install.
pub(super) async fn of_order(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    request: Body,
) -> Answer {
    heed(&app, &client, &headers, request, client_word::of_order).await
}

/// Of an order that the client is asked to leave.
pub(super) async fn of_cancel(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    request: Body,
) -> Answer {
    heed(&app, &client, &headers, request, client_word::of_cancel).await
}

/// What was reported is durable before the answer; also words that mean nothing here, which are refused.
async fn heed(
    app: &App,
    client: &Client,
    headers: &HeaderMap,
    request: Body,
    reading: Reading,
) -> Answer {
    let number = client.number()?;
    let order = app.store.order(&client.device.id, number).await?;
    let order = order.ok_or_else(|| no_order(number))?;
    let bytes = body::read(headers, request, BODY_BYTES_MAX).await?;
    let status = read(app, client, number, &bytes).await?;
    let (execution, finished) = (&*status.execution, &*status.result.finished);
    let word = reading(execution, finished);
    let is_told = client.profile.bears_refused_reports();
    if is_told && matches!(word, Ok(Word::Progress)) && status.details.count > DETAILS_MAX {
        return Err(too_many_details(status.details.count).into());
    }
    let said = client_word::said(execution, finished);
    let entry = LogEntry::new(client.now, &said, &status.details.texts);
    let meant = word.as_ref().copied().unwrap_or(Word::NotUnderstood);
    let spoken = Spoken {
        word: counted(app, client, &order, meant).await?,
        entry: Some(&entry),
        runs: None,
    };
    match heard::heed(app, client, number, spoken).await {
        // What is dropped is one line of a log with a thousand; the update would never begin.
        Err(refused) if is_full(&refused) && !is_told => {}
        Err(refused) => {
            late(app, client, &order, meant).await?;
            return Err(refused.into());
        }
        Ok(_) => {}
    }
    if matches!(word, Ok(Word::Rejected | Word::CancelRefused)) {
        tracing::warn!(device = %client.device.id, order = %number, "its client won't, for now");
    }
    word.map_err(unknown)?;
    Ok(answer::nothing())
}

/// What was reported. SWUpdate sends its log as it is, quotes and all: that isn't JSON. Whether it ended stands before it and counts all the same; if that were
/// lost, it would be offered the same again for ever, and nobody would hear of its failures.
async fn read(
    app: &App,
    client: &Client,
    number: OrderNumber,
    bytes: &[u8],
) -> Result<Status, Refused> {
    let error = match serde_json::from_slice::<ActionFeedback>(bytes) {
        Ok(feedback) => return Ok(feedback.status),
        Err(error) => error.to_string(),
    };
    let device = &client.device.id;
    tracing::warn!(%device, order = %number, error, "a report isn't JSON; a line in it may have a quote");
    if let Some(status) = salvage::status(bytes) {
        return Ok(status);
    }
    let begins = String::from_utf8_lossy(bytes);
    let entry = LogEntry::new(client.now, "not readable", [&*error, &*begins]);
    let spoken = Spoken {
        word: Word::NotUnderstood,
        entry: Some(&entry),
        runs: None,
    };
    match heard::heed(app, client, number, spoken).await {
        Err(refused) if refused.status().is_server_error() => Err(refused),
        _ => Err(Refused::malformed(&error)),
    }
}

/// The word as it counts: who failed to fetch the whole often enough for its size has failed.
async fn counted(
    app: &App,
    client: &Client,
    order: &Order,
    word: Word,
) -> Result<Word, StoreError> {
    if word != Word::Failed || order.seen.whole || !order.seen.has_fetched() {
        return Ok(word);
    }
    let device = &client.device.id;
    let Some(rollout) = app.store.rollout(order.rollout).await? else {
        return Ok(word);
    };
    let newest = app.store.recent_orders(device, ORDERS_LOOKED_AT).await?;
    Ok(match fails_again(&newest, order, &rollout) {
        true => Word::FailedAgain,
        false => word,
    })
}

/// Who says that it installed what nobody waits for any more may run it: the device is asked what it runs.
async fn late(app: &App, client: &Client, order: &Order, word: Word) -> Result<(), StoreError> {
    let is_asked = client.controller.wants_attributes || !order.seen.has_fetched();
    if word == Word::Installed && !order.is_open() && !is_asked {
        let by = AskedBy::ItsOwnWord;
        app.store.ask_attributes(&client.device.id, by).await?;
    }
    Ok(())
}

/// Whether it is refused for its log alone, which has no room for it.
pub(super) fn is_full(refused: &Refused) -> bool {
    refused.id() == OrderRefusal::LogFull.id()
}

fn unknown(word: UnknownWord) -> Refused {
    Refused::bad(word.id(), &word, word.cure())
}

fn too_many_details(count: usize) -> Refused {
    Refused::new(
        StatusCode::TOO_MANY_REQUESTS,
        "ddi.too-many-details",
        format_args!("The report has {count} details."),
        format_args!("Send at most {DETAILS_MAX} at once."),
    )
}
