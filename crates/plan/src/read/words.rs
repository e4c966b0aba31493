//! Readers of values that are words: names, addresses, countries. Read [`text`] first.

use toml::Spanned;
use toml::de::DeValue;

use super::value::{Read, parsed};
use crate::limits::TEXT_BYTES_MAX;
use crate::names::Email;

/// One line of text, trimmed, not empty.
pub(super) fn text(value: &Spanned<DeValue<'_>>) -> Read<String> {
    let line = |text: &str| {
        let text = text.trim();
        let fits = !text.is_empty() && text.len() <= TEXT_BYTES_MAX;
        (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
    };
    parsed(
        line,
        "one line of text, at most 120 bytes",
        "\"a few words\"",
    )(value)
}

/// A country code of two letters (ISO 3166-1).
pub(super) fn country(value: &Spanned<DeValue<'_>>) -> Read<String> {
    let code = |text: &str| {
        let is_code = text.len() == 2 && text.bytes().all(|c| c.is_ascii_alphabetic());
        is_code.then(|| text.to_ascii_lowercase())
    };
    parsed(code, "a country code of two letters", "\"us\"")(value)
}

/// Where to report something: an address, or a page.
pub(super) fn contact(value: &Spanned<DeValue<'_>>) -> Read<String> {
    let contact = |text: &str| {
        let graphic = text.len() <= TEXT_BYTES_MAX && text.bytes().all(|c| c.is_ascii_graphic());
        let is_page = graphic
            && text
                .strip_prefix("https://")
                .is_some_and(|rest| !rest.is_empty());
        if is_page {
            Some(text.to_owned())
        } else {
            Email::new(text).ok().map(String::from)
        }
    };
    parsed(
        contact,
        "an address or an https page",
        "\"security@company.example\"",
    )(value)
}

/// A person's address.
pub(super) fn email(value: &Spanned<DeValue<'_>>) -> Read<Email> {
    parsed(
        |text| Email::new(text).ok(),
        "a person's address",
        "\"ana@company.example\"",
    )(value)
}

/// A domain name.
pub(super) fn domain(value: &Spanned<DeValue<'_>>) -> Read<String> {
    const DOMAIN_BYTES_MAX: usize = 64;
    let domain = |text: &str| {
        let label = |part: &str| {
            !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
        };
        let fits = text.len() <= DOMAIN_BYTES_MAX && text.contains('.');
        (fits && text.split('.').all(label)).then(|| text.to_ascii_lowercase())
    };
    parsed(domain, "the maker's domain name", "\"company.example\"")(value)
}
