//! Which update client a device runs, and how sure one can be of it. Read [`ClientFacts`].

use mainstay_fleet::{Assurance, ClientProfile, DeviceClient, SetBy};
use serde::{Deserialize, Serialize};

use crate::fact::Tone;

/// What rows and pages tell of a device's client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientFacts {
    /// The client, as people call it: "SWUpdate".
    pub name: String,
    /// Whose word that is: "detected", "set by people"; empty of a device that speaks Mainstay's own protocol.
    pub set_by: String,
    /// Who, beside the server, would notice firmware that nobody approved.
    pub assurance: Assurance,
    /// The same in a few words: "trusts the server alone".
    pub label: String,
    /// What that means, in one sentence.
    pub meaning: String,
    /// How it stands.
    pub tone: Tone,
}

impl ClientFacts {
    /// Of a device that speaks Mainstay's own protocol.
    #[must_use]
    pub fn native() -> Self {
        Self::told(ClientProfile::Native, String::new(), false)
    }

    /// Of a device with `client`; `checks_signature` is what the plan says of its class (`client_checks`).
    #[must_use]
    pub fn of(client: DeviceClient, checks_signature: bool) -> Self {
        let set_by = match client.set_by {
            SetBy::Detected => "detected",
            SetBy::People => "set by people",
        };
        Self::told(client.profile, set_by.to_owned(), checks_signature)
    }

    fn told(profile: ClientProfile, set_by: String, checks_signature: bool) -> Self {
        let assurance = Assurance::of(profile, checks_signature);
        Self {
            name: profile.label().to_owned(),
            set_by,
            assurance,
            label: assurance.label().to_owned(),
            meaning: assurance.sentence().to_owned(),
            tone: match assurance {
                Assurance::DeviceChecked => Tone::Good,
                Assurance::ClientSignature => Tone::Plain,
                Assurance::ServerOnly => Tone::Attention,
            },
        }
    }
}
