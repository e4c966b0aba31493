//! `GET /{tenant}/controller/v1/{controller}`: a poll.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{ETAG, HOST, IF_NONE_MATCH, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use mainstay_api::ddi::{self, BaseLinks, ControllerBase, Sleep};
use mainstay_rollout::order::Order;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::answer::{self, Answer};
use super::errand::{self, Errand};
use super::login::{self, Client};
use super::parcel::Parcel;
use super::reached::{FORWARDED_HOST, FORWARDED_PROTO};
use crate::App;
use crate::app::ActivePlan;
use crate::asker;
use crate::device_protocol::poll;
use crate::problem::Refused;
use crate::quiet::{self, Asked, Found, Look};

/// A device comes up to this part earlier than it was told to wait, each at its own part: a fleet that was switched on at once mustn't ask at once
/// for ever. Never later, since its silence is measured by the plan's poll.
const EARLIER_AT_MOST: u32 = 10;

/// Tells the device when to ask again and what there is to do; that is durable before. One that had nothing to do a while ago, and asks
/// in the same way, is answered from memory.
pub(super) async fn base(State(app): State<Arc<App>>, request: Request) -> Response {
    let answered = async { ask(&app, request).await.into_response() };
    app.guard.within(answered).await
}

/// The answer to a device that had nothing to do a while ago, and asks in the same way; none if it has to be looked at, or isn't one: what is
/// remembered was asked at a path that was found to be a poll's.
pub(crate) fn at_once(app: &App, head: &Parts) -> Option<Response> {
    let look = app
        .quiet
        .look(&*app.store, login::token_at_once(app, &head.headers)?);
    // That nobody asks here for another device is told by the routes.
    if asker::names_another(&head.headers) {
        return None;
    }
    let again = again(app, &look, head)?;
    Some(unless_known(&head.headers, again))
}

async fn ask(app: &Arc<App>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    asker::expect_itself(&parts.headers)?;
    let token = login::token(app, &parts).await?;
    let look = token.map(|token| app.quiet.look(&*app.store, token));
    if let Some(again) = look.as_ref().and_then(|look| again(app, look, &parts)) {
        return Ok(unless_known(&parts.headers, again));
    }
    // Apart, so that those who are answered from memory don't carry all of it.
    Box::pin(looked_at(app, look, parts)).await
}

async fn looked_at(app: &Arc<App>, look: Option<Look<'_>>, mut parts: Parts) -> Answer {
    let began = Instant::now();
    look.iter().for_each(Look::forget);
    let client = Client::that_asks(&mut parts, app).await?;
    let looking = app.flow.looking(began);
    let answered = told(app, look, &client, &parts).await;
    looking.ended();
    answered
}

async fn told(app: &Arc<App>, look: Option<Look<'_>>, client: &Client, parts: &Parts) -> Answer {
    let errand = errand::of(app, client).await?;
    let (turn, rests) = match &errand {
        Errand::Nothing { turn, rests } => (*turn, *rests),
        Errand::Deployment(_) | Errand::Cancel(_) => (None, false),
    };
    let links = links(app, client, errand).await?;
    let plan = app.plan().await?;
    let sleep = sleep(plan.as_deref(), client, turn);
    let eased = eased(app, plan.as_deref(), client, turn);
    let sent = eased.map(|eased| named(&ControllerBase::new(eased, links.clone())));
    let answer = named(&ControllerBase::new(sleep, links));
    // What is remembered is said when nobody is in a hurry any more.
    let sent = sent.unwrap_or_else(|| answer.clone());
    if let Some(look) = look.filter(|_| rests) {
        let found = Found {
            asked: &asked(parts),
            answer,
            at: client.now,
            turn,
            poll: poll::every(plan.as_deref()),
        };
        look.remember(app.contacts.with(&client.device.id), found);
    }
    Ok(unless_known(&parts.headers, sent))
}

/// What is remembered for a device that asks like this. That it was heard of is noted all the same; one that somebody wants to read is
/// looked at.
fn again(app: &App, look: &Look<'_>, parts: &Parts) -> Option<quiet::Answer> {
    let now = app.now();
    let entry = look.again(&*app.store, &asked(parts), now)?;
    let contact = entry.contact();
    if app.watched.wants(contact.device()) {
        return None;
    }
    app.contacts.hear(contact, now);
    Some(entry.answer().clone())
}

/// All of a request that the answer depends on: who asks, how this server was reached, and by which client.
fn asked(parts: &Parts) -> Asked<'_> {
    let heads = [HOST, FORWARDED_HOST, FORWARDED_PROTO, USER_AGENT];
    Asked::Ddi {
        path: parts.uri.path(),
        heads: heads.map(|name| parts.headers.get(name).map(HeaderValue::as_bytes)),
    }
}

async fn links(app: &App, client: &Client, errand: Errand) -> Result<BaseLinks, Refused> {
    let errand = match errand {
        Errand::Nothing { .. } => None,
        Errand::Deployment(order) => deployment(app, client, &order).await?,
        Errand::Cancel(order) => Some(ddi::Errand::Cancel(
            client.links.cancel(order.number.into()),
        )),
    };
    let installed = app.store.newest_installed(&client.device.id).await?;
    let installed = installed.map(|number| client.links.installed(number.into()));
    // So it is, too, as long as something is installed that waits for its word.
    let asks = client.controller.wants_attributes;
    let config_data = asks.then(|| client.links.config_data());
    Ok(BaseLinks::new(errand, installed, config_data))
}

/// The order's address, if its client can be told of what is there.
async fn deployment(
    app: &App,
    client: &Client,
    order: &Order,
) -> Result<Option<ddi::Errand>, Refused> {
    let parcel = Parcel::of(app, &order.offer.release).await?;
    let parcel = parcel.filter(|parcel| parcel.artifact(client, order.number).is_some());
    Ok(parcel.map(|parcel| {
        let link = client
            .links
            .deployment(order.number.into(), parcel.change());
        ddi::Errand::Deployment(link)
    }))
}

fn sleep(plan: Option<&ActivePlan>, client: &Client, turn: Option<Timestamp>) -> Sleep {
    let longest_s = poll::after_s(plan, None, client.now);
    let after_s = poll::after_s(plan, turn, client.now);
    // A plan that lets devices ask more often than the field's least means it.
    let least_s = Sleep::FIELD_MIN.as_s().min(longest_s);
    let after_s = own_wait_s(after_s, longest_s, poll::lot(&client.device.id));
    Sleep::from_s(after_s.max(least_s))
}

/// How long the device sleeps while there is more to do than is comfortable; none if that makes no difference to it.
fn eased(
    app: &App,
    plan: Option<&ActivePlan>,
    client: &Client,
    turn: Option<Timestamp>,
) -> Option<Sleep> {
    let after_s = poll::after_s(plan, turn, client.now);
    let eased_s = poll::eased_s(app, plan, after_s, &client.device.id);
    (eased_s > after_s).then(|| Sleep::from_s(eased_s))
}

/// How long the device waits, which has this lot, where devices wait `after_s` and at most `longest_s`. One whose turn comes before a whole poll is over
/// comes at its turn, which the rollout has spread already: whoever came before it would have to come again.
fn own_wait_s(after_s: u32, longest_s: u32, lot: u32) -> u32 {
    match after_s < longest_s {
        true => after_s,
        false => after_s - lot % (after_s / EARLIER_AT_MOST + 1),
    }
}

/// The answer with its name.
fn named(base: &ControllerBase) -> quiet::Answer {
    let body = answer::written(base);
    let digest = hex::encode(Sha256::digest(&body));
    let etag = format!("\"{}\"", &digest[..16]);
    let etag = HeaderValue::from_str(&etag).expect("hexadecimal in quotes");
    quiet::Answer {
        body,
        etag: Some(etag),
    }
}

/// 304 for a client that has this answer already.
fn unless_known(headers: &HeaderMap, answer: quiet::Answer) -> Response {
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let is_it = |one: &str| {
        let etag = answer.etag.as_ref();
        etag.is_some_and(|etag| etag.as_bytes() == one.trim().as_bytes())
    };
    let is_known = known.is_some_and(|list| list.split(',').any(is_it));
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => answer::with(answer.body),
    };
    if let Some(etag) = answer.etag {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_its_turn_comes_neither_early_nor_late() {
        for (after_s, longest_s, expected) in [
            (3600, 3600, 3600 - 7),
            (599, 3600, 599),
            (3599, 3600, 3599),
            (30, 30, 30 - 7 % 4),
            (1, 1, 1),
            (0, 0, 0),
        ] {
            assert_eq!(
                own_wait_s(after_s, longest_s, 7),
                expected,
                "{after_s} of {longest_s}"
            );
        }
        assert!((0..1000).all(|lot| (3240..=3600).contains(&own_wait_s(3600, 3600, lot))));
    }
}
