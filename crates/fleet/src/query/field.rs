//! What a query may ask about. Read [`NAMED`].

use core::fmt;

use super::node::Operator;
use crate::attribute::AttributeName;

/// One thing that a device's record may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Class,
    Hardware,
    Zone,
    Site,
    Bootloader,
    Running,
    Release,
    Verified,
    Registered,
    LastSeen,
    Attribute(AttributeName),
}

/// All fields but the attributes, by name.
pub(super) const NAMED: &[(&str, Field)] = &[
    ("id", Field::Id),
    ("class", Field::Class),
    ("hardware", Field::Hardware),
    ("zone", Field::Zone),
    ("site", Field::Site),
    ("bootloader", Field::Bootloader),
    ("running", Field::Running),
    ("release", Field::Release),
    ("verified", Field::Verified),
    ("registered", Field::Registered),
    ("last_seen", Field::LastSeen),
];

/// What stands before the name of an attribute.
const ATTRIBUTE: &str = "attributes.";

/// Of which kind a field's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Version,
    Flag,
    Moment,
}

impl Field {
    /// The field of this name.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(attribute) = name.strip_prefix(ATTRIBUTE) {
            return AttributeName::new(attribute).ok().map(Self::Attribute);
        }
        let found = NAMED.iter().find(|(known, _)| *known == name);
        found.map(|(_, field)| field.clone())
    }

    /// The field or keyword that `name` most likely meant, if one is near enough.
    pub fn nearest(name: &str) -> Option<String> {
        if let Some((word, attribute)) = name.split_once('.') {
            return is_near(word, "attributes").then(|| format!("{ATTRIBUTE}{attribute}"));
        }
        let known = NAMED.iter().map(|(known, _)| *known);
        let best = known
            .chain(["not", "has"])
            .min_by_key(|known| off(name, known))?;
        is_near(name, best).then(|| best.to_owned())
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Bootloader | Self::Running => Kind::Version,
            Self::Verified => Kind::Flag,
            Self::Registered | Self::LastSeen => Kind::Moment,
            Self::Id | Self::Class | Self::Hardware | Self::Zone => Kind::Text,
            Self::Site | Self::Release | Self::Attribute(_) => Kind::Text,
        }
    }
}

impl Kind {
    /// How values of this kind may be compared.
    pub fn operators(self) -> &'static [Operator] {
        use Operator::{Above, AtLeast, AtMost, Below, Differs, In, Is, Like};
        match self {
            Self::Text => &[Is, Differs, Like, In],
            Self::Version => &[Is, Differs, Below, AtMost, Above, AtLeast, In],
            Self::Flag => &[Is, Differs],
            // Two moments are never the same to the microsecond.
            Self::Moment => &[Below, AtMost, Above, AtLeast],
        }
    }

    /// What a value of this kind is, and how to write one.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("a text in double quotes", "\"B\""),
            Self::Version => ("a version of three numbers", "1.4.0"),
            Self::Flag => ("`true` or `false`", "true"),
            Self::Moment => ("a moment", "7d ago, or 2026-11-01"),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Attribute(name) = self {
            return write!(f, "{ATTRIBUTE}{name}");
        }
        let named = NAMED.iter().find(|(_, field)| field == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}

/// At most two letters off, and no more than a third of the word.
fn is_near(word: &str, known: &str) -> bool {
    off(word, known) <= 2.min(known.len().div_ceil(3))
}

/// Letters to change, add, drop or exchange.
fn off(word: &str, known: &str) -> usize {
    strsim::osa_distance(&word.to_ascii_lowercase().replace('-', "_"), known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_the_name_that_it_shows() {
        for (name, field) in NAMED {
            assert_eq!(Field::named(name), Some(field.clone()));
            assert_eq!(field.to_string(), *name);
        }
        let floor = Field::named("attributes.floor").expect("a good name");
        assert_eq!(floor.to_string(), "attributes.floor");
        assert_eq!(Field::named("attributes."), None);
        assert_eq!(Field::named("floor"), None);
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        for (name, expected) in [
            ("hardwaer", Some("hardware")),
            ("Zone", Some("zone")),
            ("last-seen", Some("last_seen")),
            ("NOT", Some("not")),
            ("attribute.Floor", Some("attributes.Floor")),
            ("site.name", None),
            ("window", None),
            ("x", None),
        ] {
            assert_eq!(Field::nearest(name).as_deref(), expected, "{name}");
        }
    }
}
