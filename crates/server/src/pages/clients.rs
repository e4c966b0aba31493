//! Which update client each device has, for lists and pages. Read [`Clients`].

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_api::ORDER_LOG_SHOWN;
use mainstay_fleet::{ClientProfile, Device, DeviceClient, DeviceId, SetBy};
use mainstay_plan::{ClassId, ClientRules};
use mainstay_report::{ClientFacts, TimelineEntry};
use mainstay_rollout::order::Order;
use mainstay_rollout::order::log::LogEntry;
use mainstay_store::StoreError;

use super::fill;
use crate::app::ActivePlan;
use crate::{App, ddi};

/// The devices with other update clients, and what the plan says of their classes.
pub(super) struct Clients {
    noted: BTreeMap<DeviceId, Option<DeviceClient>>,
    plan: Option<Arc<ActivePlan>>,
}

impl Clients {
    /// Of the whole fleet.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn of_all(app: &App) -> Result<Self, StoreError> {
        Ok(Self {
            noted: app.store.clients().await?.into_iter().collect(),
            plan: app.plan().await?,
        })
    }

    /// Of one device.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn of_one(app: &App, device: &Device) -> Result<Self, StoreError> {
        let controller = app.store.controller(&device.id).await?;
        let noted = controller.map(|controller| (device.id.clone(), controller.client));
        Ok(Self {
            noted: noted.into_iter().collect(),
            plan: app.plan().await?,
        })
    }

    /// What is told of a device's client.
    pub fn facts(&self, device: &Device) -> ClientFacts {
        let Some(noted) = self.noted.get(&device.id) else {
            return ClientFacts::native();
        };
        let rules = self.rules(device);
        let seen = noted.unwrap_or(DeviceClient {
            profile: ClientProfile::Generic,
            set_by: SetBy::Detected,
        });
        let client = DeviceClient {
            profile: ddi::profile(seen, &rules),
            ..seen
        };
        ClientFacts::of(client, rules.checks_signature)
    }

    fn rules(&self, device: &Device) -> ClientRules {
        let class = self.plan.as_ref().zip(ClassId::new(&device.class).ok());
        let class = class.and_then(|(active, id)| active.plan.class(&id));
        class.map(|class| class.clients.clone()).unwrap_or_default()
    }
}

/// What became of a device's newest order, in words, with what was said of it last; none if it never had one.
///
/// # Errors
/// If the store fails.
pub(super) async fn newest_order(
    app: &App,
    device: &DeviceId,
) -> Result<(Option<String>, Vec<TimelineEntry>), StoreError> {
    let Some(order) = app.store.recent_orders(device, 1).await?.pop() else {
        return Ok((None, Vec::new()));
    };
    let log = order_log(app, device, &order).await?;
    let log = log.into_iter().map(fill::order_word).collect();
    Ok((Some(told(app, &order).await?), log))
}

/// What was said of an order last, newest first.
///
/// # Errors
/// If the store fails.
pub(crate) async fn order_log(
    app: &App,
    device: &DeviceId,
    order: &Order,
) -> Result<Vec<LogEntry>, StoreError> {
    app.store
        .order_log(device, order.number, ORDER_LOG_SHOWN)
        .await
}

/// What became of an order, in words.
///
/// # Errors
/// If the store fails.
pub(crate) async fn told(app: &App, order: &Order) -> Result<String, StoreError> {
    Ok(fill::order_words(order, &version(app, order).await?))
}

/// The version that an order is about; the first signs of its digest if that release isn't here any more.
///
/// # Errors
/// If the store fails.
pub(crate) async fn version(app: &App, order: &Order) -> Result<String, StoreError> {
    let release = app.store.release_by_manifest(&order.offer.release).await?;
    Ok(release.map_or_else(
        || order.offer.release.short(),
        |release| release.facts.version.to_string(),
    ))
}
