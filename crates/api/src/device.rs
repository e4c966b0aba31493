//! Registering devices, and declaring them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use mainstay_fleet::attribute::ATTRIBUTES_MAX;
use mainstay_fleet::{ControllerId, Device, DeviceId, Site};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// The most devices in one request; a larger fleet is registered in several.
pub const NEW_DEVICES_MAX: usize = 1000;

/// The most devices of one page of a list.
pub const DEVICE_PAGE_MAX: u32 = 2000;

/// So many devices behind a gateway are named where it is shown.
pub const CHILDREN_SHOWN_MAX: u32 = 100;

/// The longest list of devices, as JSON: room for a hundred thousand. The largest record has 16
/// attributes of 32 bytes and 64 bytes, with quotes, colon and comma 102 each, and 300 bytes or so
/// beside them: some 1.9 kB, so that 190 MB are needed, and the rest is for quotes that are escaped.
pub const DEVICE_LIST_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Devices to register, at most [`NEW_DEVICES_MAX`]; all of them or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevices {
    /// The devices.
    #[schemars(length(max = NEW_DEVICES_MAX))]
    pub devices: Vec<NewDevice>,
}

/// One device to register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// Its name.
    pub id: DeviceId,
    /// Its class, one of the plan's.
    pub class: String,
    /// Its hardware revision, one of the class's.
    pub hardware: String,
    /// Its IANA time zone.
    pub zone: String,
    /// Its boot loader's version, such as `1.4.0`.
    pub bootloader: String,
    /// What its update client calls it, if it has another one than ours, such as SWUpdate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<ControllerId>,
    /// The token that it has already, from another server; only with a controller. Without, one is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<GivenToken>,
    /// Where it stands, if it shares a site with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
    /// The gateway that it stands behind, which may ask in its name: another device, registered before it or with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<DeviceId>,
    /// Whatever else is to be known of it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = ATTRIBUTES_MAX - 1))]
    pub attributes: BTreeMap<String, String>,
}

/// A token that a device has already, or `sha256:` and the SHA-256 of one of ours in hexadecimal, of whoever knows no more of it: a factory needn't tell
/// anybody what it burnt in. It prints itself as stars.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("pattern" = "^[!-~]+$", "minLength" = GIVEN_TOKEN_BYTES_MIN, "maxLength" = GIVEN_TOKEN_BYTES_MAX, "writeOnly" = true))]
pub struct GivenToken(pub String);

/// The shortest token that a device may bring along: 16 signs are 80 bits even where each is one of 32.
pub const GIVEN_TOKEN_BYTES_MIN: usize = 16;
/// The longest: hawkBit's own bound.
pub const GIVEN_TOKEN_BYTES_MAX: usize = 128;
/// The fewest different signs of one that is imported. hawkBit draws 32 hexadecimal digits, of which fewer than six are different less than
/// once in 10^12 draws; what people make up for a try has fewer (`0000000000000000`).
pub const GIVEN_TOKEN_SIGNS_MIN: usize = 6;
/// What stands before the hash of a token of ours, in the place of the token.
pub const TOKEN_HASH_PREFIX: &str = "sha256:";
/// Hexadecimal digits of a token of ours.
pub const OUR_TOKEN_DIGITS: usize = 64;

/// What keeps a token from being imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFlaw {
    /// Its form, for a device with another client.
    #[error(
        "its token isn't {GIVEN_TOKEN_BYTES_MIN} to {GIVEN_TOKEN_BYTES_MAX} plain signs without spaces"
    )]
    Form,
    /// Its form, for a device that runs ours.
    #[error("without a controller, its token must be {OUR_TOKEN_DIGITS} hexadecimal digits")]
    NotOurs,
    /// It begins as a hash does, and is none: taken for a token, it would be one that everybody knows who has the list.
    #[error(
        "what stands for its token begins with {TOKEN_HASH_PREFIX}, and {OUR_TOKEN_DIGITS} hexadecimal digits don't follow"
    )]
    NoHash,
    /// It is easily guessed.
    #[error(
        "its token has fewer than {GIVEN_TOKEN_SIGNS_MIN} different signs, which is soon guessed"
    )]
    TooPlain,
}

impl TokenFlaw {
    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::NoHash => "write the whole SHA-256 of the token's 32 bytes behind it",
            Self::NotOurs => {
                "leave its token out, and another one is drawn; or give its controller"
            }
            Self::Form | Self::TooPlain => {
                "leave its token out, and another one is drawn, which its client must be given"
            }
        }
    }
}

impl GivenToken {
    /// The SHA-256 of the 32 bytes of a token of ours, if that is told in place of the token.
    #[must_use]
    pub fn hash(&self) -> Option<[u8; 32]> {
        let digits = self.0.strip_prefix(TOKEN_HASH_PREFIX)?;
        let mut hash = [0; 32];
        hex::decode_to_slice(digits, &mut hash).ok()?;
        Some(hash)
    }

    /// What keeps it from being imported for a device with another client than ours, or for one of ours; none if nothing does.
    ///
    /// How it was drawn can't be seen from it. That it is long enough, and not plainly made up, can.
    #[must_use]
    pub fn flaw(&self, has_other_client: bool) -> Option<TokenFlaw> {
        if self.hash().is_some() {
            return None;
        }
        if self.0.starts_with(TOKEN_HASH_PREFIX) {
            return Some(TokenFlaw::NoHash);
        }
        let bytes = self.0.as_bytes();
        let is_ours = bytes.len() == OUR_TOKEN_DIGITS && bytes.iter().all(u8::is_ascii_hexdigit);
        let fits = (GIVEN_TOKEN_BYTES_MIN..=GIVEN_TOKEN_BYTES_MAX).contains(&bytes.len())
            && bytes.iter().all(u8::is_ascii_graphic);
        let signs: BTreeSet<_> = bytes.iter().collect();
        match has_other_client {
            true if !fits => Some(TokenFlaw::Form),
            false if !is_ours => Some(TokenFlaw::NotOurs),
            _ if signs.len() < GIVEN_TOKEN_SIGNS_MIN => Some(TokenFlaw::TooPlain),
            _ => None,
        }
    }
}

impl fmt::Debug for GivenToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenToken(***)")
    }
}

/// What is declared anew of one device; what isn't named stays. Its name and class never change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceChange {
    /// Its hardware revision, one of the class's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<String>,
    /// Its IANA time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Its boot loader's version, such as `1.4.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootloader: Option<String>,
    /// Where it stands; `null` if it shares its place with no other any more.
    #[serde(
        default,
        deserialize_with = "named",
        skip_serializing_if = "Option::is_none"
    )]
    pub site: Option<Option<Site>>,
    /// The gateway that it stands behind, which may ask in its name; `null` if none may any more, from the next request on.
    #[serde(
        default,
        deserialize_with = "named",
        skip_serializing_if = "Option::is_none"
    )]
    pub gateway: Option<Option<DeviceId>>,
    /// Attributes that are added, or have another value; `null` takes one away, and isn't minded where there is none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = ATTRIBUTES_MAX - 1))]
    pub attributes: BTreeMap<String, Option<String>>,
}

/// A field that is there, though it may say `null`.
fn named<'de, D, T>(field: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(field).map(Some)
}

/// A device, with what it has to do with gateways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceView {
    /// The device.
    #[serde(flatten)]
    pub device: Device,
    /// The gateway that it stands behind, which may ask in its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<DeviceId>,
    /// The devices that stand behind it, in whose names it may ask: the first [`CHILDREN_SHOWN_MAX`] by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<DeviceId>,
    /// How many devices stand behind it.
    #[serde(default)]
    pub children_in_all: u32,
}

/// Some of many devices, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DevicePage {
    /// At most as many as were asked for; fewer, even none, if it took long to find those that are meant.
    pub devices: Vec<Device>,
    /// What to send as `after` for the next page; none on the last one.
    pub next: Option<DeviceId>,
}

/// The tokens of newly registered devices. They are shown this once, and kept only as hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceTokens {
    /// One for each device whose token was drawn, in the order of the request; those that brought one have it already.
    pub devices: Vec<DeviceToken>,
}

/// One device's token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceToken {
    /// The device.
    pub id: DeviceId,
    /// What it sends as bearer token.
    pub token: String,
}

impl core::fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DeviceToken")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// That a device is to have another token in place of the one that it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceToken {
    /// Why; it stands in the device's timeline.
    pub why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_away_is_named_and_null() {
        let json = r#"{"site":null,"attributes":{"floor":null,"hall":"7"}}"#;
        let change: DeviceChange = serde_json::from_str(json).expect("a change");
        assert_eq!(change.site, Some(None));
        assert_eq!(
            (&change.gateway, &change.attributes["floor"]),
            (&None, &None)
        );
        assert_eq!(serde_json::to_string(&change).expect("plain"), json);
        let nothing: DeviceChange = serde_json::from_str("{}").expect("no change");
        assert_eq!(nothing, DeviceChange::default());
    }

    #[test]
    fn a_view_is_the_device_and_a_little_more() {
        let json = r#"{"id":"th-1","class":"thermo-v2","hardware":"B","zone":"Etc/UTC","bootloader":"1.4.0",
            "registered_at":"2026-12-01T12:00:00Z","last_seen":null,"running":{"release":"RELEASE","version":"1.0.0",
            "sequence":1,"verified":true,"since":"2026-12-01T12:00:00Z"},"attributes":{},"gateway":"gw-1","children_in_all":0}"#;
        let json = json.replace("RELEASE", &"5f".repeat(32));
        let view: DeviceView = serde_json::from_str(&json).expect("a view");
        assert_eq!(view.gateway.as_ref().map(DeviceId::as_str), Some("gw-1"));
        let told = serde_json::to_value(&view).expect("plain");
        let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(told, read);
        // Whoever knows of devices alone reads one.
        let device: Device = serde_json::from_str(&json).expect("a device");
        assert_eq!(device, view.device);
    }

    #[test]
    fn a_hash_stands_for_a_token_of_ours_alone() {
        let digits = "5f".repeat(32);
        let hash = |text: &str| GivenToken(text.to_owned()).hash();
        assert_eq!(hash(&format!("sha256:{digits}")), Some([0x5f; 32]));
        for other in [
            &digits,
            &format!("sha256:{}", &digits[1..]),
            "sha256:",
            "sha1:5f",
        ] {
            assert_eq!(hash(other), None, "{other}");
        }
        let hashed = GivenToken(format!("sha256:{digits}"));
        assert_eq!((hashed.flaw(true), hashed.flaw(false)), (None, None));
        let cut = GivenToken(format!("sha256:{}", &digits[1..]));
        for has_other_client in [false, true] {
            assert_eq!(cut.flaw(has_other_client), Some(TokenFlaw::NoHash));
        }
    }

    #[test]
    fn a_token_is_never_printed() {
        let id = DeviceId::new("th-1").expect("a good name");
        let token = DeviceToken {
            id,
            token: "s3cret".to_owned(),
        };
        assert!(!format!("{token:?}").contains("s3cret"));
    }
}
