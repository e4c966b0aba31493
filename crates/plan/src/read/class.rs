//! Reads `[[class]]`.

use jiff::SignedDuration;
use jiff::civil::Date;
use toml::Spanned;
use toml::de::DeValue;

use super::reasons::{MISSING, TWICE};
use super::section::Section;
use super::value::{self, Read};
use super::words;
use super::{amounts, client, needs};
use crate::class::{
    BootloaderRange, Class, Credentials, InstallStrategy, Revert, RiskAcceptance, Support, Upstream,
};
use crate::limits::{
    CLASSES_MAX, HARDWARE_CHARS_MAX, HARDWARE_MAX, REVERT_BOOTS_MAX, SLOT_BYTES_MAX, UPSTREAM_MAX,
};
use crate::lint;
use crate::names::ClassId;

const STRATEGIES: &[(&str, InstallStrategy)] = &[
    ("dual-bank", InstallStrategy::DualBank),
    ("dual-bank-xip", InstallStrategy::DualBankXip),
    ("swap", InstallStrategy::Swap),
    ("overwrite", InstallStrategy::Overwrite),
];

const CREDENTIALS: &[(&str, Credentials)] = &[
    ("per-device", Credentials::PerDevice),
    ("first-use", Credentials::FirstUse),
];

/// All classes, or nothing when one of them can't be named.
pub(super) fn classes(root: &Section<'_>) -> Option<Vec<Class>> {
    let sections = root.sections("class", CLASSES_MAX);
    if sections.is_empty() && !root.has("class") {
        let message = "The plan has no [[class]].".to_owned();
        root.reader().report(
            &MISSING,
            "class",
            message,
            "add a [[class]] table".to_owned(),
        );
    }
    let classes: Vec<_> = sections.iter().map(class).collect();
    let classes: Option<Vec<_>> = classes.into_iter().collect();
    classes.filter(|classes| !classes.is_empty())
}

fn class(section: &Section<'_>) -> Option<Class> {
    let id = "a class id of small letters, digits and hyphens, at most 32";
    let id = value::parsed(|text| ClassId::new(text).ok(), id, "\"thermo-v2\"");
    let id = section.required("id", "id = \"thermo-v2\"", id);
    let vendor = section.required("vendor", "vendor = \"company.example\"", words::domain);
    let hardware = hardware(section);
    let bootloader = bootloader(section);
    let install = (&lint::FMP004.reason, "install = \"dual-bank\"");
    let strategy = value::choice(STRATEGIES);
    let install = section.demanded("install", install, InstallStrategy::DualBank, strategy);
    let revert = revert(section);
    let support = section
        .section("support")
        .map(|support| self::support(&support));
    let accepts_risk = section
        .section("accepts_risk")
        .and_then(|risk| acceptance(&risk));
    let slot = amounts::size(1..=SLOT_BYTES_MAX);
    let slot_bytes = section.optional("slot", slot);
    let usage_cycle = section.optional("usage_cycle", amounts::span);
    let credentials = section.optional("credentials", value::choice(CREDENTIALS));
    let covered = value::choice(&[("covered", true), ("clear", false)]);
    let is_on_covered_list = section.or("fcc_list", false, covered);
    let relevant = value::choice(&[("relevant", true), ("none", false)]);
    let is_safety_relevant = section.or("safety", false, relevant);
    let upstream = section.sections("upstream", UPSTREAM_MAX);
    let upstream = upstream.iter().filter_map(self::upstream).collect();
    let (stones, prerequisites) = needs::needs(section);
    let clients = client::rules(section);
    section.finish();
    let (id, vendor) = (id?, vendor?);
    Some(Class {
        id,
        vendor,
        hardware,
        bootloader,
        install,
        revert,
        support,
        accepts_risk,
        slot_bytes,
        usage_cycle,
        credentials,
        is_on_covered_list,
        is_safety_relevant,
        upstream,
        stones,
        prerequisites,
        clients,
    })
}

/// Whether a hardware revision may be called so.
pub(super) fn is_revision(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    (1..=HARDWARE_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// A hardware revision's name.
fn revision(value: &Spanned<DeValue<'_>>) -> Read<String> {
    let revision = |text: &str| is_revision(text).then(|| text.to_owned());
    let expected = "a hardware revision of letters, digits, dots and hyphens, at most 16";
    value::parsed(revision, expected, "\"B\"")(value)
}

fn hardware(section: &Section<'_>) -> Vec<String> {
    let revisions = value::some(HARDWARE_MAX, revision);
    let demand = (
        &lint::FMP001.reason,
        "hardware = [\"B\", \"C\"], every revision in the field",
    );
    let mut hardware = section.demanded("hardware", demand, vec!["?".to_owned()], revisions);
    let given = hardware.len();
    let mut seen = std::collections::BTreeSet::new();
    hardware.retain(|revision| seen.insert(revision.clone()));
    if hardware.len() < given {
        let message = "`hardware` names a revision twice.".to_owned();
        let path = section.path_of("hardware");
        section
            .reader()
            .report(&TWICE, &path, message, "name each revision once".to_owned());
    }
    hardware
}

fn bootloader(section: &Section<'_>) -> BootloaderRange {
    let demand = (&lint::FMP001.reason, "bootloader = \">=1.4.0\"");
    let expected = "the oldest bootloader that is good enough";
    let range = value::parsed(bootloader_range, expected, "\">=1.4.0\"");
    // The stand-in isn't 0.0.0, which would be found a second time.
    section.demanded(
        "bootloader",
        demand,
        BootloaderRange { min: (1, 0, 0) },
        range,
    )
}

fn bootloader_range(text: &str) -> Option<BootloaderRange> {
    let mut numbers = text
        .strip_prefix(">=")?
        .trim_start()
        .split('.')
        .map(str::parse);
    let mut next = || numbers.next()?.ok();
    let min = (next()?, next()?, next()?);
    numbers.next().is_none().then_some(BootloaderRange { min })
}

fn revert(section: &Section<'_>) -> Revert {
    let stand_in = Revert {
        boots: 3,
        confirm_within: SignedDuration::from_mins(10),
    };
    let example = "revert = { boots = 3, confirm_within = \"10m\" }";
    if !section.has("revert") {
        let message = "`revert` is missing.".to_owned();
        let fix = format!("add {example}");
        section.reader().report(
            &lint::FMP005.reason,
            &section.path_of("revert"),
            message,
            fix,
        );
    }
    let Some(revert) = section.section("revert") else {
        return stand_in;
    };
    let boots = (&lint::FMP005.reason, "boots = 3");
    let boots = revert.demanded("boots", boots, 3, value::count(1..=REVERT_BOOTS_MAX));
    let within = (&lint::FMP005.reason, "confirm_within = \"10m\"");
    let stand_in = stand_in.confirm_within;
    let confirm_within = revert.demanded("confirm_within", within, stand_in, amounts::span);
    revert.finish();
    Revert {
        boots,
        confirm_within,
    }
}

/// A date that can't be read is replaced by one far on the safe side, lest it be found again.
fn support(section: &Section<'_>) -> Support {
    let (past, future) = (Date::constant(1970, 1, 1), Date::constant(9000, 1, 1));
    let sold = (&lint::FMP070.reason, "sold_until = 2027-06-30");
    let security = (&lint::FMP070.reason, "security_until = 2032-06-30");
    let sold_until = section.demanded("sold_until", sold, past, amounts::day);
    let security_until = section.demanded("security_until", security, future, amounts::day);
    let life_until = section.optional("life_until", amounts::day);
    let then = section.optional("then", words::text);
    section.finish();
    Support {
        sold_until,
        security_until,
        life_until,
        then,
    }
}

fn upstream(section: &Section<'_>) -> Option<Upstream> {
    let name = section.required("name", "name = \"the kernel\"", words::text);
    let until = section.required("until", "until = 2029-06-30", amounts::day);
    let then = section.optional("then", words::text);
    section.finish();
    Some(Upstream {
        index: section.index(),
        name: name?,
        until: until?,
        then,
    })
}

fn acceptance(section: &Section<'_>) -> Option<RiskAcceptance> {
    let owner = section.required("owner", "owner = \"sam@company.example\"", words::email);
    let until = section.required("until", "until = 2027-06-30", amounts::day);
    let reason = section.required("reason", "reason = \"why\"", words::text);
    section.finish();
    Some(RiskAcceptance {
        owner: owner?,
        until: until?,
        reason: reason?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bootloader_ranges() {
        let cases = [
            (">=1.4.0", Some((1, 4, 0))),
            (">= 10.0.65535", Some((10, 0, 65_535))),
            ("1.4.0", None),
            (">=1.4", None),
            (">=1.4.0.1", None),
            (">=1.4.0-rc1", None),
            (">=1.4.65536", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                bootloader_range(text).map(|range| range.min),
                expected,
                "{text:?}"
            );
        }
    }
}
