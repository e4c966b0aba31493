//! Device classes: what a kind of device is, how it installs, how it saves itself, how long it is
//! supported. Plain facts; the rules over them live in [`crate::lint`]. Read [`Class`] first.

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::client::ClientRules;
use crate::names::{ClassId, Email};
use crate::needs::{Prerequisite, Stone};

/// Which devices a plan, and every release made under it, is for. They never mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// Customers' devices.
    Production,
    /// Devices on the maker's own benches.
    Staging,
}

impl Environment {
    /// `production` or `staging`, as the plan writes it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
        }
    }
}

/// One kind of device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// The class's id, unique in the plan.
    pub id: ClassId,
    /// The maker's domain name, e.g. `northwind.example`.
    pub vendor: String,
    /// Hardware revisions in the field, each once, in the plan's order; never empty.
    pub hardware: Vec<String>,
    /// Bootloaders this class's releases may meet.
    pub bootloader: BootloaderRange,
    /// How a device writes a new image.
    pub install: InstallStrategy,
    /// When a device gives a new image up by itself.
    pub revert: Revert,
    /// Support promises, when the plan makes any.
    pub support: Option<Support>,
    /// Who accepted that a failed install can't fall back, and until when (in-place installs only).
    pub accepts_risk: Option<RiskAcceptance>,
    /// Bytes of one slot, and so of the largest image, when the plan says.
    #[serde(default)]
    pub slot_bytes: Option<u64>,
    /// In this time everything that a device does has come round once, when the plan says.
    #[serde(default)]
    pub usage_cycle: Option<SignedDuration>,
    /// How its owners first get in, when the plan says.
    #[serde(default)]
    pub credentials: Option<Credentials>,
    /// Whether it is on the FCC's Covered List, so that its updates end with a waiver.
    #[serde(default)]
    pub is_on_covered_list: bool,
    /// Whether people's safety hangs on it, so that a person opens each wave of its rollouts but the first.
    #[serde(default)]
    pub is_safety_relevant: bool,
    /// What it is built on that others look after.
    #[serde(default)]
    pub upstream: Vec<Upstream>,
    /// What a device runs at least before it gets certain releases, in the plan's order.
    #[serde(default)]
    pub stones: Vec<Stone>,
    /// What other classes run at least before certain releases are rolled out, in the plan's order.
    #[serde(default)]
    pub prerequisites: Vec<Prerequisite>,
    /// How its devices are heard that run another client.
    #[serde(default, skip_serializing_if = "ClientRules::is_default")]
    pub clients: ClientRules,
}

impl Class {
    /// The name devices know this class by: vendor, environment, class and hardware group, e.g.
    /// `northwind.example/production/thermo-v2/B+C`. Hardware is sorted, so its order in the plan
    /// never changes a device's identity.
    pub fn group_name(&self, environment: Environment) -> String {
        let mut hardware = self.hardware.clone();
        hardware.sort();
        let group = hardware.join("+");
        format!("{}/{}/{}/{group}", self.vendor, environment.id(), self.id)
    }
}

/// The bootloader versions a class accepts: this one or newer. Written `>=1.4.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootloaderRange {
    /// Oldest accepted version: major, minor, patch.
    pub min: (u16, u16, u16),
}

/// How a device writes a new image beside, or over, the one it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstallStrategy {
    /// Two slots, either can boot.
    DualBank,
    /// Two slots, either can boot, and images are linked for the one they start in: a release has one for each.
    DualBankXip,
    /// Two slots, the bootloader swaps their contents.
    Swap,
    /// One slot: the running image is overwritten.
    Overwrite,
}

/// When a device gives a new image up by itself and returns to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revert {
    /// Trial boots before it reverts.
    pub boots: u8,
    /// It must have confirmed its health within this time after the first trial boot.
    pub confirm_within: SignedDuration,
}

/// How long a class is sold and supported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    /// Last day it is sold.
    pub sold_until: Date,
    /// Last day of security support.
    pub security_until: Date,
    /// Last day the maker's services work with it, when known.
    pub life_until: Option<Date>,
    /// What owners move to afterwards.
    pub then: Option<String>,
}

/// How a device keeps strangers out before its owner has done anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credentials {
    /// Each device has a secret of its own.
    PerDevice,
    /// Its owner makes one before it lets anybody in.
    FirstUse,
}

/// A chip, kernel or library of somebody else's, that gets fixes until some day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// Which of its class's it is in the file, from 0: one before it may be unreadable.
    pub index: usize,
    /// What it is.
    pub name: String,
    /// Last day on which its maker mends it.
    pub until: Date,
    /// Who mends it afterwards, if somebody does.
    pub then: Option<String>,
}

/// A named person's acceptance of installs that can't fall back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskAcceptance {
    /// Who accepted it.
    pub owner: Email,
    /// Last day the acceptance holds.
    pub until: Date,
    /// Why it was accepted.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_name_is_stable_and_keeps_staging_apart() {
        let class = Class {
            id: ClassId::new("thermo-v2").unwrap(),
            vendor: "northwind.example".into(),
            hardware: vec!["C".into(), "B".into()],
            bootloader: BootloaderRange { min: (1, 4, 0) },
            install: InstallStrategy::DualBank,
            revert: Revert {
                boots: 3,
                confirm_within: SignedDuration::from_mins(10),
            },
            support: None,
            accepts_risk: None,
            slot_bytes: None,
            usage_cycle: None,
            credentials: None,
            is_on_covered_list: false,
            is_safety_relevant: false,
            upstream: Vec::new(),
            stones: Vec::new(),
            prerequisites: Vec::new(),
            clients: ClientRules::default(),
        };
        let name = class.group_name(Environment::Production);
        assert_eq!(name, "northwind.example/production/thermo-v2/B+C");
        assert_ne!(name, class.group_name(Environment::Staging));
    }
}
