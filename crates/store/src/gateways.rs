//! Which device stands behind which gateway, by the word of people. It is written by [`crate::Devices::import`], and when a device joins. Read [`Gateways`].

use async_trait::async_trait;
use mainstay_fleet::DeviceId;

use crate::StoreError;

/// A gateway that asks in the name of another device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsksFor {
    /// The gateway.
    pub gateway: DeviceId,
    /// SHA-256 of the other device's token, under which all that is remembered of that one lies; none if it doesn't stand behind the gateway, whether
    /// there is such a device or not.
    pub child_token: Option<[u8; 32]>,
}

/// The devices behind a gateway, as far as they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Children {
    /// The first of them by name, byte by byte.
    pub first: Vec<DeviceId>,
    /// How many there are.
    pub all: u32,
}

/// Which device stands behind which gateway.
#[async_trait]
pub trait Gateways: Send + Sync {
    /// Who has the token of this hash, and whether `child` stands behind it now; none if nobody has it. One read, whatever there is: what was taken
    /// back on another server a moment ago counts, and how long it takes doesn't tell which devices there are.
    async fn asks_for(
        &self,
        token_hash: &[u8; 32],
        child: &DeviceId,
    ) -> Result<Option<AsksFor>, StoreError>;

    /// The gateway that a device stands behind.
    async fn gateway_of(&self, device: &DeviceId) -> Result<Option<DeviceId>, StoreError>;

    /// The devices that stand behind this one, `most` of them by name.
    async fn children_of(&self, gateway: &DeviceId, most: u32) -> Result<Children, StoreError>;
}
