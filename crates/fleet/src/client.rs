//! Which update client a device runs, and what that client bears. Read [`ClientProfile`], then [`DeviceClient`].
//!
//! Four clients that many fleets have ask over hawkBit's device interface, and each reads its answers a little differently.
//! What differs is written down here, once, with where it is known from; whoever answers them asks here and guesses nothing.

use core::fmt;
use core::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much of a `User-Agent` is looked at, in bytes: all known ones name themselves in the first forty.
pub const USER_AGENT_BYTES_MAX: usize = 128;

/// Longest path of a link that a Zephyr client takes, in characters: its buffer has 200, one of them for the end.
const ZEPHYR_PATH_CHARS_MAX: usize = 199;
/// Longest path of a link for the others, in characters. Neither of them has a bound that we know; a link of ours is far from this one,
/// and proxies and logs bear it.
const PATH_CHARS_MAX: usize = 1024;

/// The update client of a device.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ClientProfile {
    /// SWUpdate's suricatta.
    Swupdate,
    /// rauc-hawkbit-updater.
    Rauc,
    /// Zephyr's `mgmt/hawkbit`.
    Zephyr,
    /// Any other client of hawkBit's interface, and each that doesn't say its name.
    Generic,
    /// Mainstay's own protocol.
    Native,
}

/// Which parts of a file a client asks for at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranges {
    /// One part, to go on where a download stopped.
    One,
    /// Several parts in one request, answered as `multipart/byteranges`.
    Several,
}

impl ClientProfile {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 5] = [
        Self::Swupdate,
        Self::Rauc,
        Self::Zephyr,
        Self::Generic,
        Self::Native,
    ];

    /// The client that calls itself so: the value of `User-Agent`, empty if there is none. Only the first product in its first
    /// [`USER_AGENT_BYTES_MAX`] bytes counts, in whatever case.
    ///
    /// It is the device's own word and proves nothing. SWUpdate calls itself `libcurl-agent/1.0` (corelib/channel_curl.c), the
    /// RAUC updater `rauc-hawkbit-c-agent/1.0` (hawkbit-client.h). Zephyr's client sends no such header (http_client.c), nor does the
    /// `hawkbit` crate: both are [`Generic`](Self::Generic) until people say more, or the product's firmware names itself `zephyr`. Nobody is
    /// [`Native`](Self::Native) by a header: that is a protocol of its own.
    #[must_use]
    pub fn detect(user_agent: &str) -> Self {
        let text = user_agent.as_bytes();
        let text = &text[..text.len().min(USER_AGENT_BYTES_MAX)];
        let ends = |b: &u8| *b == b'/' || b.is_ascii_whitespace();
        let product = text.split(ends).next().unwrap_or(text).to_ascii_lowercase();
        match product.as_slice() {
            b"libcurl-agent" | b"swupdate" => Self::Swupdate,
            b"rauc-hawkbit-c-agent" | b"rauc-hawkbit-updater" => Self::Rauc,
            b"zephyr" => Self::Zephyr,
            _ => Self::Generic,
        }
    }

    /// The stable name: `swupdate`, `rauc`, `zephyr`, `generic`, `native`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Swupdate => "swupdate",
            Self::Rauc => "rauc",
            Self::Zephyr => "zephyr",
            Self::Generic => "generic",
            Self::Native => "native",
        }
    }

    /// Whether it asks over hawkBit's interface, as all but Mainstay's own do.
    #[must_use]
    pub fn speaks_hawkbit(self) -> bool {
        self != Self::Native
    }

    /// What it is called on a page.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Swupdate => "SWUpdate",
            Self::Rauc => "RAUC",
            Self::Zephyr => "Zephyr",
            Self::Generic => "another hawkBit client",
            Self::Native => "Mainstay",
        }
    }

    /// The kind of module that it installs: Zephyr's client takes `bApp` alone (subsys/mgmt/hawkbit), the others don't mind.
    #[must_use]
    pub fn part(self) -> &'static str {
        match self {
            Self::Zephyr => "bApp",
            Self::Swupdate | Self::Rauc | Self::Generic | Self::Native => "os",
        }
    }

    /// Longest path of a link to a file, in characters, from the first slash after the host.
    ///
    /// Zephyr's client copies it into a buffer of 200. One that doesn't say its name may be Zephyr's.
    #[must_use]
    pub fn href_chars_max(self) -> usize {
        match self {
            Self::Zephyr | Self::Generic => ZEPHYR_PATH_CHARS_MAX,
            Self::Swupdate | Self::Rauc | Self::Native => PATH_CHARS_MAX,
        }
    }

    /// What it asks for of a file: SWUpdate's delta handler asks for several ranges at once (handlers/delta_handler.c), the others
    /// go on where they stopped.
    #[must_use]
    pub fn ranges(self) -> Ranges {
        match self {
            Self::Swupdate => Ranges::Several,
            Self::Rauc | Self::Zephyr | Self::Generic | Self::Native => Ranges::One,
        }
    }

    /// Whether it goes on when a report of its progress is refused.
    ///
    /// SWUpdate doesn't: seen with Debian's 2022.12, it begins with "Installing Update Chunk Artifacts.", and whatever is answered but
    /// success, it installs nothing and says the same at its next poll, for ever. RAUC's updater tries some times and goes on. Of the others nobody knows.
    #[must_use]
    pub fn bears_refused_reports(self) -> bool {
        matches!(self, Self::Rauc | Self::Native)
    }

    /// Whether no image is installed without a signature that the client checks: RAUC knows no unsigned bundle. SWUpdate and MCUboot
    /// check one if they were built to, which nobody sees from here.
    #[must_use]
    pub fn always_checks_a_signature(self) -> bool {
        self == Self::Rauc
    }
}

impl fmt::Display for ClientProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// A word that names no client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} isn't a client: swupdate, rauc, zephyr, generic or native")]
pub struct ClientProfileError(String);

impl ClientProfileError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "fleet.client-profile"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "name the client that the device runs; generic is right for any that isn't listed"
    }
}

impl FromStr for ClientProfile {
    type Err = ClientProfileError;

    fn from_str(text: &str) -> Result<Self, ClientProfileError> {
        let named = |profile: &Self| profile.id() == text;
        let found = Self::ALL.into_iter().find(named);
        found.ok_or_else(|| ClientProfileError(text.chars().take(32).collect()))
    }
}

/// Who said which client a device runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SetBy {
    /// The device's own requests.
    Detected,
    /// People.
    People,
}

impl SetBy {
    /// The stable name: `detected` or `people`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::People => "people",
        }
    }
}

/// The client of one device, and whose word that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct DeviceClient {
    /// Which.
    pub profile: ClientProfile,
    /// Who said so.
    pub set_by: SetBy,
}

impl Default for DeviceClient {
    /// Of a device whose requests have told nothing yet: any client.
    fn default() -> Self {
        Self {
            profile: ClientProfile::Generic,
            set_by: SetBy::Detected,
        }
    }
}

impl DeviceClient {
    /// The client after a request that calls itself `detected`; `known` is what was known before, if anything.
    ///
    /// What people chose stays until people choose again. Between two requests the newer one counts, since a device may change its client; but not one that
    /// shows no client: RAUC, where it installs while it reads, names itself once and then not (src/nbd.c).
    #[must_use]
    pub fn after(known: Option<Self>, detected: ClientProfile) -> Self {
        match known {
            Some(
                chosen @ Self {
                    set_by: SetBy::People,
                    ..
                },
            ) => chosen,
            Some(seen) if detected == ClientProfile::Generic => seen,
            _ => Self {
                profile: detected,
                set_by: SetBy::Detected,
            },
        }
    }

    /// The client as people choose it. If they take that back, nothing is known until the next request tells.
    #[must_use]
    pub fn chosen(profile: Option<ClientProfile>) -> Self {
        profile.map_or_else(Self::default, |profile| Self {
            profile,
            set_by: SetBy::People,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_known_by_what_it_calls_itself() {
        use ClientProfile::{Generic, Rauc, Swupdate, Zephyr};
        let padded = format!("{}swupdate", " ".repeat(USER_AGENT_BYTES_MAX));
        let cut = "ü".repeat(USER_AGENT_BYTES_MAX + 1);
        for (user_agent, expected) in [
            ("libcurl-agent/1.0", Swupdate),
            ("SWUpdate/2026.05 suricatta", Swupdate),
            ("rauc-hawkbit-c-agent/1.0", Rauc),
            ("rauc-hawkbit-updater", Rauc),
            ("Zephyr/4.1", Zephyr),
            ("", Generic),
            ("curl/8.5.0", Generic),
            ("okhttp/4.12.0 rauc-hawkbit-c-agent/1.0", Generic),
            ("not-libcurl-agent/1.0", Generic),
            ("native", Generic),
            ("mainstay-agent/0.1", Generic),
            (&padded, Generic),
            (&cut, Generic),
        ] {
            assert_eq!(
                ClientProfile::detect(user_agent),
                expected,
                "{user_agent:?}"
            );
        }
    }

    #[test]
    fn what_each_bears() {
        use ClientProfile::{Generic, Native, Rauc, Swupdate, Zephyr};
        for (profile, part, path, ranges) in [
            (Swupdate, "os", 1024, Ranges::Several),
            (Rauc, "os", 1024, Ranges::One),
            (Zephyr, "bApp", 199, Ranges::One),
            (Generic, "os", 199, Ranges::One),
            (Native, "os", 1024, Ranges::One),
        ] {
            assert_eq!(
                profile.bears_refused_reports(),
                matches!(profile, Rauc | Native)
            );
            assert_eq!(profile.speaks_hawkbit(), profile != Native);
            assert_eq!(profile.part(), part, "{profile}");
            assert_eq!(profile.href_chars_max(), path, "{profile}");
            assert_eq!(profile.ranges(), ranges, "{profile}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        use serde::de::IntoDeserializer as _;
        use serde::de::value::{Error, StrDeserializer};
        for profile in ClientProfile::ALL {
            assert_eq!(profile.to_string().parse(), Ok(profile));
            let name: StrDeserializer<'_, Error> = profile.id().into_deserializer();
            assert_eq!(ClientProfile::deserialize(name), Ok(profile));
        }
        for set_by in [SetBy::Detected, SetBy::People] {
            let name: StrDeserializer<'_, Error> = set_by.id().into_deserializer();
            assert_eq!(SetBy::deserialize(name), Ok(set_by));
        }
        let refused = "SWUpdate".parse::<ClientProfile>().expect_err("a label");
        assert_eq!(refused.id(), "fleet.client-profile");
    }

    #[test]
    fn what_people_chose_stays() {
        use ClientProfile::{Generic, Rauc, Swupdate};
        let detected = |profile| DeviceClient {
            profile,
            set_by: SetBy::Detected,
        };
        for (known, request, expected) in [
            (None, Generic, detected(Generic)),
            (Some(detected(Generic)), Rauc, detected(Rauc)),
            (Some(detected(Rauc)), Generic, detected(Rauc)),
            (
                Some(DeviceClient::chosen(Some(Swupdate))),
                Rauc,
                DeviceClient::chosen(Some(Swupdate)),
            ),
            (Some(DeviceClient::chosen(None)), Rauc, detected(Rauc)),
        ] {
            assert_eq!(DeviceClient::after(known, request), expected);
        }
    }
}
