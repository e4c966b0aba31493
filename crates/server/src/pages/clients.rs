//! Which update client each device has, for lists and pages. Read [`Clients`].

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_fleet::{Device, DeviceClient, DeviceId};
use mainstay_report::ClientFacts;
use mainstay_store::StoreError;

use crate::app::ActivePlan;
use crate::{App, ddi};

/// Those of some devices that have other update clients, and what the plan says of their classes.
pub(super) struct Clients {
    noted: BTreeMap<DeviceId, Option<DeviceClient>>,
    plan: Option<Arc<ActivePlan>>,
}

impl Clients {
    /// Of these devices: as many as a page shows.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn of_each(app: &App, devices: &[Device]) -> Result<Self, StoreError> {
        let names: Vec<_> = devices.iter().map(|device| device.id.clone()).collect();
        let noted = app.store.clients_of(&names).await?;
        Ok(Self {
            noted: noted.into_iter().collect(),
            plan: app.plan().await?,
        })
    }

    /// Of one device.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn of_one(app: &App, device: &Device) -> Result<Self, StoreError> {
        Self::of_each(app, std::slice::from_ref(device)).await
    }

    /// What is told of a device's client.
    pub fn facts(&self, device: &Device) -> ClientFacts {
        let Some(noted) = self.noted.get(&device.id) else {
            return ClientFacts::native();
        };
        let active = self.plan.as_ref();
        let rules = active.map(|active| active.plan.client_rules(&device.class));
        let rules = rules.unwrap_or_default();
        ClientFacts::of(ddi::spoken_to(*noted, &rules), rules.checks_signature)
    }
}
