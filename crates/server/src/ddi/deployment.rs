//! `GET .../deploymentBase/{number}`: what is to be installed. Reading it is noted.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use mainstay_api::ddi::{ActionHistory, DeploymentBase};
use mainstay_rollout::Ending;
use mainstay_rollout::order::{Order, OrderState, Word};
use serde::Deserialize;

use super::answer::{self, Answer};
use super::errand::{self, Errand};
use super::heard::{self, Spoken};
use super::login::{Client, no_order};
use super::parcel::Parcel;
use crate::App;
use crate::problem::Refused;

/// So much of what was said is told, at most; hawkBit's own bound.
const HISTORY_MAX: u32 = 100;

/// What of the past a client wants to hear.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// So many messages; a negative number stands for as many as there are, none and zero for none.
    #[serde(rename = "actionHistory")]
    action_history: Option<String>,
}

/// The order, as long as it stands.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    client: Client,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Answer {
    let number = client.number()?;
    let standing = errand::standing(&app, &client).await?;
    let Some(Errand::Deployment(order)) = standing else {
        return Err(no_order(number).into());
    };
    if order.number != number {
        return Err(no_order(number).into());
    }
    let said = described(&app, &client, &order, asked).await?;
    if order.state == OrderState::Offered {
        heard::heed(&app, &client, number, Spoken::silently(Word::Retrieved)).await?;
    }
    Ok(answer::json(&said))
}

/// An order with what it is about.
///
/// # Errors
/// `request.not-found` if the client can't be told of what is there.
pub(super) async fn described(
    app: &App,
    client: &Client,
    order: &Order,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<DeploymentBase, Refused> {
    let parcel = Parcel::of(app, &order.offer.release).await?;
    let deployment = parcel.and_then(|parcel| parcel.deployment(client, order.number));
    Ok(DeploymentBase {
        id: order.number.into(),
        deployment: deployment.ok_or_else(|| no_order(order.number))?,
        action_history: history(app, client, order, asked).await?,
    })
}

async fn history(
    app: &App,
    client: &Client,
    order: &Order,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Option<ActionHistory>, Refused> {
    let wanted = asked
        .ok()
        .and_then(|Query(asked)| asked.action_history?.parse::<i64>().ok());
    let Some(limit) = wanted.filter(|wanted| *wanted != 0) else {
        return Ok(None);
    };
    let limit = u32::try_from(limit).map_or(HISTORY_MAX, |limit| limit.min(HISTORY_MAX));
    let log = app
        .store
        .order_log(&client.device.id, order.number, limit)
        .await?;
    let message = |entry: mainstay_rollout::order::log::LogEntry| match entry.details.is_empty() {
        true => entry.word,
        false => format!("{}: {}", entry.word, entry.details.join(" / ")),
    };
    Ok(Some(ActionHistory {
        status: status(order).to_owned(),
        messages: log.into_iter().map(message).collect(),
    }))
}

/// Where an order stands, in hawkBit's words.
fn status(order: &Order) -> &'static str {
    match order.state {
        OrderState::Offered => "SCHEDULED",
        OrderState::Retrieved { .. } => "RETRIEVED",
        OrderState::Fetching { .. } => "RUNNING",
        OrderState::Cancelling { .. } => "CANCELING",
        OrderState::Installed { .. } => "FINISHED",
        OrderState::Closed { how, .. } => match how {
            Ending::Verified | Ending::TakenAtItsWord | Ending::Unverified => "FINISHED",
            Ending::Failed | Ending::NothingFetched | Ending::BrokeOff => "ERROR",
            Ending::Cancelled | Ending::Superseded | Ending::Withdrawn | Ending::GivenUp => {
                "CANCELED"
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mainstay_fleet::ReleaseDigest;
    use mainstay_rollout::order::OrderNumber;
    use mainstay_rollout::{Kind, Offer, RolloutId, Wait};

    use super::*;

    #[test]
    fn every_order_stands_somewhere_in_hawkbits_words() {
        let at = Timestamp::UNIX_EPOCH;
        let closed = |how| OrderState::Closed { at, how };
        let why = Wait::Complete;
        let (release, kind) = (ReleaseDigest([2; 32]), Kind::Forward);
        let number = OrderNumber::new(1_000_008).expect("a number");
        let mut order = Order::open(number, RolloutId(1), Offer { release, kind }, at);
        for (state, expected) in [
            (OrderState::Offered, "SCHEDULED"),
            (OrderState::Retrieved { at }, "RETRIEVED"),
            (OrderState::Fetching { since: at }, "RUNNING"),
            (OrderState::Cancelling { since: at, why }, "CANCELING"),
            (OrderState::Installed { at }, "FINISHED"),
            (closed(Ending::Verified), "FINISHED"),
            (closed(Ending::TakenAtItsWord), "FINISHED"),
            (closed(Ending::Unverified), "FINISHED"),
            (closed(Ending::Failed), "ERROR"),
            (closed(Ending::NothingFetched), "ERROR"),
            (closed(Ending::BrokeOff), "ERROR"),
            (closed(Ending::Cancelled), "CANCELED"),
            (closed(Ending::Superseded), "CANCELED"),
            (closed(Ending::Withdrawn), "CANCELED"),
            (closed(Ending::GivenUp), "CANCELED"),
        ] {
            order.state = state;
            assert_eq!(status(&order), expected, "{:?}", order.state);
        }
    }
}
