//! How devices and people reach a server, and what hawkBit clients call its tenant: what links are made of.
//!
//! Both go into addresses that devices follow, so that nothing is taken that could lead elsewhere than it seems to.

use std::fmt::{self, Display};

use super::finding::Wrong;
use super::values::{Given, quoted};

/// The longest name of a host (RFC 1035, section 2.3.4), and of one part of it.
const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// The longest tenant: hawkBit's own bound (its `tenant` columns).
const TENANT_BYTES_MAX: usize = 40;

/// What this server answers at itself: no tenant may be called so.
const OWN_PLACES: [&str; 16] = [
    "account",
    "api",
    "delivery",
    "device",
    "devices",
    "healthz",
    "incidents",
    "live",
    "live.js",
    "metrics",
    "people",
    "readyz",
    "rollouts",
    "setup",
    "sign-in",
    "sign-out",
];

/// `http://` or `https://`, a host, and perhaps a port; no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The text, to which a path is added that begins with a slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        let url = given.text.strip_suffix('/').unwrap_or(given.text);
        let rest = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"));
        let Some(rest) = rest else {
            return Err(wrong("doesn't begin with https:// or http://"));
        };
        // Said before anything else, and not repeated: what stands before the @ may be a password.
        if rest.contains('@') {
            return Err(wrong("names a user"));
        }
        if rest.contains(['/', '?', '#', '\\']) {
            return Err(wrong(
                "goes on after the host, and the server answers at its root alone",
            ));
        }
        let (host, port) = host_and_port(rest);
        if port.is_some_and(|port| !is_port(port)) {
            return Err(wrong("has a port that isn't a number from 1 to 65535"));
        }
        match is_host(host) {
            true => Ok(Self(url.to_owned())),
            false => Err(wrong("names no host")),
        }
    }
}

impl Display for PublicUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn wrong(what: &str) -> Wrong {
    let cure =
        "write scheme and host, and the port if it isn't the usual one, as https://updates.example";
    Wrong::new(what, cure)
}

/// An address in brackets has colons of its own.
fn host_and_port(rest: &str) -> (&str, Option<&str>) {
    let end = rest.rfind(']').map_or(0, |end| end + 1);
    match rest[end..].split_once(':') {
        Some((host, port)) => (&rest[..end + host.len()], Some(port)),
        None => (rest, None),
    }
}

fn is_port(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    host.len() <= HOST_BYTES_MAX && host.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The first part of the path that hawkBit clients ask at; most of them can't be told another than `DEFAULT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant(String);

impl Tenant {
    /// As it is written into links.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        let text = given.text;
        let fits = (1..=TENANT_BYTES_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !fits {
            let what = format!("is {}, and no tenant", quoted(text));
            let cure = "write 1 to 40 letters, digits, - and _; DEFAULT is what clients expect";
            return Err(Wrong::new(what, cure));
        }
        if OWN_PLACES.contains(&text.to_ascii_lowercase().as_str()) {
            let what = format!("is {}, where this server answers at itself", quoted(text));
            return Err(Wrong::new(
                what,
                "choose another name; DEFAULT is what clients expect",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Default for Tenant {
    /// The name that clients have built in.
    fn default() -> Self {
        Self(mainstay_api::ddi::USUAL_TENANT.to_owned())
    }
}

impl Display for Tenant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
