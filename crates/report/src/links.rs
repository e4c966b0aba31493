//! The addresses of the pages, in one place: the server routes them, the pages link to them.
//!
//! A page links only to a [`Target`], never to an address that a model carries as text.

use serde::{Deserialize, Serialize};

/// A page that others link to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "page", content = "of", rename_all = "kebab-case")]
pub enum Target {
    /// The home page: `/`.
    Home,
    /// A page of the device list, from 1: `/devices?page=2`.
    Devices(u32),
    /// A device's page: `/devices/th-0193`.
    Device(String),
    /// A rollout's page: `/rollouts/3`.
    Rollout(i64),
    /// The devices of a rollout, after one of them or from the first on: `/rollouts/3/devices?after=th-0193`.
    RolloutDevices {
        /// The rollout.
        of: i64,
        /// The device that they follow.
        after: Option<String>,
    },
    /// An incident's page: `/incidents/1`.
    Incident(i64),
    /// One's own account: `/account`.
    Account,
    /// Where the codes of an app are set up: `/account/second-factor`.
    SecondFactor,
    /// Who can sign in: `/people`.
    People,
}

impl Target {
    /// The address, from the server's root.
    #[must_use]
    pub fn href(&self) -> String {
        match self {
            Self::Home => "/".to_owned(),
            Self::Devices(page) => format!("/devices?page={page}"),
            Self::Device(id) => format!("/devices/{}", path_segment(id)),
            Self::Rollout(id) => format!("/rollouts/{id}"),
            Self::RolloutDevices { of, after: None } => format!("/rollouts/{of}/devices"),
            Self::RolloutDevices {
                of,
                after: Some(id),
            } => format!("/rollouts/{of}/devices?after={}", path_segment(id)),
            Self::Incident(id) => format!("/incidents/{id}"),
            Self::Account => "/account".to_owned(),
            Self::SecondFactor => "/account/second-factor".to_owned(),
            Self::People => "/people".to_owned(),
        }
    }
}

/// `text` as one path segment: all but unreserved characters percent-encoded (RFC 3986, 2.3), and
/// dots too where the segment would mean "this folder" or "the one above".
pub(crate) fn path_segment(text: &str) -> String {
    let dots = text.bytes().all(|b| b == b'.');
    text.bytes()
        .map(|byte| match byte {
            b'.' if dots => "%2E".to_owned(),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_id_stays_one_path_segment() {
        for (id, expected) in [
            ("th-0193", "/devices/th-0193"),
            ("a/b?c#d", "/devices/a%2Fb%3Fc%23d"),
            ("..", "/devices/%2E%2E"),
            ("ü", "/devices/%C3%BC"),
            ("v1.2", "/devices/v1.2"),
        ] {
            assert_eq!(Target::Device(id.into()).href(), expected);
        }
    }

    #[test]
    fn a_list_goes_on_after_a_device_whatever_its_name() {
        for (after, expected) in [
            (None, "/rollouts/3/devices"),
            (Some("th-1"), "/rollouts/3/devices?after=th-1"),
            (Some("a&b=c+d"), "/rollouts/3/devices?after=a%26b%3Dc%2Bd"),
        ] {
            let after = after.map(str::to_owned);
            assert_eq!(Target::RolloutDevices { of: 3, after }.href(), expected);
        }
    }
}
