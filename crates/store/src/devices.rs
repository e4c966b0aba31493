//! The registered devices, and what happened to each of them. Read [`Devices`].

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_fleet::{ClientProfile, ControllerId, Device, DeviceId, ReleaseDigest};
use mainstay_rollout::ClassVersions;

use crate::StoreError;

/// So many entries are kept for each device: years of updates, and a bound for one that babbles.
pub const TIMELINE_KEPT: u32 = 1000;

/// The registered devices. Instants are kept to the microsecond.
#[async_trait]
pub trait Devices: Send + Sync {
    /// Registers a device; `token_hash` is SHA-256 of its bearer token.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one of this name or token.
    async fn register(&self, device: &Device, token_hash: [u8; 32]) -> Result<(), StoreError> {
        let one = Registration {
            device: device.clone(),
            token_hash,
            controller: None,
        };
        self.register_many(&[one]).await
    }

    /// Registers all of these devices, or none.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] names the first that is there already, or whose controller id is.
    async fn register_many(&self, devices: &[Registration]) -> Result<(), StoreError>;

    /// Takes in a part of a fleet that comes from elsewhere, in one transaction: all of it or nothing. Timelines tell what
    /// [`register_many`](Self::register_many) and [`restate`](Self::restate) tell, `at` this moment, and behind which gateway a device was put.
    ///
    /// # Errors
    /// As those two; [`StoreError::NotFound`] of a "controller" if a client is said of a device that has no name for one; and
    /// [`StoreError::Gateway`] if a device can't stand behind the gateway that is said.
    async fn import(&self, import: &Import, at: Timestamp) -> Result<(), StoreError>;

    /// The device with this token.
    async fn by_token_hash(&self, token_hash: &[u8; 32]) -> Result<Option<Device>, StoreError>;

    /// The device of this name.
    async fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreError>;

    /// All devices, or those of one class, in the order of their registration.
    async fn devices(&self, class: Option<&str>) -> Result<Vec<Device>, StoreError>;

    /// At most `most` devices in the order of their names, byte by byte: those that follow `after`, or the first ones; all, or those that
    /// run the release with this manifest by their own word. A walk that goes on after the last name of the list before gets no device
    /// twice and leaves none out, whatever is registered meanwhile: what comes in between what it has passed is for the next walk.
    async fn devices_after(
        &self,
        after: Option<&DeviceId>,
        running: Option<&ReleaseDigest>,
        most: u32,
    ) -> Result<Vec<Device>, StoreError>;

    /// At most `most` devices in the order of their names, byte by byte, behind the first `passed`: a page that somebody asks for by its number.
    async fn devices_from(&self, passed: u32, most: u32) -> Result<Vec<Device>, StoreError>;

    /// At most `most` devices of a class in the order of their registration: those that follow `after`, or the first ones. A walk that goes
    /// on after the last device of the list before gets each once, and ends with whoever was registered last.
    async fn class_after(
        &self,
        class: &str,
        after: Option<&DeviceId>,
        most: u32,
    ) -> Result<Vec<Device>, StoreError>;

    /// How many devices there are, in all or of one class. It counts no further than to `most`, so that asking whether
    /// there is any costs one row.
    async fn count_devices(&self, class: Option<&str>, most: u32) -> Result<u32, StoreError>;

    /// What the devices of a class run, counted: all of them, and by version those that are verified to run it.
    async fn class_versions(&self, class: &str) -> Result<ClassVersions, StoreError>;

    /// Declares a device anew, in one transaction: its hardware, zone, boot loader and attributes
    /// become those of `after`, and its timeline tells [`mainstay_fleet::changes`]. Its class and
    /// what it says itself stay. Where it is enrolled it keeps its wave and its progress.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown device, [`StoreError::Conflict`] if it isn't declared
    /// as in `before` any more; nothing is changed then.
    async fn restate(
        &self,
        before: &Device,
        after: &Device,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Gives a device another token in place of the one that it has, which opens nothing from then on, here and at every server. Its timeline tells who did it,
    /// and why. Its reports' numbers count anew: whoever had the old token may have used them up.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown device, [`StoreError::AlreadyExists`] if another one has this token.
    async fn replace_token(&self, id: &DeviceId, token: &NewToken) -> Result<(), StoreError>;

    /// Notes when devices were last heard; an earlier instant than the known one changes nothing,
    /// nor does an unknown device. Cheapest by rising names.
    async fn touch(&self, heard: &[(DeviceId, Timestamp)]) -> Result<(), StoreError>;

    /// What happened to a device, newest first, at most `limit` of the [`TIMELINE_KEPT`] entries
    /// that are kept; nothing for an unknown device.
    async fn timeline(&self, id: &DeviceId, limit: u32) -> Result<Vec<TimelineEntry>, StoreError>;
}

/// A device to register.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// The device.
    pub device: Device,
    /// SHA-256 of its bearer token.
    pub token_hash: [u8; 32],
    /// What its update client calls it, if it has another one than ours.
    pub controller: Option<ControllerId>,
}

/// Another token for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// When it takes the other one's place.
    pub at: Timestamp,
    /// Who gave it.
    pub by: Email,
    /// Why.
    pub why: String,
}

impl NewToken {
    /// As the device's timeline tells it.
    pub(crate) fn told(&self) -> String {
        format!("was given another token by {}: {}", self.by, self.why)
    }
}

/// A part of a fleet that is taken in at once. No device is in it twice, but that the client of any may be said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Import {
    /// The devices to register.
    pub new: Vec<Registration>,
    /// Devices that are declared anew, each as it was seen and as it is then.
    pub anew: Vec<(Device, Device)>,
    /// Which clients these devices run, by the word of people.
    pub clients: Vec<(DeviceId, ClientProfile)>,
    /// Which gateways these devices stand behind from now on, or that they stand behind none: in this order, when all devices of the import are there.
    pub behind: Vec<(DeviceId, Option<DeviceId>)>,
}

impl Import {
    /// Whether it could give something to a device that is known already. What is new was never asked about, so that nobody remembers an answer to
    /// it: a large fleet comes in without all others being looked at anew after each part. Who may ask in a device's name isn't in what is remembered of it,
    /// but is read each time.
    pub(crate) fn gives(&self) -> bool {
        let new: BTreeSet<_> = self.new.iter().map(|it| &it.device.id).collect();
        let is_known = |(device, _): &(DeviceId, ClientProfile)| !new.contains(device);
        !self.anew.is_empty() || self.clients.iter().any(is_known)
    }
}

/// One thing that happened to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// The server's time of it.
    pub at: Timestamp,
    /// Of which kind.
    pub kind: TimelineKind,
    /// In words.
    pub text: String,
    /// [`crate::StoredReport::event`], if it was the device that spoke.
    pub event: Option<String>,
}

/// Who made an entry happen, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimelineKind {
    /// Operations registered the device.
    Registered,
    /// Operations declared it anew.
    Restated,
    /// A rollout drew it into a wave.
    Enrolled,
    /// The server promised it a release.
    Promised,
    /// The device reported something.
    Reported,
    /// A halted rollout told it to go back.
    Returning,
    /// A halted rollout found that it can't go back.
    CannotReturn,
}

impl TimelineKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Registered,
        Self::Restated,
        Self::Enrolled,
        Self::Promised,
        Self::Reported,
        Self::Returning,
        Self::CannotReturn,
    ];

    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Restated => "restated",
            Self::Enrolled => "enrolled",
            Self::Promised => "promised",
            Self::Reported => "reported",
            Self::Returning => "returning",
            Self::CannotReturn => "cannot-return",
        }
    }

    /// The kind of this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }
}
