//! The whole fleet on a page: counted while it is walked over, and listed a page at a time. A fleet fits into no page, and shouldn't have to
//! fit into memory for one. Read [`Counted`] and [`table`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::Device;
use mainstay_report::{DEVICE_ROWS_MAX, DeviceTable, VersionShare};
use mainstay_store::{Place, StoreError};

use super::clients::Clients;
use super::fill;
use crate::App;
use crate::figures::{Figure, Walk, if_many};
use crate::problem::Refused;

/// What is counted of a fleet.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// As of when.
    pub at: Timestamp,
    /// All devices.
    pub total: u32,
    /// Those that were heard of since an instant.
    pub reachable: u32,
    /// By the version that they run and whether that is verified; none of those that never said.
    running: BTreeMap<Option<(String, bool)>, u32>,
}

impl Figure for Counted {
    const PATIENCE: Duration = Duration::from_secs(1);

    fn told_for(&self, took: SignedDuration) -> SignedDuration {
        if_many(self.total, took)
    }
}

/// Of many devices it is told for so long at least how many they are: a tenth of a second's work, for which each look at a list would wait.
const TOTAL_TOLD_MIN: SignedDuration = SignedDuration::from_secs(30);

/// How many devices there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Total(u32);

impl Figure for Total {
    const PATIENCE: Duration = Duration::from_secs(1);

    fn told_for(&self, took: SignedDuration) -> SignedDuration {
        match if_many(self.0, took) {
            SignedDuration::ZERO => SignedDuration::ZERO,
            many => many.max(TOTAL_TOLD_MIN),
        }
    }
}

impl Total {
    /// Of a large fleet the database counts them from time to time only: it looks at each.
    async fn lately(app: &Arc<App>) -> Result<u32, Refused> {
        let asked = app.clone();
        let counting = async move {
            let counted = asked.store.count_devices(None, u32::MAX).await;
            Ok(Self(counted?))
        };
        let total = &app.figures.total;
        Ok(total.of(app, (), Walk::Short, counting).await?.0)
    }
}

impl Counted {
    /// The fleet as it is, or a large one as it was some minutes ago at most. A device is reachable if it was heard of within this time; nobody is where
    /// none is named.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn lately(
        app: &Arc<App>,
        within: Option<SignedDuration>,
    ) -> Result<Arc<Self>, Refused> {
        let counted = app.clone();
        let counting = async move {
            let since = |within: SignedDuration| {
                counted.now().checked_sub(within).unwrap_or(Timestamp::MIN)
            };
            let read = Self::read(&counted, within.map(since)).await;
            read.map_err(Refused::from)
        };
        let fleet = &app.figures.fleet;
        fleet.of(app, within, Walk::Long, counting).await
    }

    /// Walks over the fleet.
    async fn read(app: &App, reachable_since: Option<Timestamp>) -> Result<Self, StoreError> {
        let mut counted = Self {
            at: app.now(),
            ..Self::default()
        };
        let mut place = Some(Place::default());
        while let Some(from) = place {
            let mut page = app.store.device_page(from).await?;
            app.contacts.freshen(&mut page.items);
            for device in page.items {
                counted.count(device, reachable_since);
            }
            place = page.next;
        }
        Ok(counted)
    }

    fn count(&mut self, device: Device, reachable_since: Option<Timestamp>) {
        self.total += 1;
        let is_reachable = reachable_since.is_some_and(|since| device.last_seen >= Some(since));
        self.reachable += u32::from(is_reachable);
        let running = device
            .running
            .map(|running| (running.version, running.verified));
        *self.running.entry(running).or_default() += 1;
    }

    /// The fleet by version, most devices first.
    pub fn version_shares(&self) -> Vec<VersionShare> {
        let running = self.running.iter().map(|(running, count)| {
            let running = running.as_ref();
            let runs = running.map(|(version, verified)| (version.as_str(), *verified));
            (runs, *count)
        });
        fill::shares_of(running)
    }
}

/// Page number `page`, from 1, of all devices: each with its part in the newest rollout that it is in. One that was withdrawn says nothing
/// about it.
///
/// # Errors
/// If the store fails.
pub(super) async fn table(app: &Arc<App>, page: u32) -> Result<DeviceTable, Refused> {
    let page = page.max(1);
    let rows = u32::try_from(DEVICE_ROWS_MAX).unwrap_or(u32::MAX);
    let mut shown = app
        .store
        .devices_from((page - 1).saturating_mul(rows), rows)
        .await?;
    app.contacts.freshen(&mut shown);
    let clients = Clients::of_each(app, &shown).await?;
    let names: Vec<_> = shown.iter().map(|device| device.id.clone()).collect();
    let progress = app.store.newest_progress_of(&names).await?;
    let progress: BTreeMap<_, _> = progress.into_iter().collect();
    let mut table = DeviceTable {
        rows: Vec::with_capacity(shown.len()),
        page,
        total: Total::lately(app).await?,
    };
    for device in &shown {
        let progress = progress.get(&device.id);
        let row = fill::device_row(device, progress, clients.facts(device));
        table.rows.push(row);
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use mainstay_fleet::{DeviceId, ReleaseDigest, Running};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a small number")
    }

    fn device(seen: Option<i64>, running: Option<(&str, bool)>) -> Device {
        Device {
            id: DeviceId::new("th-1").expect("a safe name"),
            class: "thermo-v2".to_owned(),
            hardware: "B".to_owned(),
            zone: "America/Denver".to_owned(),
            bootloader: "1.4.0".to_owned(),
            registered_at: at(0),
            last_seen: seen.map(at),
            running: running.map(|(version, verified)| Running {
                release: ReleaseDigest([1; 32]),
                version: version.to_owned(),
                sequence: 1,
                verified,
                last_resort: false,
                since: at(0),
            }),
            attributes: BTreeMap::new(),
        }
    }

    #[test]
    fn a_fleet_is_counted_by_version_and_by_when_it_was_heard() {
        let fleet = [
            (None, None),
            (Some(9), Some(("1.0.0", true))),
            (Some(10), Some(("1.1.0", true))),
            (Some(11), Some(("1.1.0", false))),
            (Some(12), Some(("1.1.0", true))),
        ];
        let mut counted = Counted::default();
        let mut none = Counted::default();
        for (seen, running) in fleet {
            counted.count(device(seen, running), Some(at(10)));
            none.count(device(seen, running), None);
        }
        assert_eq!((counted.total, counted.reachable), (5, 3));
        assert_eq!((none.total, none.reachable), (5, 0));
        let shares = counted.version_shares();
        let shares: Vec<_> = shares
            .iter()
            .map(|share| (share.version.as_str(), share.verified, share.unverified))
            .collect();
        assert_eq!(shares[0], ("1.1.0", 2, 1));
        assert!(shares.contains(&("1.0.0", 1, 0)) && shares.contains(&("unknown", 0, 1)));
        assert_eq!(shares.len(), 3);
    }
}
