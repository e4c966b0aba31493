//! Who is told by HTTP what happened: added, listed, tried and removed. Operations alone see them: an address may hold a secret of its receiver.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::Permission;
use mainstay_api::event::{Event, Happened};
use mainstay_api::webhook::sign::{SECRET_BYTES, shown};
use mainstay_api::webhook::{Subscription, WEBHOOKS_MAX, check_kinds};
use mainstay_api::{DeliveryView, MadeWebhook, NewWebhook, WebhookTest, WebhookView};
use mainstay_keys::sealing::SEALING_NONCE_BYTES;
use mainstay_store::{StoreError, StoredWebhook};
use zeroize::Zeroizing;

use crate::named::Named;
use crate::problem::Refused;
use crate::webhooks::target;
use crate::{App, authenticate, body};

/// So many deliveries are shown, the newest ones.
pub(crate) const DELIVERIES_SHOWN: u32 = 100;

/// The kind of what is told for a test; no event has it.
const TEST_KIND: &str = "webhook.test";

/// `POST /webhooks`.
pub(super) async fn add(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<MadeWebhook>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::ManageWebhooks).await?;
    let NewWebhook { url, kinds } = body::json(&headers, request).await?;
    target(&url, &app.hooks.rules().networks)?;
    check_kinds(&kinds).map_err(|kind| {
        Refused::bad(
            "webhooks.kind",
            format_args!("There is no kind of event {kind:?}."),
            "Name kinds such as rollout.halted, or none for all of them.",
        )
    })?;
    let subscription = Subscription {
        url,
        kinds,
        by: person.email.to_string(),
        at: app.now(),
        failing_since: None,
        off: None,
    };
    let (made, secret) = sealed(&app, subscription)?;
    match app.store.add_webhook(&made).await {
        Err(StoreError::Conflict { .. }) => return Err(too_many()),
        added => added?,
    }
    app.hooks.changed.notify_one();
    tracing::info!(webhook = %made.id, by = %person.email, "webhook added");
    let webhook = WebhookView::of(&made.id, &made.subscription, 0);
    Ok((StatusCode::CREATED, Json(MadeWebhook { webhook, secret })))
}

/// A subscription with an id and a secret that nobody has yet, and that secret as it is shown this once.
fn sealed(app: &App, subscription: Subscription) -> Result<(StoredWebhook, String), Refused> {
    let Some(key) = &app.hooks.rules().key else {
        return Err(Refused::conflict(
            "webhooks.no-key",
            "This server has no key with which a webhook's secret could be kept.",
            "Whoever runs the server names one in the setting webhook_key_file: `openssl rand -hex 32 > webhook.key` makes it.",
        ));
    };
    let mut name = [0; 8];
    let mut secret = Zeroizing::new([0; SECRET_BYTES]);
    let mut nonce = [0; SEALING_NONCE_BYTES];
    app.entropy.fill(&mut name);
    app.entropy.fill(&mut *secret);
    app.entropy.fill(&mut nonce);
    let id = format!("wh_{}", hex::encode(name));
    let made = StoredWebhook {
        secret: key.seal(&id, &*secret, nonce),
        id,
        subscription,
        position: 0,
    };
    Ok((made, shown(&secret)))
}

fn too_many() -> Refused {
    Refused::conflict(
        "webhooks.too-many",
        format_args!("There are {WEBHOOKS_MAX} webhooks, as many as there may be."),
        "Remove one that nobody needs; one program can hand on to others what it is told.",
    )
}

/// `GET /webhooks`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Vec<WebhookView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::ManageWebhooks).await?;
    let mut views = Vec::new();
    for webhook in app.store.webhooks().await? {
        let waiting = app.store.open_deliveries(&webhook.id).await?;
        views.push(WebhookView::of(&webhook.id, &webhook.subscription, waiting));
    }
    Ok(Json(views))
}

/// `DELETE /webhooks/{id}`.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<StatusCode, Refused> {
    let person = authenticate::person(&app, &headers, Permission::ManageWebhooks).await?;
    match app.store.remove_webhook(&id).await {
        Err(StoreError::NotFound { .. }) => return Err(Refused::not_found("webhook", id)),
        removed => removed?,
    }
    app.hooks.changed.notify_one();
    tracing::info!(webhook = %id, by = %person.email, "webhook removed");
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /webhooks/{id}/test`: tells something that didn't happen, once and now. Nothing is noted of it.
pub(super) async fn test(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<WebhookTest>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::ManageWebhooks).await?;
    let webhook = named(&app, &id).await?;
    let happened = Happened {
        at: app.now(),
        kind: TEST_KIND.to_owned(),
        subject: "webhook".to_owned(),
        by: Some(person.email.to_string()),
        what: format!("{} tries whether this arrives", person.email),
        facts: Default::default(),
    };
    let event = Event {
        number: 0,
        happened,
    };
    let mut drawn = [0; 8];
    app.entropy.fill(&mut drawn);
    let message = format!("msg_test_{}", hex::encode(drawn));
    let outcome = app.hooks.tell(&app, &webhook, &message, &event).await;
    Ok(Json(WebhookTest {
        delivered: outcome.is_well(),
        outcome: outcome.to_string(),
    }))
}

/// `GET /webhooks/{id}/deliveries`.
pub(super) async fn deliveries(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<Vec<DeliveryView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::ManageWebhooks).await?;
    named(&app, &id).await?;
    let found = app.store.deliveries(&id, DELIVERIES_SHOWN).await?;
    let view = |made: &mainstay_store::StoredDelivery| {
        DeliveryView::of(made.event, &made.subject, &made.delivery)
    };
    Ok(Json(found.iter().map(view).collect()))
}

async fn named(app: &App, id: &str) -> Result<StoredWebhook, Refused> {
    let found = app.store.webhook(id).await?;
    found.ok_or_else(|| Refused::not_found("webhook", id))
}
