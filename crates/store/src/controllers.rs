//! The devices that ask with other update clients, under the names that they have there. Read [`Controllers`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use mainstay_fleet::{ClientProfile, ControllerId, Device, DeviceClient, DeviceId};
use mainstay_telemetry::PastWords;

use crate::StoreError;

/// What such a device says of itself, by name. It is kept apart from what operations declares.
pub type Reported = BTreeMap<String, String>;

/// What a device's words make of what it had said before. It is called inside a transaction, so it must neither wait nor fail; and
/// again, if that is undone for another one.
pub type ReportedChange<'a> = dyn Fn(Reported) -> Reported + Send + Sync + 'a;

/// What is known of a device under its client's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// The name.
    pub id: ControllerId,
    /// Which client asks, and who says so; none until one has asked.
    pub client: Option<DeviceClient>,
    /// Whether the device is to be asked for its attributes. So it is until it has told some, and while nobody knows what an installed order came to.
    pub wants_attributes: bool,
    /// What it said of itself; none if it never did.
    pub reported: Option<Reported>,
    /// Which releases its version word has named; none if it never named one.
    pub version_words: Option<PastWords>,
    /// Who lets it install without asking, and why, as JSON; none if it asks.
    pub auto_confirm: Option<String>,
}

/// On whose word a device is to be asked for its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    /// People want to know: whoever remembers the device must look at it anew.
    People,
    /// What its client said itself leaves a question: whoever remembers the device has heard that.
    ItsOwnWord,
}

/// A device, found by its client's name: all that a login needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Controlled {
    /// The device.
    pub device: Device,
    /// SHA-256 of its token, as it was registered.
    pub token_hash: [u8; 32],
    /// What is known of it under that name.
    pub controller: Controller,
}

/// The devices with other update clients. Those that were registered without a [`ControllerId`] have none here.
#[async_trait]
pub trait Controllers: Send + Sync {
    /// The device with this name.
    async fn by_controller(&self, id: &ControllerId) -> Result<Option<Controlled>, StoreError>;

    /// What is known of a device under its client's name.
    async fn controller(&self, device: &DeviceId) -> Result<Option<Controller>, StoreError>;

    /// Those of `devices` that have other update clients, in any order, each with the client that it has, if one has asked. One question,
    /// for as many as a page shows.
    async fn clients_of(
        &self,
        devices: &[DeviceId],
    ) -> Result<Vec<(DeviceId, Option<DeviceClient>)>, StoreError>;

    /// Notes which client was seen to ask ([`DeviceClient::after`]); noting what is known writes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] of a "controller" if the device has none.
    async fn note_profile(
        &self,
        device: &DeviceId,
        detected: ClientProfile,
    ) -> Result<(), StoreError>;

    /// Notes which client the device has by the word of people, or that its requests tell again ([`DeviceClient::chosen`]).
    ///
    /// # Errors
    /// As [`Controllers::note_profile`].
    async fn choose_profile(
        &self,
        device: &DeviceId,
        profile: Option<ClientProfile>,
    ) -> Result<(), StoreError>;

    /// Lets the device be asked for its attributes. Only people's word raises the [pulse](crate::Pulse): else one device that repeats itself would let the
    /// whole fleet be looked at.
    ///
    /// # Errors
    /// As [`Controllers::note_profile`].
    async fn ask_attributes(&self, device: &DeviceId, by: AskedBy) -> Result<(), StoreError>;

    /// Keeps what `change` makes of what the device had said of itself; it isn't asked for it any more, unless it [may
    /// run](mainstay_rollout::order::may_run) what its newest order was about, and hasn't named it: it may say what it ran before its restart. What says
    /// nothing new writes nothing. Returns what it said by now.
    ///
    /// # Errors
    /// As [`Controllers::note_profile`].
    async fn keep_attributes(
        &self,
        device: &DeviceId,
        change: &ReportedChange<'_>,
    ) -> Result<Reported, StoreError>;

    /// Keeps which releases the device's version word has named, [beside](PastWords::beside) what is kept by then: two words that come at once
    /// don't undo each other. What the word said is recorded before: a word that is repeated
    /// after a crash in between is heard as if for the first time.
    ///
    /// # Errors
    /// As [`Controllers::note_profile`].
    async fn keep_version_words(
        &self,
        device: &DeviceId,
        words: &PastWords,
    ) -> Result<(), StoreError>;

    /// Keeps who lets the device install without asking, and why, as JSON; none stands for nobody. Who is kept stays until that is taken back. Returns whether
    /// anything changed. No offer depends on it.
    ///
    /// # Errors
    /// As [`Controllers::note_profile`].
    async fn keep_auto_confirm(
        &self,
        device: &DeviceId,
        who: Option<&str>,
    ) -> Result<bool, StoreError>;
}
