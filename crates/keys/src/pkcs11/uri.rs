//! The names of tokens and of the keys in them: `pkcs11:` URIs (RFC 7512), read strictly.
//!
//! | attribute | names |
//! |---|---|
//! | `token`, `manufacturer`, `model`, `serial`, `slot-id` | the token |
//! | `object`, `id`, `type` | the key: its label, its CKA_ID, `private` or `public` |
//! | `module-path`, `module-name` | the library that speaks to the token |
//! | `pin-source` | a file with the PIN, as `file:/path` or `/path` |
//!
//! `pin-value` is refused: a URI ends up in shell histories, process lists and files that others may
//! read. Unknown and repeated attributes are refused too, because a misspelt one would match more
//! keys than was meant. Read [`TokenUri`].

use std::fmt;
use std::path::{Path, PathBuf};

use super::TokenError;

/// Longer than any label, id and path that a token can have together, escaped.
pub const URI_BYTES_MAX: usize = 2048;

const SCHEME: &str = "pkcs11:";

/// What a URI asks for; whatever is none matches anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenUri {
    /// The token's label.
    pub token: Option<String>,
    /// Who made the token.
    pub manufacturer: Option<String>,
    /// The token's model.
    pub model: Option<String>,
    /// The token's serial number.
    pub serial: Option<String>,
    /// The slot's number, which may change when a token is plugged in again.
    pub slot_id: Option<u64>,
    /// The key's label.
    pub object: Option<String>,
    /// The key's CKA_ID.
    pub id: Option<Vec<u8>>,
    /// The library that speaks to the token; absolute.
    pub module_path: Option<PathBuf>,
    /// The name of that library, without folder and suffix.
    pub module_name: Option<String>,
    /// A file with nothing but the PIN; absolute.
    pub pin_source: Option<PathBuf>,
}

impl TokenUri {
    /// Whether `text` is meant as such a URI, well-formed or not.
    pub fn is_meant(text: &str) -> bool {
        let scheme = text.get(..SCHEME.len());
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
    }

    /// Reads a URI.
    ///
    /// # Errors
    /// `token.pin-in-uri` for `pin-value`, `token.uri` for whatever else isn't as above.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        if text.len() > URI_BYTES_MAX {
            return Err(wrong(format!("it has more than {URI_BYTES_MAX} bytes")));
        }
        if !Self::is_meant(text) {
            return Err(wrong(format!("it doesn't begin with `{SCHEME}`")));
        }
        let (path, query) = match text[SCHEME.len()..].split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (&text[SCHEME.len()..], None),
        };
        let mut uri = Self::default();
        let path = path.split(';').filter(|_| !path.is_empty());
        for attribute in path {
            let (name, value) = split(attribute)?;
            uri.set_path(name, value)?;
        }
        for attribute in query.into_iter().flat_map(|query| query.split('&')) {
            let (name, value) = split(attribute)?;
            uri.set_query(name, value)?;
        }
        // A key file holds the one spelling, and must be readable again.
        match uri.to_string().len() {
            ..=URI_BYTES_MAX => Ok(uri),
            _ => Err(wrong(format!(
                "with everything escaped, it has more than {URI_BYTES_MAX} bytes"
            ))),
        }
    }

    /// Whether it names one key, and not only a token.
    pub fn names_a_key(&self) -> bool {
        self.object.is_some() || self.id.is_some()
    }

    fn set_path(&mut self, name: &str, value: Vec<u8>) -> Result<(), TokenError> {
        match name {
            "token" => once(&mut self.token, name, text(name, value)?),
            "manufacturer" => once(&mut self.manufacturer, name, text(name, value)?),
            "model" => once(&mut self.model, name, text(name, value)?),
            "serial" => once(&mut self.serial, name, text(name, value)?),
            "object" => once(&mut self.object, name, text(name, value)?),
            "id" => once(&mut self.id, name, value),
            "slot-id" => {
                let number = text(name, value)?.parse();
                let number = number.map_err(|_| wrong("slot-id isn't a number".to_owned()))?;
                once(&mut self.slot_id, name, number)
            }
            "type" if value == b"private" || value == b"public" => Ok(()),
            "type" => Err(wrong("type is neither private nor public".to_owned())),
            "module-path" | "module-name" | "pin-source" | "pin-value" => {
                Err(wrong(format!("{name} belongs behind the question mark")))
            }
            _ => Err(wrong(format!(
                "{name:?} is no attribute that is known here"
            ))),
        }
    }

    fn set_query(&mut self, name: &str, value: Vec<u8>) -> Result<(), TokenError> {
        match name {
            "pin-value" => Err(TokenError::PinInUri),
            "module-name" => {
                let value = text(name, value)?;
                if value.contains(['/', '\\']) || value.starts_with('.') {
                    return Err(wrong("module-name is a name, not a path".to_owned()));
                }
                once(&mut self.module_name, name, value)
            }
            "module-path" => {
                let path = absolute(name, &text(name, value)?)?;
                once(&mut self.module_path, name, path)
            }
            "pin-source" => {
                let source = text(name, value)?;
                let path = match source.strip_prefix("file:") {
                    Some(path) => path.strip_prefix("//").unwrap_or(path),
                    None => &source,
                };
                let path = absolute(name, path)?;
                once(&mut self.pin_source, name, path)
            }
            _ => Err(wrong(format!(
                "{name:?} is no attribute that is known behind the question mark"
            ))),
        }
    }
}

/// An attribute's name and its decoded value.
fn split(attribute: &str) -> Result<(&str, Vec<u8>), TokenError> {
    let (name, value) = attribute
        .split_once('=')
        .ok_or_else(|| wrong(format!("{attribute:?} has no `=`")))?;
    if name == "pin-value" {
        // Before anything else is said of it: its value must not appear in a message.
        return Err(TokenError::PinInUri);
    }
    let value = decode(value).ok_or_else(|| {
        wrong(format!(
            "the value of {name:?} holds characters that must be written as %XX"
        ))
    })?;
    Ok((name, value))
}

/// Percent-decodes what may stand in a value (RFC 7512, section 2.3). None for anything else.
fn decode(value: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.extend(hex::decode(digits).ok()?);
            rest = after;
        } else if first.is_ascii_alphanumeric() || b"-._~[]:@!$'()*+,=&/?|".contains(&first) {
            bytes.push(first);
            rest = after;
        } else {
            return None;
        }
    }
    Some(bytes)
}

fn text(name: &str, value: Vec<u8>) -> Result<String, TokenError> {
    let plain = String::from_utf8(value).ok();
    plain
        .filter(|text| !text.is_empty() && !text.contains(char::is_control))
        .ok_or_else(|| wrong(format!("{name} isn't plain text")))
}

fn absolute(name: &str, path: &str) -> Result<PathBuf, TokenError> {
    match Path::new(path).is_absolute() {
        true => Ok(PathBuf::from(path)),
        false => Err(wrong(format!("{name} isn't an absolute path"))),
    }
}

fn once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), TokenError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(wrong(format!("{name} stands there twice"))),
    }
}

fn wrong(why: String) -> TokenError {
    TokenError::Uri(why)
}

/// The URI in one spelling: attributes in a fixed order, everything but letters, digits and `-._~`
/// escaped, the id escaped whole.
impl fmt::Display for TokenUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = [
            ("token", &self.token),
            ("manufacturer", &self.manufacturer),
            ("model", &self.model),
            ("serial", &self.serial),
            ("object", &self.object),
        ];
        let mut path: Vec<String> = texts.iter().filter_map(|(n, v)| pair(n, v)).collect();
        path.extend(self.slot_id.map(|number| format!("slot-id={number}")));
        let byte = |byte: &u8| format!("%{byte:02x}");
        let id = self
            .id
            .as_ref()
            .map(|id| id.iter().map(byte).collect::<String>());
        path.extend(id.map(|id| format!("id={id}")));
        let file = |path: &Option<PathBuf>| path.as_ref().map(|p| p.to_string_lossy().into_owned());
        let query = [
            ("module-path", &file(&self.module_path)),
            ("module-name", &self.module_name),
            ("pin-source", &file(&self.pin_source)),
        ];
        let query: Vec<String> = query.iter().filter_map(|(n, v)| pair(n, v)).collect();
        write!(f, "{SCHEME}{}", path.join(";"))?;
        match query.is_empty() {
            true => Ok(()),
            false => write!(f, "?{}", query.join("&")),
        }
    }
}

fn pair(name: &str, value: &Option<String>) -> Option<String> {
    value
        .as_ref()
        .map(|value| format!("{name}={}", escape(value)))
}

fn escape(text: &str) -> String {
    let escape = |byte: u8| match byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02x}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        let found = TokenUri::parse(text).map_or_else(|e| e.to_string(), |uri| uri.to_string());
        assert!(found.contains(expected), "{text}: {found}");
    }

    #[test]
    fn what_a_uri_may_say() {
        check("pkcs11:", "pkcs11:");
        check("PKCS11:token=a", "pkcs11:token=a");
        check(
            "pkcs11:object=ana;token=Main%20stay;id=%01%ff;type=private",
            "pkcs11:token=Main%20stay;object=ana;id=%01%ff",
        );
        check("pkcs11:id=ab", "pkcs11:id=%61%62");
        check(
            "pkcs11:serial=1a;slot-id=7?module-path=/usr/lib/a.so&pin-source=file:/run/pin",
            "pkcs11:serial=1a;slot-id=7?module-path=/usr/lib/a.so&pin-source=/run/pin",
        );
        check("pkcs11:?pin-source=file:///run/pin", "?pin-source=/run/pin");
        check("pkcs11:?pin-source=//run/pin", "?pin-source=//run/pin");
        check("pkcs11:?module-name=softhsm2", "?module-name=softhsm2");
    }

    #[test]
    fn what_it_may_not_say() {
        check("token=a", "doesn't begin");
        check("pkcs11:token", "has no `=`");
        check("pkcs11:token=a;", "has no `=`");
        check("pkcs11:token=a;token=b", "twice");
        check("pkcs11:tokn=a", "no attribute");
        check("pkcs11:token=", "plain text");
        check("pkcs11:token=%ff", "plain text");
        check("pkcs11:token=a%0a", "plain text");
        check("pkcs11:token=a b", "%XX");
        check("pkcs11:token=%2", "%XX");
        check("pkcs11:token=%zz", "%XX");
        check("pkcs11:type=cert", "neither");
        check("pkcs11:slot-id=x", "number");
        check("pkcs11:slot-id=99999999999999999999", "number");
        check("pkcs11:module-path=/a.so", "behind the question mark");
        check("pkcs11:?token=a", "no attribute");
        check("pkcs11:?module-path=a.so", "absolute");
        check("pkcs11:?module-name=../a", "not a path");
        check("pkcs11:?pin-source=|cat%20pin", "absolute");
        check(
            &format!("pkcs11:token={}", "x".repeat(URI_BYTES_MAX)),
            "more than",
        );
        check(
            &format!("pkcs11:id={}", "x".repeat(URI_BYTES_MAX / 3)),
            "with everything escaped",
        );
    }

    #[test]
    fn a_pin_is_refused_and_never_repeated() {
        for text in [
            "pkcs11:?pin-value=4321",
            "pkcs11:pin-value=4321",
            "pkcs11:?pin-value=43 21",
        ] {
            let refused = TokenUri::parse(text).unwrap_err();
            assert_eq!(refused.id(), "token.pin-in-uri", "{text}");
            assert!(!format!("{refused} {refused:?}").contains("43"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_name_survives_being_written(label in "[^\\p{C}]{1,40}", id: Vec<u8>, slot_id: Option<u64>) {
            let uri = TokenUri { object: Some(label), id: Some(id), slot_id, ..TokenUri::default() };
            prop_assert_eq!(TokenUri::parse(&uri.to_string()).unwrap(), uri);
        }

        #[test]
        fn no_text_breaks_the_reader(text in "pkcs11:[a-z=;?&%0-9é ]{0,60}") {
            let _ = TokenUri::parse(&text);
        }
    }
}
