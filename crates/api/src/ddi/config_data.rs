//! What a device says of itself. Read [`ConfigData`] first.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::texts::Loose;

/// How many attributes of a device are kept, at most; hawkBit's own bound. More are left out.
pub const ENTRIES_MAX: usize = 100;
/// How long a name or a value is, at most, in characters; hawkBit's own bound. A longer value is cut; a longer name is left out with its value.
pub const ENTRY_CHARS_MAX: usize = 128;

/// Attributes by a device's own word.
///
/// What can't be kept is left out rather than refused: SWUpdate installs nothing as long as its attributes are refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConfigData {
    /// What becomes of those that it said before; a client may send `null` for the usual.
    #[serde(default, deserialize_with = "mode")]
    pub mode: Mode,
    /// Names and values. Numbers and truth values become texts, `null` the empty text; what has a structure of its own is left out.
    #[serde(deserialize_with = "attributes")]
    pub data: BTreeMap<String, String>,
}

/// What becomes of the attributes that a device said before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They stay, but for those that are said anew.
    #[default]
    Merge,
    /// They go.
    Replace,
    /// Those that are named go; the values don't matter.
    Remove,
}

impl ConfigData {
    /// The attributes after this message: those that were there, as far as they stay, then the new ones, up to [`ENTRIES_MAX`].
    pub fn applied(&self, mut before: BTreeMap<String, String>) -> BTreeMap<String, String> {
        match self.mode {
            Mode::Merge => merge(&mut before, &self.data),
            Mode::Replace => before.clone_from(&self.data),
            Mode::Remove => before.retain(|name, _| !self.data.contains_key(name)),
        }
        before
    }
}

fn merge(before: &mut BTreeMap<String, String>, data: &BTreeMap<String, String>) {
    for (name, value) in data {
        if before.len() < ENTRIES_MAX || before.contains_key(name) {
            before.insert(name.clone(), value.clone());
        }
    }
}

fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mode, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn attributes<'de, D>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(Attributes)
}

struct Attributes;

impl<'de> Visitor<'de> for Attributes {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attributes with their values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut attributes = BTreeMap::new();
        while let Some((name, Loose(value))) = map.next_entry::<String, Loose>()? {
            let is_name = (1..=ENTRY_CHARS_MAX).contains(&name.chars().count());
            let has_room = attributes.len() < ENTRIES_MAX || attributes.contains_key(&name);
            if let Some(value) = value.filter(|_| is_name && has_room) {
                attributes.insert(name, value.chars().take(ENTRY_CHARS_MAX).collect());
            }
        }
        Ok(attributes)
    }
}
