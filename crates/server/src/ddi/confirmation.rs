//! `.../confirmationBase`: whether an owner is asked before a device installs something.
//!
//! No plan asks for that, so no order waits for an owner here: each is shown as soon as it is the device's turn, as by a hawkBit server on which confirmation is
//! switched off. What a client says all the same is kept: that it lets everything be installed, which it is told again, and what its owner thinks of an
//! order, which stands in that order's log, for people. Read [`base`].

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_api::ddi::{
    self, AutoConfirm, AutoConfirmRequest, BODY_BYTES_MAX, ConfirmationBase, ConfirmationFeedback,
};
use mainstay_rollout::order::log::{DETAIL_BYTES_MAX, LogEntry, harmless};
use mainstay_rollout::order::{OrderNumber, Word};
use serde::de::DeserializeOwned;

use super::answer::{self, Answer};
use super::feedback::is_full;
use super::heard::{self, Spoken};
use super::login::{Client, no_order};
use crate::problem::Refused;
use crate::{App, body};

/// Who lets everything be installed, and how that is changed. Nothing waits.
pub(super) async fn base(client: Client) -> Answer {
    let kept = match &client.controller.auto_confirm {
        None => AutoConfirm::default(),
        Some(kept) => serde_json::from_str(kept).map_err(|error| Refused::internal(&error))?,
    };
    let said = ConfirmationBase::new(kept, &client.links, None);
    Ok(answer::json(&said))
}

/// No order waits, whether or not there is one.
pub(super) async fn one(client: Client) -> Answer {
    Err(no_order(client.number()?).into())
}

/// What an owner says of an order that waits for nobody is kept for people, and changes nothing.
pub(super) async fn answered(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    request: Body,
) -> Answer {
    let number = client.number()?;
    let order = app.store.order(&client.device.id, number).await?;
    order.ok_or_else(|| no_order(number))?;
    let bytes = body::read(&headers, request, BODY_BYTES_MAX).await?;
    let said: ConfirmationFeedback = read(&bytes)?;
    let (word, called) = match said.confirmation {
        ddi::Answer::Confirmed => (Word::Progress, "confirmed"),
        ddi::Answer::Denied => (Word::Rejected, "denied"),
    };
    let entry = LogEntry::new(client.now, called, &said.details.texts);
    let spoken = Spoken {
        word,
        entry: Some(&entry),
        runs: None,
    };
    match heard::heed(&app, &client, number, spoken).await {
        Err(refused) if !is_full(&refused) => Err(refused.into()),
        _ => Err(not_waiting(number).into()),
    }
}

/// From now on the client lets everything be installed; it says by whose word.
pub(super) async fn activate(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    request: Body,
) -> Answer {
    let bytes = body::read(&headers, request, BODY_BYTES_MAX).await?;
    let said: AutoConfirmRequest = match bytes.trim_ascii() {
        b"" => AutoConfirmRequest::default(),
        said => read(said)?,
    };
    let bounded = |text: Option<String>| text.map(|text| harmless(&text, DETAIL_BYTES_MAX));
    let said = AutoConfirmRequest {
        initiator: bounded(said.initiator),
        remark: bounded(said.remark),
    };
    let kept = answer::written(&AutoConfirm::since(said, client.now));
    let kept = str::from_utf8(&kept).map_err(|error| Refused::internal(&error))?;
    let device = &client.device.id;
    match app.store.keep_auto_confirm(device, Some(kept)).await? {
        true => Ok(answer::nothing()),
        false => Err(active_already().into()),
    }
}

/// It doesn't any more, whether or not it did. There is nothing to say beside that: what is sent is read to its bound, and means nothing.
pub(super) async fn deactivate(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    request: Body,
) -> Answer {
    body::read(&headers, request, BODY_BYTES_MAX).await?;
    app.store.keep_auto_confirm(&client.device.id, None).await?;
    Ok(answer::nothing())
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(bytes).map_err(|error| Refused::malformed(&error.to_string()))
}

fn not_waiting(number: OrderNumber) -> Refused {
    Refused::new(
        StatusCode::NOT_FOUND,
        "ddi.not-waiting",
        format_args!("The action {number} waits for nobody's consent."),
        "Poll again; what is to be done stands there.",
    )
}

fn active_already() -> Refused {
    Refused::new(
        StatusCode::CONFLICT,
        "ddi.auto-confirm-active",
        "Everything is confirmed already.",
        "Deactivate it first, to say so anew.",
    )
}
