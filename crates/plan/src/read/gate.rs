//! Reads `[gate.*]` and `[[waiver]]`.

use jiff::civil::Date;
use toml::Spanned;
use toml::de::DeValue;

use super::reasons::{TWICE, WRONG_VALUE};
use super::section::Section;
use super::value::{self, Read};
use super::{amounts, class, words};
use crate::gate::{COVERAGE, GateRule, HIL, Waiver};
use crate::limits::{CLASSES_MAX, GATES_MAX, HARDWARE_MAX, WAIVERS_MAX};
use crate::lint;
use crate::names::{ClassId, Email, GateName};
use crate::track::TrackName;

/// What is asked of gates; nothing when one of them can't be named.
pub(super) fn gates(root: &Section<'_>) -> Option<Vec<GateRule>> {
    let Some(section) = root.section("gate") else {
        return (!root.has("gate")).then(Vec::new);
    };
    let named = section.each("gate", GATES_MAX);
    let gates: Vec<_> = named.iter().map(|(name, at)| gate(name, at)).collect();
    gates.into_iter().collect()
}

/// A share of lines makes sense for one gate, and revisions for another: elsewhere they are unknown.
fn gate(name: &str, section: &Section<'_>) -> Option<GateRule> {
    let read = GateName::new(name).map_err(|error| {
        let fix = "name it like [gate.coverage]".to_owned();
        section
            .reader()
            .report(&WRONG_VALUE, section.path(), format!("The {error}."), fix);
    });
    let min_percent = match name {
        COVERAGE => section.optional("min", value::count(1..=100)),
        _ => None,
    };
    let on = match name {
        HIL => section.or("on", Vec::new(), revisions),
        _ => Vec::new(),
    };
    let expires = section.optional("expires", amounts::span);
    section.finish();
    Some(GateRule {
        name: read.ok()?,
        min_percent,
        on,
        expires,
    })
}

fn revisions(value: &Spanned<DeValue<'_>>) -> Read<Vec<String>> {
    value::some(HARDWARE_MAX * CLASSES_MAX, on_the_rig)(value)
}

/// A revision, alone or with its class before it: two classes may call theirs the same.
fn on_the_rig(value: &Spanned<DeValue<'_>>) -> Read<String> {
    let named = |text: &str| {
        let (class, revision) = match text.split_once('/') {
            Some((class, revision)) => (ClassId::new(class).is_ok(), revision),
            None => (true, text),
        };
        (class && class::is_revision(revision)).then(|| text.to_owned())
    };
    let expected = "a hardware revision, with its class where there are several";
    value::parsed(named, expected, "\"B\" or \"thermo-v2/B\"")(value)
}

/// The waivers that can be read.
pub(super) fn waivers(root: &Section<'_>) -> Vec<Waiver> {
    let sections = root.sections("waiver", WAIVERS_MAX);
    let waivers: Vec<_> = sections.iter().filter_map(waiver).collect();
    for (nth, waiver) in waivers.iter().enumerate() {
        let same = |one: &Waiver| one.gate == waiver.gate && one.track == waiver.track;
        if waivers.iter().take(nth).any(same) {
            let path = format!("waiver.{}.gate", waiver.index);
            let (gate, track) = (&waiver.gate, waiver.track);
            let message = format!("{gate} is waived twice for the {track} track.");
            let fix = "keep one of the two".to_owned();
            root.reader().report(&TWICE, &path, message, fix);
        }
    }
    waivers
}

fn waiver(section: &Section<'_>) -> Option<Waiver> {
    let gate = value::parsed(|text| GateName::new(text).ok(), "a gate's name", "\"hil\"");
    let gate = section.required("gate", "gate = \"integration\"", gate);
    let track = value::choice(TrackName::WORDS);
    let track = section.required("track", "track = \"hotfix\"", track);
    let owner: Option<Email> = asked(
        section,
        "owner",
        "owner = \"sam@company.example\"",
        words::email,
    );
    let reason = asked(
        section,
        "reason",
        "reason = \"why it is missing\"",
        words::text,
    );
    let instead = asked(
        section,
        "instead",
        "instead = \"what is done in its place\"",
        words::text,
    );
    let until: Option<Date> = asked(section, "until", "until = 2027-06-30", amounts::day);
    section.finish();
    Some(Waiver {
        index: section.index(),
        gate: gate?,
        track: track?,
        owner: owner?,
        reason: reason?,
        instead: instead?,
        until: until?,
    })
}

/// What a waiver is nothing without.
fn asked<T>(
    section: &Section<'_>,
    key: &'static str,
    example: &str,
    read: impl Fn(&Spanned<DeValue<'_>>) -> Read<T>,
) -> Option<T> {
    let demand = (&lint::FMP027.reason, example);
    section.demanded(key, demand, None, |value| read(value).map(Some))
}
