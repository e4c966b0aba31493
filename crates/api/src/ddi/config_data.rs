//! What a device says of itself. Read [`ConfigData`] first.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::texts::Loose;

/// How many attributes one message has, at most; hawkBit's own bound.
pub const ENTRIES_MAX: usize = 100;
/// How long a name or a value is, at most, in characters; hawkBit's own bound.
pub const ENTRY_CHARS_MAX: usize = 128;

/// Attributes by a device's own word.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConfigData {
    /// What becomes of those that it said before; a client may send `null` for the usual.
    #[serde(default, deserialize_with = "mode")]
    pub mode: Mode,
    /// Names and values. Numbers and truth values become texts, `null` the empty text.
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
    /// The attributes after this message.
    pub fn applied(&self, mut before: BTreeMap<String, String>) -> BTreeMap<String, String> {
        match self.mode {
            Mode::Merge => before.extend(self.data.clone()),
            Mode::Replace => before.clone_from(&self.data),
            Mode::Remove => before.retain(|name, _| !self.data.contains_key(name)),
        }
        before
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
            let value =
                value.ok_or_else(|| A::Error::custom("the value of an attribute is a text"))?;
            checked(&name, &value)?;
            attributes.insert(name, value);
            if attributes.len() > ENTRIES_MAX {
                return Err(A::Error::custom("at most 100 attributes in one message"));
            }
        }
        Ok(attributes)
    }
}

fn checked<E: Error>(name: &str, value: &str) -> Result<(), E> {
    let long = |text: &str| text.chars().count() > ENTRY_CHARS_MAX;
    if name.is_empty() || long(name) || long(value) {
        return Err(E::custom(
            "an attribute's name has 1 to 128 characters, its value at most 128",
        ));
    }
    Ok(())
}
