//! Reads `needs` of a class. Read [`needs`].

use toml::Spanned;
use toml::de::DeValue;

use super::amounts;
use super::section::Section;
use super::value::{self, Read};
use crate::limits::NEEDS_MAX;
use crate::names::ClassId;
use crate::needs::{Prerequisite, Stone, VersionNumber};

/// Every device of the other class: what is asked for unless the plan says less.
const ALL_PERCENT: u16 = 100;

/// The stepping stones and the prerequisites of a class: what names another class is one of the latter.
pub(super) fn needs(class: &Section<'_>) -> (Vec<Stone>, Vec<Prerequisite>) {
    let (mut stones, mut prerequisites) = (Vec::new(), Vec::new());
    for section in class.sections("needs", NEEDS_MAX) {
        match section.has("class") {
            true => prerequisites.extend(prerequisite(&section)),
            false => stones.extend(stone(&section)),
        }
        section.finish();
    }
    (stones, prerequisites)
}

fn stone(section: &Section<'_>) -> Option<Stone> {
    let (from, at_least) = versions(section);
    Some(Stone {
        index: section.index(),
        from: from?,
        at_least: at_least?,
    })
}

fn prerequisite(section: &Section<'_>) -> Option<Prerequisite> {
    let (from, at_least) = versions(section);
    let class = "the id of another class";
    let class = value::parsed(|text| ClassId::new(text).ok(), class, "\"gateway-v1\"");
    let class = section.optional("class", class);
    let share = section.or("share", ALL_PERCENT, amounts::percent(1..=ALL_PERCENT));
    Some(Prerequisite {
        index: section.index(),
        from: from?,
        class: class?,
        at_least: at_least?,
        // Between 1 and 100.
        share_percent: u8::try_from(share).unwrap_or(100),
    })
}

fn versions(section: &Section<'_>) -> (Option<VersionNumber>, Option<VersionNumber>) {
    let from = section.required("from", "from = \"3.0.0\"", version);
    let at_least = section.required("at_least", "at_least = \"2.0.0\"", version);
    (from, at_least)
}

fn version(value: &Spanned<DeValue<'_>>) -> Read<VersionNumber> {
    let version = |text: &str| text.parse().ok();
    value::parsed(version, "a version of three numbers", "\"2.0.0\"")(value)
}
