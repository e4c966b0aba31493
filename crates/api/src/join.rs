//! Codes by which devices join that have no token yet, and certificates of devices that let nobody in any more.

use core::fmt;

use jiff::Timestamp;
use mainstay_access::join_code::{JOIN_DAYS, JOIN_DAYS_MAX, JOIN_USES_MAX};
use mainstay_access::{Email, JoinCode};
use mainstay_fleet::{DeviceId, Moment, Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A code that is to be made. What it leaves open, each device says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJoinCode {
    /// The class of the devices, one of the plan's.
    pub class: String,
    /// The one device that it is for; without, any that isn't registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Their hardware revision, one of the class's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<String>,
    /// Their IANA time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Their boot loader's version, such as `1.4.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootloader: Option<String>,
    /// Where they stand, if they share a site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
    /// The gateway that they stand behind, which may ask in their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<DeviceId>,
    /// How many devices may join with it.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = JOIN_USES_MAX))]
    pub uses: u32,
    /// For how many days it works.
    #[serde(default = "days")]
    #[schemars(range(min = 1, max = JOIN_DAYS_MAX))]
    pub days: u32,
}

fn one() -> u32 {
    1
}

fn days() -> u32 {
    JOIN_DAYS
}

/// A code that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MadeJoinCode {
    /// The code, without its secret.
    #[serde(flatten)]
    pub view: JoinCodeView,
    /// What is brought to the device: shown this once.
    pub code: String,
}

impl fmt::Debug for MadeJoinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeJoinCode")
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

/// A code, as people see it who don't have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JoinCodeView {
    /// How it is named: the hash of its secret, in hexadecimal.
    pub id: String,
    /// How the timelines of devices name it: the beginning of that.
    pub name: String,
    /// The class of its devices.
    pub class: String,
    /// The one device that it is for.
    pub device: Option<String>,
    /// Their hardware revision, if the code says it.
    pub hardware: Option<String>,
    /// Their time zone, if the code says it.
    pub zone: Option<String>,
    /// Their boot loader's version, if the code says it.
    pub bootloader: Option<String>,
    /// Their site, if the code says it.
    pub site: Option<String>,
    /// Their gateway, if the code says it.
    pub gateway: Option<String>,
    /// How many devices may join with it.
    pub uses: u32,
    /// How many did.
    pub used: u32,
    /// When it was made.
    #[schemars(with = "Moment")]
    pub made: Timestamp,
    /// By whom.
    pub maker: Email,
    /// From when on it doesn't work.
    #[schemars(with = "Moment")]
    pub expires: Timestamp,
    /// When it was revoked.
    #[schemars(with = "Option<Moment>")]
    pub revoked: Option<Timestamp>,
}

impl JoinCodeView {
    /// What is shown of this code.
    #[must_use]
    pub fn of(code: &JoinCode) -> Self {
        let terms = code.terms.clone();
        Self {
            id: hex::encode(code.hash.0),
            name: code.name(),
            class: terms.class,
            device: terms.device,
            hardware: terms.hardware,
            zone: terms.zone,
            bootloader: terms.bootloader,
            site: terms.site,
            gateway: terms.gateway,
            uses: code.uses,
            used: code.used,
            made: code.made,
            maker: code.maker.clone(),
            expires: code.expires,
            revoked: code.revoked,
        }
    }
}

/// A certificate of a device that is to let nobody in any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeCertificate {
    /// SHA-256 of the certificate (DER), in hexadecimal.
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    pub fingerprint: String,
    /// Why.
    pub why: String,
}

/// A certificate of a device that lets nobody in any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevokedCertificateView {
    /// SHA-256 of the certificate (DER), in hexadecimal.
    pub fingerprint: String,
    /// When it was revoked.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// By whom.
    pub by: Email,
    /// Why.
    pub why: String,
}
