//! A device's update client, as people see and set it, and as they have it asked for its attributes.

use mainstay_fleet::{Assurance, ClientProfile, ControllerId, DeviceClient, DeviceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::why::WHY_BYTES_MAX;

/// Which update client a device runs, and how sure one can be of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientView {
    /// The name under which it asks over hawkBit's device interface; none if it speaks Mainstay's own protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<ControllerId>,
    /// The client, and whose word that is.
    #[serde(flatten)]
    pub client: DeviceClient,
    /// Who, beside the server, would notice firmware that nobody approved.
    pub assurance: Assurance,
    /// What that means, in one sentence.
    pub meaning: String,
}

impl ClientView {
    /// Of the device that asks as `controller` with `client`; `checks_signature` is what the plan says of its class
    /// (`client_checks`).
    #[must_use]
    pub fn of(
        controller: Option<ControllerId>,
        client: DeviceClient,
        checks_signature: bool,
    ) -> Self {
        let assurance = Assurance::of(client.profile, checks_signature);
        Self {
            controller,
            client,
            assurance,
            meaning: assurance.sentence().to_owned(),
        }
    }
}

/// What people say of a device's client. They say which it is, or `null`: then its own requests tell again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["profile", "why"]))]
pub struct ClientChange {
    /// The client.
    #[serde(deserialize_with = "said")]
    pub profile: Option<ClientProfile>,
    /// How they know, in a sentence; it stands in the server's log.
    #[schemars(length(min = 1, max = WHY_BYTES_MAX))]
    pub why: String,
}

/// A device whose client is asked for its attributes at its next poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttributesAsked {
    /// Which.
    pub device: DeviceId,
    /// The name under which its client asks.
    pub controller: ControllerId,
}

/// A field that must be there, though it may say `null`: an empty request changes nothing by accident.
fn said<'de, D: serde::Deserializer<'de>>(field: D) -> Result<Option<ClientProfile>, D::Error> {
    Option::deserialize(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_in_one_level() {
        let controller = ControllerId::parse("8c:1f:64:00:0a:21").expect("a good id");
        let client = DeviceClient::chosen(Some(ClientProfile::Swupdate));
        let view = ClientView::of(Some(controller), client, true);
        let json = serde_json::to_value(&view).expect("plain");
        let meaning = Assurance::ClientSignature.sentence();
        let expected = serde_json::json!({
            "controller": "8c:1f:64:00:0a:21",
            "profile": "swupdate",
            "set_by": "people",
            "assurance": "client-signature",
            "meaning": meaning,
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<ClientView>(json).ok(), Some(view));
    }

    #[test]
    fn a_device_of_ours_has_no_other_name() {
        let client = DeviceClient::after(None, ClientProfile::Native);
        let view = ClientView::of(None, client, false);
        let json = serde_json::to_value(&view).expect("plain");
        assert!(json.get("controller").is_none());
        assert_eq!(json["assurance"], "device-checked");
        assert_eq!(json["set_by"], "detected");
    }

    #[test]
    fn a_change_says_a_client_or_that_nobody_says() {
        let read = |json: &str| serde_json::from_str::<ClientChange>(json).map(|it| it.profile);
        assert_eq!(
            read(r#"{"profile":"rauc","why":"read off the board"}"#).ok(),
            Some(Some(ClientProfile::Rauc))
        );
        let nobody = r#"{"profile":null,"why":"it names itself by now"}"#;
        assert_eq!(read(nobody).ok(), Some(None));
        for wrong in [
            r#"{"why":"read off the board"}"#,
            r#"{"profile":"rauc"}"#,
            r#"{"profile":"RAUC","why":"read off the board"}"#,
            r#"{"profile":"rauc","why":"read off the board","by":1}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
