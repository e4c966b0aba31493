//! Walking over more devices than anybody wants in memory at once. Read [`Walks`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId};
use mainstay_rollout::{DeviceView, Progress, RolloutId};

use crate::StoreError;

/// Devices of one page: some megabytes in memory, and a read of some ten milliseconds.
pub const PAGE_MAX: u32 = 2000;

/// Where a page begins, as the page before said it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub(crate) i64);

/// Some of many, in the order of the devices' registration. Pages of one walk are read one after the other: a device may
/// change between them, and still comes once.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// At most [`PAGE_MAX`].
    pub items: Vec<T>,
    /// Where the next page begins; none after the last.
    pub next: Option<Place>,
}

/// An enrolled device with its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolledDevice {
    /// The device.
    pub device: Device,
    /// How far it has come.
    pub progress: Progress,
    /// When it first reported that it had confirmed another release after it was bricked, became unwell or was found unable to go back, to
    /// the second; none for all other devices, and once that report is forgotten ([`crate::devices::TIMELINE_KEPT`]).
    pub confirmed_again: Option<Timestamp>,
}

/// Walks over the fleet, and over the devices of a rollout; the first page is that of [`Place::default`].
#[async_trait]
pub trait Walks: Send + Sync {
    /// A page of all devices.
    async fn device_page(&self, from: Place) -> Result<Page<Device>, StoreError>;

    /// A page of the devices of a rollout; empty for an unknown one.
    async fn enrolled_page(
        &self,
        id: RolloutId,
        from: Place,
    ) -> Result<Page<EnrolledDevice>, StoreError>;

    /// At most `most` devices of a rollout as its steps see them ([`crate::Rollouts::fleet_view`]), in the order of their registration: those
    /// that follow `after`, or the first ones. A walk that goes on after the last one of the list before gets each device once.
    async fn rollout_devices(
        &self,
        id: RolloutId,
        after: Option<&DeviceId>,
        most: u32,
    ) -> Result<Vec<DeviceView>, StoreError>;
}

/// A page that isn't full is the last.
pub(crate) fn next(rows: usize, last: Option<i64>) -> Option<Place> {
    last.filter(|_| rows >= PAGE_MAX as usize).map(Place)
}
