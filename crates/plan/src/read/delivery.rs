//! Reads `[delivery]`.

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::DeValue;

use super::amounts;
use super::reasons::{CONTRADICTION, MISSING, TWICE};
use super::rollout::is_attribute;
use super::section::Section;
use super::value::{self, Read, wrong};
use crate::delivery::{By, CACHE, Delivery, LINK, Links, Mirror};
use crate::limits::{
    MIRROR_CHARS_MAX, MIRROR_VALUES_MAX, MIRRORS_MAX, NEAR_BYTES_MAX, URL_BYTES_MAX,
};

const LINK_SPAN: RangeInclusive<SignedDuration> =
    SignedDuration::from_mins(1)..=SignedDuration::from_hours(24);
const CACHE_SPAN: RangeInclusive<SignedDuration> =
    SignedDuration::from_secs(1)..=SignedDuration::from_hours(1);

/// How `links` is written; each but the last needs an address.
#[derive(Debug, Clone, Copy)]
enum Way {
    Signed,
    PerDevice,
    Plain,
    Bucket,
}

/// What is said of mirrors; what isn't said, or can't be read, sends nobody anywhere.
pub(super) fn delivery(root: &Section<'_>) -> Delivery {
    let Some(section) = root.section("delivery") else {
        return Delivery::default();
    };
    let link = within(LINK_SPAN, "a span of time from 1m to 24h", "\"15m\"");
    let link = section.or("link", LINK, link);
    let cache = within(CACHE_SPAN, "a span of time from 1s to 1h", "\"60s\"");
    let cache = section.or("cache", CACHE, cache);
    let by = section.or("by", By::default(), by);
    let tables = section.sections("mirror", MIRRORS_MAX);
    let mirrors: Vec<_> = tables.iter().filter_map(mirror).collect();
    differ(&section, &mirrors);
    section.finish();
    Delivery {
        link,
        cache,
        by,
        mirrors,
    }
}

fn within(
    span: RangeInclusive<SignedDuration>,
    expected: &'static str,
    example: &'static str,
) -> impl Fn(&Spanned<DeValue<'_>>) -> Read<SignedDuration> {
    move |value| match amounts::span(value)? {
        given if span.contains(&given) => Ok(given),
        _ => wrong(value, expected, example),
    }
}

fn by(value: &Spanned<DeValue<'_>>) -> Read<By> {
    let by = |text: &str| match text {
        "zone" => Some(By::Zone),
        name => is_attribute(name).then(|| By::Attribute(name.to_owned())),
    };
    value::parsed(by, "\"zone\", or the name of an attribute", "\"region\"")(value)
}

fn mirror(section: &Section<'_>) -> Option<Mirror> {
    const WAYS: &[(&str, Way)] = &[
        ("signed", Way::Signed),
        ("per-device", Way::PerDevice),
        ("plain", Way::Plain),
        ("bucket", Way::Bucket),
    ];
    let name = value::parsed(
        name,
        "a name of small letters, digits and hyphens",
        "\"frankfurt\"",
    );
    let name = section.required("name", "name = \"frankfurt\"", name);
    let values = value::some(MIRROR_VALUES_MAX, near);
    let near = section.or("for", Vec::new(), values);
    section.report_twice("for", &near);
    let way = section.or("links", Way::Signed, value::choice(WAYS));
    let address = section.optional("url", url);
    let links = links(section, way, address);
    section.finish();
    Some(Mirror {
        name: name?,
        near,
        links: links?,
    })
}

/// The way in with its address: a bucket has its own, and every other one needs one.
fn links(section: &Section<'_>, way: Way, url: Option<String>) -> Option<Links> {
    let path = section.path_of("url");
    if matches!(way, Way::Bucket) {
        if section.has("url") {
            let message =
                "A mirror with links = \"bucket\" has no `url`: it is the server's own bucket.";
            let fix = "leave `url` out, or write another kind of links".to_owned();
            let reader = section.reader();
            reader.report(&CONTRADICTION, &path, message.to_owned(), fix);
        }
        return Some(Links::Bucket);
    }
    if !section.has("url") {
        let fix = "add url = \"https://eu.downloads.company.example/firmware\"".to_owned();
        let message = "`url` is missing.".to_owned();
        section.reader().report(&MISSING, &path, message, fix);
    }
    let url = url?;
    Some(match way {
        Way::Signed => Links::Signed { url },
        Way::PerDevice => Links::PerDevice { url },
        Way::Plain => Links::Plain { url },
        Way::Bucket => Links::Bucket,
    })
}

fn name(text: &str) -> Option<String> {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let fits = (1..=MIRROR_CHARS_MAX).contains(&text.len());
    (fits && text.bytes().all(plain)).then(|| text.to_owned())
}

/// A value of what devices are told apart by: one short line.
fn near(value: &Spanned<DeValue<'_>>) -> Read<String> {
    let near = |text: &str| {
        let fits = (1..=NEAR_BYTES_MAX).contains(&text.len());
        (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
    };
    value::parsed(near, "one line of 1 to 64 bytes", "\"eu\"")(value)
}

/// An address under which payloads lie. Without TLS only on the machine itself, where somebody tries it out.
fn url(value: &Spanned<DeValue<'_>>) -> Read<String> {
    let url = |text: &str| {
        let text = text.trim_end_matches('/');
        let rest = text
            .strip_prefix("https://")
            .or_else(|| on_this_machine(text))?;
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~/:[]".contains(&c);
        let fits = text.len() <= URL_BYTES_MAX && !rest.is_empty() && !rest.starts_with('/');
        (fits && rest.bytes().all(plain)).then(|| text.to_owned())
    };
    let expected = "an https address without a user, a question mark or a fragment";
    value::parsed(
        url,
        expected,
        "\"https://eu.downloads.company.example/firmware\"",
    )(value)
}

fn on_this_machine(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("http://")?;
    let host = rest.split(['/', ':']).next()?;
    ["127.0.0.1", "localhost"].contains(&host).then_some(rest)
}

/// No name twice, and no device near two mirrors.
fn differ(section: &Section<'_>, mirrors: &[Mirror]) {
    let report = |message: String, fix: &str| {
        let path = section.path_of("mirror");
        section
            .reader()
            .report(&TWICE, &path, message, fix.to_owned());
    };
    for (nth, mirror) in mirrors.iter().enumerate() {
        let before = &mirrors[..nth];
        let name = &mirror.name;
        if before.iter().any(|one| one.name == *name) {
            report(
                format!("The mirror {name} is declared twice."),
                "give each mirror a name of its own",
            );
        }
        if mirror.near.is_empty() && before.iter().any(|one| one.near.is_empty()) {
            report(
                format!("{name} is the second mirror for all that no other one is near."),
                "say with `for` whom it is near",
            );
        }
        for value in &mirror.near {
            if before.iter().any(|one| one.near.contains(value)) {
                report(
                    format!("{value:?} is near two mirrors; {name} is the second."),
                    "name each value at one mirror",
                );
            }
        }
    }
}
