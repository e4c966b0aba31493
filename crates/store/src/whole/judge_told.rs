//! Rows of what is told outwards, and to whom, through the domain's types. No finding shows what is kept of a secret.

use mainstay_api::event::Happened;
use mainstay_api::webhook::{Delivery, Subscription};

use super::cells::{Cell, Row};
use super::judge::agrees;
use crate::values::{bytes32, from_json, instant, micros};
use crate::{StoreError, door_rows};

type Judged = Result<Vec<Cell>, StoreError>;

pub(super) fn event(row: &Row) -> Judged {
    let happened: Happened = from_json("event", row.text("value")?)?;
    agrees("event", "kind", row.text("kind")? == happened.kind)?;
    agrees("event", "subject", row.text("subject")? == happened.subject)?;
    agrees("event", "at", row.number("at")? == micros(happened.at))?;
    Ok(Vec::new())
}

pub(super) fn webhook(row: &Row) -> Judged {
    row.bytes("secret")?;
    row.number("position")?;
    from_json::<Subscription>("webhook", row.text("value")?)?;
    Ok(Vec::new())
}

pub(super) fn delivery(row: &Row) -> Judged {
    let delivery: Delivery = from_json("delivery", row.text("value")?)?;
    row.text("subject")?;
    let is_open = row.truth("is_open")? == delivery.is_open();
    agrees("delivery", "is_open", is_open)?;
    Ok(Vec::new())
}

/// What a request with a key of its own was answered; nothing yet, of one that is at work.
pub(super) fn answered(row: &Row) -> Judged {
    door_rows::email(row.text("email")?)?;
    bytes32("idempotency key", row.bytes("fingerprint")?)?;
    instant("idempotency key", row.number("at")?)?;
    let has_body = row.maybe_bytes("body")?.is_some();
    let is_answered = row.maybe_number("status")?.is_some();
    agrees("idempotency key", "body", is_answered || !has_body)?;
    Ok(Vec::new())
}
