//! Telling others by HTTP what happened: what this server was told about that, and one try. Who is told what, and when it is tried again, is
//! decided in `mainstay_api::webhook`; the tries are made by `jobs/tell_webhooks.rs`. Read [`Hooks::tell`].
//!
//! Whoever may add a webhook names an address that the server connects to from where it stands. So it connects to public addresses alone, unless
//! a setting names more; it looks at the address that it connects to, not at a name that may mean another one a moment later; it follows nobody
//! elsewhere; and of an answer nobody learns more than its status.

mod target;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mainstay_api::event::Event;
use mainstay_api::webhook::Outcome;
use mainstay_api::webhook::sign::{
    ID_HEADER, SECRET_BYTES, SIGNATURE_HEADER, TIMESTAMP_HEADER, signature,
};
use mainstay_keys::SealingKey;
use mainstay_store::StoredWebhook;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use serde::Serialize;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::App;
use crate::body::is_caused_by;
use crate::data_dir::Lock;
use crate::jobs::lease::{JobLease, WEBHOOKS};
pub use target::WebhookNetworks;
pub(crate) use target::{Forbidden, target};

/// A receiver that hasn't answered by then counts as silent: it should take what it is told, and do its work afterwards (Standard Webhooks asks for 15 to
/// 30 seconds).
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// A connection that isn't there by then comes to nothing.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// What this server was told about webhooks.
#[derive(Debug, Clone, Default)]
pub struct WebhookRules {
    /// What secrets are sealed with; none if there are to be no webhooks.
    pub key: Option<Arc<SealingKey>>,
    /// Networks that aren't public and may be told all the same.
    pub networks: WebhookNetworks,
}

/// What telling needs beside the store.
pub(crate) struct Hooks {
    /// Somebody added a subscription here, or removed one.
    pub changed: Notify,
    /// That one server tells for all.
    pub lease: JobLease,
    rules: WebhookRules,
    client: OnceLock<Option<Client>>,
}

/// What is sent, as Standard Webhooks has it.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: jiff::Timestamp,
    data: &'a Event,
}

impl Hooks {
    /// By these rules; `lock` is that of the server's folder.
    pub fn new(rules: WebhookRules, lock: Option<&Lock>) -> Self {
        Self {
            changed: Notify::new(),
            lease: JobLease::of(WEBHOOKS, lock),
            rules,
            client: OnceLock::new(),
        }
    }

    /// What this server was told.
    pub fn rules(&self) -> &WebhookRules {
        &self.rules
    }

    /// Tells a subscription of an event, once, under this id.
    pub async fn tell(
        &self,
        app: &App,
        webhook: &StoredWebhook,
        id: &str,
        event: &Event,
    ) -> Outcome {
        let Some(secret) = self.secret(webhook) else {
            return Outcome::Unreadable;
        };
        let Some(client) = self.client() else {
            return Outcome::Broken;
        };
        let Ok(url) = target(&webhook.subscription.url, &self.rules.networks) else {
            return Outcome::Forbidden;
        };
        let message = Message {
            kind: &event.happened.kind,
            timestamp: event.happened.at,
            data: event,
        };
        let body = serde_json::to_vec(&message).expect("texts and numbers");
        let second = app.now().as_second();
        let signed = signature(&secret, id, second, &body);
        let request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(ID_HEADER, id)
            .header(TIMESTAMP_HEADER, second)
            .header(SIGNATURE_HEADER, signed)
            .body(body);
        // The answer's body is never read: with the answer its connection goes.
        match request.send().await {
            Ok(answer) => Outcome::Status(answer.status().as_u16()),
            Err(error) if is_caused_by::<Forbidden>(&error) => Outcome::Forbidden,
            Err(error) if error.is_timeout() => Outcome::Silence,
            Err(_) => Outcome::Broken,
        }
    }

    fn secret(&self, webhook: &StoredWebhook) -> Option<Zeroizing<[u8; SECRET_BYTES]>> {
        let opened = self
            .rules
            .key
            .as_ref()?
            .open(&webhook.id, &webhook.secret)?;
        let secret = <[u8; SECRET_BYTES]>::try_from(&opened[..]).ok()?;
        Some(Zeroizing::new(secret))
    }

    /// Made when it is needed first. Each try has a connection of its own, so that each looks at the address anew.
    fn client(&self) -> Option<&Client> {
        let made = self.client.get_or_init(|| {
            let client = Client::builder()
                .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::new(target::Resolver(self.rules.networks.clone())))
                .redirect(Policy::none())
                .referer(false)
                .no_proxy()
                .http1_only()
                .pool_max_idle_per_host(0)
                .connect_timeout(CONNECT_MAX)
                .timeout(ANSWER_MAX)
                .build();
            let failed = |error: &reqwest::Error| {
                tracing::error!(%error, "nobody can be told by HTTP what happened");
            };
            client.inspect_err(failed).ok()
        });
        made.as_ref()
    }
}
