//! Texts from devices that aren't always texts. Read [`Details`] first.

use std::fmt;

use mainstay_rollout::order::log::DETAILS_MAX;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What a device says in words: a list of texts, or one text where a list is defined. Numbers and truth values become texts; what has a
/// structure of its own is counted and left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The first [`DETAILS_MAX`], in their order.
    pub texts: Vec<String>,
    /// How many there were.
    pub count: usize,
}

impl Details {
    fn add(&mut self, text: Option<String>) {
        self.count += 1;
        if self.count <= DETAILS_MAX {
            self.texts.extend(text);
        }
    }

    fn one(text: String) -> Self {
        Self {
            texts: vec![text],
            count: 1,
        }
    }
}

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DetailsVisitor)
    }
}

struct DetailsVisitor;

impl<'de> Visitor<'de> for DetailsVisitor {
    type Value = Details;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<Details, E> {
        Ok(Details::one(text.to_owned()))
    }

    fn visit_bool<E>(self, word: bool) -> Result<Details, E> {
        Ok(Details::one(word.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Details, E> {
        Ok(Details::one(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Details, E> {
        Ok(Details::one(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Details, E> {
        Ok(Details::one(number.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Details, E> {
        Ok(Details::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Details, A::Error> {
        let mut details = Details::default();
        while let Some(Loose(text)) = list.next_element()? {
            details.add(text);
        }
        Ok(details)
    }
}

/// A text, or what can be said as one; none of what has a structure of its own.
pub(super) struct Loose(pub Option<String>);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose(Some(text.to_owned())))
    }

    fn visit_bool<E>(self, word: bool) -> Result<Loose, E> {
        Ok(Loose(Some(word.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose(Some(String::new())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Loose, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }
}

/// A number of the device's own, if it is one that 64 bits hold; anything else counts as not said, since nothing rests on it.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let Loose(text) = Loose::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}
