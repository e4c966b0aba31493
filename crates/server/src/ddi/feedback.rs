//! `POST .../deploymentBase/{number}/feedback` and `.../cancelAction/{number}/feedback`: what a client reports of an order.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_api::ddi::{ActionFeedback, BODY_BYTES_MAX};
use mainstay_rollout::order::log::{DETAILS_MAX, LogEntry};
use mainstay_rollout::order::{OrderRefusal, Word};
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
    if app.store.order(&client.device.id, number).await?.is_none() {
        return Err(no_order(number).into());
    }
    let status = read(headers, request).await?.status;
    let (execution, finished) = (&*status.execution, &*status.result.finished);
    let word = reading(execution, finished);
    let is_told = client.profile.bears_refused_reports();
    if is_told && matches!(word, Ok(Word::Progress)) && status.details.count > DETAILS_MAX {
        return Err(too_many_details(status.details.count).into());
    }
    let said = client_word::said(execution, finished);
    let entry = LogEntry::new(client.now, &said, &status.details.texts);
    let spoken = Spoken {
        word: word.as_ref().copied().unwrap_or(Word::NotUnderstood),
        entry: Some(&entry),
        runs: None,
    };
    match heard::heed(app, client, number, spoken).await {
        // What is dropped is one line of a log with a thousand; the update would never begin.
        Err(refused) if is_full(&refused) && !is_told => {}
        heeded => {
            heeded?;
        }
    }
    if matches!(word, Ok(Word::Rejected | Word::CancelRefused)) {
        tracing::warn!(device = %client.device.id, order = %number, "its client won't, for now");
    }
    word.map_err(unknown)?;
    Ok(answer::nothing())
}

async fn read(headers: &HeaderMap, request: Body) -> Result<ActionFeedback, Refused> {
    let bytes = body::read(headers, request, BODY_BYTES_MAX).await?;
    // SWUpdate sends quotes in its log as they are now and then: that isn't JSON, and no failure of ours.
    serde_json::from_slice(&bytes).map_err(|error| Refused::malformed(&error.to_string()))
}

fn is_full(refused: &Refused) -> bool {
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
