//! How sure one can be that a device takes nothing but what was meant for it. Read [`Assurance`].

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::client::ClientProfile;

/// Who, beside the server, would notice firmware that nobody approved.
///
/// It is decided by the client that runs on the device and by what the plan says of its class ([`Assurance::of`]), and
/// is shown wherever a device is: a fleet that mixes clients isn't as safe as its best one. What each means to an attacker
/// is in `docs/reference/threat-model.md`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Assurance {
    /// The server alone: a stolen server or link installs what it likes.
    ServerOnly,
    /// The client, by a signature of its own: a stolen server can't make firmware up, but can offer an old one, or withhold all.
    ClientSignature,
    /// The device itself, by envelope, status and root: a stolen server can only be silent.
    DeviceChecked,
}

impl Assurance {
    /// All of them, the strongest first.
    pub const ALL: [Self; 3] = [Self::DeviceChecked, Self::ClientSignature, Self::ServerOnly];

    /// What a device with this client has. `class_checks_signature` is whether the plan says of its class that clients check one
    /// (`client_checks = "signature"`); the server can't see whether they do.
    #[must_use]
    pub fn of(profile: ClientProfile, class_checks_signature: bool) -> Self {
        match profile {
            ClientProfile::Native => Self::DeviceChecked,
            _ if profile.always_checks_a_signature() || class_checks_signature => {
                Self::ClientSignature
            }
            _ => Self::ServerOnly,
        }
    }

    /// The stable name: `device-checked`, `client-signature`, `server-only`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::DeviceChecked => "device-checked",
            Self::ClientSignature => "client-signature",
            Self::ServerOnly => "server-only",
        }
    }

    /// What it is called on a page, in a few words.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::DeviceChecked => "checked by the device",
            Self::ClientSignature => "signature checked by its client",
            Self::ServerOnly => "trusts the server alone",
        }
    }

    /// What it means, as one sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::DeviceChecked => {
                "The device checks approvals, version, class and freshness by keys that the server doesn't have: \
                 a stolen server can keep updates from it, and install nothing."
            }
            Self::ClientSignature => {
                "Its client checks a signature over the image by a key that the server doesn't have, but no approval and no \
                 freshness: a stolen server can offer any image that was ever signed, also an old one."
            }
            Self::ServerOnly => {
                "Nothing on the device checks where an image comes from: whoever has the server, or the link to it, installs \
                 what they like."
            }
        }
    }
}

impl fmt::Display for Assurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_hangs_on_the_client_and_on_what_the_plan_says() {
        use Assurance::{ClientSignature, DeviceChecked, ServerOnly};
        for (profile, by_itself, with_signature) in [
            (ClientProfile::Native, DeviceChecked, DeviceChecked),
            (ClientProfile::Rauc, ClientSignature, ClientSignature),
            (ClientProfile::Swupdate, ServerOnly, ClientSignature),
            (ClientProfile::Zephyr, ServerOnly, ClientSignature),
            (ClientProfile::Generic, ServerOnly, ClientSignature),
        ] {
            assert_eq!(Assurance::of(profile, false), by_itself, "{profile}");
            assert_eq!(Assurance::of(profile, true), with_signature, "{profile}");
        }
    }

    #[test]
    fn the_weakest_is_least_so_that_a_fleets_is_the_least_of_its_devices() {
        let mut sorted = Assurance::ALL;
        sorted.sort();
        assert_eq!(sorted[0], Assurance::ServerOnly);
        assert_eq!(sorted[2], Assurance::DeviceChecked);
    }

    #[test]
    fn each_has_words_of_its_own_and_one_name() {
        use serde::de::IntoDeserializer as _;
        use serde::de::value::Error;
        let mut sentences: Vec<_> = Assurance::ALL.map(Assurance::sentence).into();
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), 3);
        for assurance in Assurance::ALL {
            let name: serde::de::value::StrDeserializer<'_, Error> =
                assurance.id().into_deserializer();
            assert_eq!(Assurance::deserialize(name), Ok(assurance));
        }
    }
}
