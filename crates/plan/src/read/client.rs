//! Reads what a class says of other clients. Read [`rules`].

use toml::Spanned;
use toml::de::DeValue;

use super::duration;
use super::reasons::MISSING;
use super::section::Section;
use super::value::{self, Read, parsed};
use crate::client::{ClientName, ClientRules, VersionWord, WithoutWord};
use crate::limits::VERSION_ATTRIBUTE_CHARS_MAX;

const CLIENTS: &[(&str, ClientName)] = &[
    ("swupdate", ClientName::Swupdate),
    ("rauc", ClientName::Rauc),
    ("zephyr", ClientName::Zephyr),
    ("generic", ClientName::Generic),
];
const WORDS: &[(&str, VersionWord)] =
    &[("static", VersionWord::Static), ("live", VersionWord::Live)];
const CHECKS: &[(&str, bool)] = &[("signature", true), ("none", false)];

/// What stands in front of the span of time.
const TAKEN: &str = "taken-at-its-word after ";

/// The rules of a class; what isn't said is as safe as can be.
pub(super) fn rules(class: &Section<'_>) -> ClientRules {
    let client = class.optional("client", value::choice(CLIENTS));
    let version_attribute = class.optional("version_attribute", attribute);
    let version_word = class.optional("version_word", value::choice(WORDS));
    let without = class.optional("without_version_word", without_word);
    let checks_signature = class.or("client_checks", false, value::choice(CHECKS));
    if version_word.is_some() && !class.has("version_attribute") {
        attribute_is_missing(class);
    }
    ClientRules {
        client,
        version_attribute,
        version_word: version_word.unwrap_or_default(),
        without_version_word: without.unwrap_or_default(),
        checks_signature,
    }
}

/// A word about an attribute that nobody names would be passed over in silence.
fn attribute_is_missing(class: &Section<'_>) {
    let message = "`version_word` is about an attribute that isn't named.".to_owned();
    let fix = "add version_attribute = \"sw_version\", the attribute with the version".to_owned();
    let path = class.path_of("version_word");
    class.reader().report(&MISSING, &path, message, fix);
}

/// The name of an attribute as another client sends it: any text of one line.
fn attribute(value: &Spanned<DeValue<'_>>) -> Read<String> {
    let name = |text: &str| {
        let fits = (1..=VERSION_ATTRIBUTE_CHARS_MAX).contains(&text.chars().count());
        let is_bare = text.trim() == text && !text.chars().any(char::is_control);
        (fits && is_bare).then(|| text.to_owned())
    };
    let expected = "the name of an attribute that clients send, at most 128 characters";
    parsed(name, expected, "\"sw_version\"")(value)
}

fn without_word(value: &Spanned<DeValue<'_>>) -> Read<WithoutWord> {
    let word = |text: &str| match text {
        "unverified" => Some(WithoutWord::Unverified),
        _ => {
            let after = duration::parse(text.strip_prefix(TAKEN)?).ok()?;
            Some(WithoutWord::TakenAtItsWord { after })
        }
    };
    let expected = "\"unverified\", or \"taken-at-its-word after\" and a span of at most 400 days";
    parsed(word, expected, "\"taken-at-its-word after 24h\"")(value)
}
