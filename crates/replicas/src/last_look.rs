//! What the database and the API say when all is over. Read [`look`].

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use mainstay_access::Duty;
use mainstay_fleet::{Device, DeviceId, ReleaseDigest};
use mainstay_rollout::{Phase, Progress, Rollout};
use mainstay_store::devices::TIMELINE_KEPT;
use mainstay_store::{Devices as _, PostgresStore, Rollouts as _, TimelineEntry};
use mainstay_telemetry::DeviceEvent;

use crate::acts::updated;
use crate::house::House;
use crate::seen::{DeviceNumber, ReleaseNumber};
use crate::truth::{Ending, Kept, Told, Truth};

/// Who is who.
pub struct Names<'a> {
    /// The devices, in the order of their numbers.
    pub devices: &'a [DeviceId],
    /// The manifest of each release.
    pub manifests: Vec<ReleaseDigest>,
}

impl Names<'_> {
    fn numbers(&self) -> BTreeMap<&DeviceId, DeviceNumber> {
        let numbered = self.devices.iter().enumerate();
        numbered.map(|(number, id)| (id, number)).collect()
    }

    fn release(&self, digest: &ReleaseDigest) -> Option<ReleaseNumber> {
        self.manifests
            .iter()
            .position(|manifest| manifest == digest)
    }

    fn runs(&self, device: &Device) -> Option<ReleaseNumber> {
        let running = device.running.as_ref().filter(|running| running.verified);
        self.release(&running?.release)
    }
}

/// Reads all of it; what devices really run is told by whoever has them.
///
/// # Errors
/// If it can't be read, or holds somebody who isn't there.
pub async fn look(
    house: &House,
    names: &Names<'_>,
    really_run: Vec<Option<ReleaseNumber>>,
    real: BTreeSet<DeviceNumber>,
) -> anyhow::Result<Truth> {
    let all = async |operator: &mainstay_client::Operator| operator.rollouts().await;
    let (views, _) = house.people.ask(Duty::Operations, all).await?;
    let fleet = async |operator: &mainstay_client::Operator| operator.devices().await;
    let (by_api, _) = house.people.ask(Duty::Operations, fleet).await?;
    let store = house.store().await?;
    let mut rollouts = Vec::new();
    for rollout in store.rollouts().await? {
        let view = views.iter().find(|view| view.id == rollout.id.0);
        let by_api = view.map_or(0, updated);
        rollouts.push(told(&store, &rollout, by_api, names).await?);
    }
    let devices = kept(&store, &by_api, names).await?;
    store.close().await;
    Ok(Truth {
        rollouts,
        devices,
        really_run,
        real,
    })
}

async fn told(
    store: &PostgresStore,
    rollout: &Rollout,
    updated_by_api: usize,
    names: &Names<'_>,
) -> anyhow::Result<Told> {
    let release = names.release(&rollout.candidate.release);
    let release = release.context("a rollout of a release that nobody handed in")?;
    let numbers = names.numbers();
    let (mut waves, mut updated) = (BTreeMap::new(), BTreeSet::new());
    for device in store.fleet_view(rollout.id).await?.devices {
        let number = numbers.get(&device.id).copied();
        let number = number.context("somebody is enrolled whom nobody registered")?;
        waves.insert(number, device.wave);
        if matches!(device.progress, Progress::Confirmed { .. }) {
            updated.insert(number);
        }
    }
    Ok(Told {
        release,
        ending: match rollout.phase {
            Phase::Complete { .. } => Ending::Complete,
            Phase::Halted { .. } => Ending::Halted,
            _ => Ending::Neither,
        },
        opened: rollout.waves.iter().map(|wave| wave.opened_at).collect(),
        waves,
        updated,
        updated_by_api,
    })
}

async fn kept(
    store: &PostgresStore,
    by_api: &[Device],
    names: &Names<'_>,
) -> anyhow::Result<Vec<Kept>> {
    let numbers = names.numbers();
    let mut all = vec![Kept::default(); names.devices.len()];
    for device in by_api {
        if let Some(number) = numbers.get(&device.id) {
            all[*number].runs_by_api = names.runs(device);
        }
    }
    for device in store.devices(None).await? {
        let Some(number) = numbers.get(&device.id) else {
            continue;
        };
        let timeline = store.timeline(&device.id, TIMELINE_KEPT).await?;
        all[*number].runs = names.runs(&device);
        all[*number].events = events(&timeline, names)?;
    }
    Ok(all)
}

/// A device's reports, as [`crate::seen::Event`] names them.
fn events(
    timeline: &[TimelineEntry],
    names: &Names<'_>,
) -> anyhow::Result<Vec<(String, ReleaseNumber)>> {
    let told = timeline.iter().filter_map(|entry| entry.event.as_deref());
    let mut events = Vec::new();
    for text in told {
        let event: DeviceEvent = serde_json::from_str(text)?;
        let release = event.release().and_then(|digest| names.release(&digest));
        if let Some(release) = release {
            events.push((kind(&event).to_owned(), release));
        }
    }
    Ok(events)
}

/// The name that the protocol has for it ([`mainstay_protocol::Event::kind`]).
fn kind(event: &DeviceEvent) -> &'static str {
    match event {
        DeviceEvent::DownloadStarted { .. } => "download-started",
        DeviceEvent::Refused { .. } => "refused",
        DeviceEvent::Installed { .. } => "installed",
        DeviceEvent::TrialBooted { .. } => "trial-booted",
        DeviceEvent::Confirmed { .. } => "confirmed",
        DeviceEvent::Reverted { .. } => "reverted",
        DeviceEvent::EnteredSafeMode => "entered-safe-mode",
        DeviceEvent::PowerLost => "power-lost",
        DeviceEvent::Failed { .. } => "failed",
    }
}
