//! Reads `[rollout]`.

use jiff::SignedDuration;

use super::amounts;
use super::section::Section;
use super::{value, window};
use crate::limits::{
    ATTRIBUTE_CHARS_MAX, BYTES_PER_SECOND_MAX, CANARY_DEVICES_MAX, DOWNLOADS_MAX, MINIMA_MAX,
};
use crate::lint;
use crate::rollout_rules::{Canary, Limits, Minimum, RolloutRules};

const JITTER: SignedDuration = SignedDuration::from_mins(20);
/// Devices that are away for a weekend still come back in time.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(72);
const POLL: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn rollout(root: &Section<'_>) -> Option<RolloutRules> {
    let section =
        root.required_section("rollout", "[rollout] with canary, window, limit, jitter")?;
    let canary = canary(&section);
    let window = window::window(&section);
    let blackout = window::blackouts(&section);
    let limits = limits(&section);
    let jitter = (&lint::FMP045.reason, "jitter = \"20m\"");
    let jitter = section.demanded("jitter", jitter, JITTER, amounts::span);
    let give_up_after = section.or("give_up_after", GIVE_UP_AFTER, amounts::span);
    let poll = section.or("poll", POLL, amounts::span);
    section.finish();
    let (canary, window) = (canary?, window?);
    Some(RolloutRules {
        canary,
        window,
        blackout,
        limits,
        jitter,
        give_up_after,
        poll,
    })
}

fn canary(rollout: &Section<'_>) -> Option<Canary> {
    let section = rollout.required_section("canary", "canary = { devices = 40 }")?;
    let devices = value::count(1..=CANARY_DEVICES_MAX);
    let devices = section.required("devices", "devices = 40", devices);
    let least = value::count(0..=CANARY_DEVICES_MAX);
    let at_least_per_hardware = section.or("at_least_per_hardware", 1, least);
    let minima = section.sections("at_least_per", MINIMA_MAX);
    let at_least_per = minima.iter().filter_map(minimum).collect();
    section.finish();
    Some(Canary {
        devices: devices?,
        at_least_per_hardware,
        at_least_per,
    })
}

fn minimum(section: &Section<'_>) -> Option<Minimum> {
    let name = |text: &str| is_attribute(text).then(|| text.to_owned());
    let expected = "an attribute's name: letters, digits, hyphens and underscores, a letter first";
    let name = value::parsed(name, expected, "\"region\"");
    let attribute = section.required("attribute", "attribute = \"region\"", name);
    let devices = value::count(1..=CANARY_DEVICES_MAX);
    let devices = section.required("devices", "devices = 5", devices);
    section.finish();
    Some(Minimum {
        attribute: attribute?,
        devices: devices?,
    })
}

/// As devices are declared with it.
pub(super) fn is_attribute(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"_-".contains(&c);
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    begins_well && text.len() <= ATTRIBUTE_CHARS_MAX && text.bytes().all(allowed)
}

fn limits(rollout: &Section<'_>) -> Limits {
    let stand_in = Limits {
        downloads: 100,
        bytes_per_second: 50_000_000,
    };
    let example = "limit = { downloads = 100, bytes_per_second = \"50 MB\" }";
    if !rollout.has("limit") {
        let message = "`limit` is missing.".to_owned();
        let (reason, path) = (&lint::FMP045.reason, rollout.path_of("limit"));
        rollout
            .reader()
            .report(reason, &path, message, format!("add {example}"));
    }
    let Some(section) = rollout.section("limit") else {
        return stand_in;
    };
    let downloads = (&lint::FMP045.reason, "downloads = 100");
    let count = value::count(1..=DOWNLOADS_MAX);
    let downloads = section.demanded("downloads", downloads, stand_in.downloads, count);
    let bytes = (&lint::FMP045.reason, "bytes_per_second = \"50 MB\"");
    let size = amounts::size(1..=BYTES_PER_SECOND_MAX);
    let stand_in = stand_in.bytes_per_second;
    let bytes_per_second = section.demanded("bytes_per_second", bytes, stand_in, size);
    section.finish();
    Limits {
        downloads,
        bytes_per_second,
    }
}
