//! `GET .../cancelAction/{number}`: which order a client is asked to leave.

use std::sync::Arc;

use axum::extract::State;
use mainstay_api::ddi::CancelAction;

use super::answer::{self, Answer};
use super::errand::{self, Errand};
use super::login::{Client, no_order};
use crate::App;

/// The order, as long as its client is asked to leave it.
pub(super) async fn one(State(app): State<Arc<App>>, client: Client) -> Answer {
    let number = client.number()?;
    match errand::standing(&app, &client).await? {
        Some(Errand::Cancel(order)) if order.number == number => {
            Ok(answer::json(&CancelAction::of(number.into())))
        }
        _ => Err(no_order(number).into()),
    }
}
