//! Importing devices: many at once, from a table or from another server. Read [`Import`], then [`Becomes`].
//!
//! What stands in a table ([`table`]) or in a hawkBit server's answers ([`hawkbit`]) becomes [`Draft`]s, and these are read ([`read`])
//! as the devices of an [`Import`]. It stands here, and not with the command line, because it reads bytes from outside, and decides nothing
//! but whether they say what the operator API takes.

pub mod draft;
pub mod hawkbit;
pub mod reading;
pub mod table;

use mainstay_fleet::{ClientProfile, DeviceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::NewDevice;
use crate::why::WHY_BYTES_MAX;
pub use draft::{Draft, Field, FieldError, Finding, Place, dashed};
pub use reading::{Row, read};

/// The most devices in one request: a transaction of a second or so, and at 4 kB for the largest device a body within the server's bound.
/// A larger fleet is imported in several.
pub const IMPORT_DEVICES_MAX: usize = 1000;

/// Devices that come from elsewhere, at most [`IMPORT_DEVICES_MAX`]: all of them or none. The same may be sent again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The devices.
    #[schemars(length(max = IMPORT_DEVICES_MAX))]
    pub devices: Vec<ImportedDevice>,
    /// Whether those that are declared otherwise are to be declared so; without, one such refuses all.
    #[serde(default)]
    pub anew: bool,
    /// Whether only to tell what would become of each.
    #[serde(default)]
    pub dry_run: bool,
    /// Of a table that takes several requests, the devices in earlier ones that these stand behind: for a dry run, in which they aren't registered yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = IMPORT_DEVICES_MAX))]
    pub come_before: Vec<DeviceId>,
    /// How it is known which clients devices run; needed where one is said that isn't known by the word of people yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = WHY_BYTES_MAX))]
    pub why: Option<String>,
}

/// One device that comes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportedDevice {
    /// The device. If it is known, what isn't said of it stays: its site, gateway, attributes, controller, token.
    ///
    /// A new one brings its token along, whichever client it has: an answer that was lost would have lost a token that the server drew. One
    /// without a controller brings 64 hexadecimal digits, as the server draws them.
    pub device: NewDevice,
    /// Which update client it runs, by the word of people; without, its requests tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientProfile>,
}

/// What became, or would become, of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportView {
    /// Whether it was done; else it was only asked for.
    pub done: bool,
    /// Each device, in the order of the request.
    pub devices: Vec<ImportedView>,
}

/// One device of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedView {
    /// The device.
    pub id: DeviceId,
    /// What becomes of it.
    pub becomes: Becomes,
}

/// What becomes of a device that is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Becomes {
    /// It is registered.
    New,
    /// It is known, and declared so already.
    Same,
    /// It is known, and declared otherwise.
    Changed {
        /// From what to what, as `zone from America/Denver to America/Phoenix`.
        changes: Vec<String>,
    },
    /// It can't be imported, and nothing that comes with it is. Only told where it is asked what would be.
    Refused {
        /// Stable id.
        id: String,
        /// What is wrong, as the rest of a sentence about the device.
        because: String,
        /// What to do about it.
        cure: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_a_device_is_told_in_one_word_and_its_facts() {
        let id = DeviceId::new("gw-1").expect("a good name");
        let view = |becomes| {
            let id = id.clone();
            let view = ImportedView { id, becomes };
            let json = serde_json::to_value(&view).expect("plain");
            assert_eq!(serde_json::from_value(json.clone()).ok(), Some(view));
            json
        };
        let new = serde_json::json!({ "id": "gw-1", "becomes": { "kind": "new" } });
        assert_eq!(view(Becomes::New), new);
        let changes = vec!["hardware from B to C".to_owned()];
        assert_eq!(
            view(Becomes::Changed { changes })["becomes"],
            serde_json::json!({ "kind": "changed", "changes": ["hardware from B to C"] })
        );
    }

    #[test]
    fn only_the_devices_must_be_said() {
        let read = |json: &str| serde_json::from_str::<Import>(json);
        assert_eq!(read(r#"{"devices":[]}"#).ok(), Some(Import::default()));
        assert!(read(r#"{"anew":true}"#).is_err());
        assert!(read(r#"{"devices":[],"dryrun":true}"#).is_err());
    }
}
