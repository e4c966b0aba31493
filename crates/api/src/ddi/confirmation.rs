//! An owner's consent. SWUpdate, RAUC's updater and Zephyr know none of this. No plan asks for it, so no order of this server waits for one: there is no
//! [`ConfirmationRequest`] on its wire, only what a client says of itself. Read [`ConfirmationBase`] first.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::texts::number;
use super::{ActionHistory, ActionNumber, Deployment, Details, Link, Links};

/// Whether an owner is asked each time, and where they answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmationBase {
    auto_confirm: AutoConfirm,
    #[serde(rename = "_links")]
    links: ConfirmationLinks,
}

/// Whether an owner has said yes to all that comes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AutoConfirm {
    /// Whether they have.
    pub active: bool,
    /// Who said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator: Option<String>,
    /// In their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// When, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated_at: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmationLinks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    activate_auto_confirm: Option<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deactivate_auto_confirm: Option<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confirmation_base: Option<Link>,
}

impl ConfirmationBase {
    /// `waiting` is the address of what the owner is asked about, if there is something.
    pub fn new(auto_confirm: AutoConfirm, links: &Links, waiting: Option<Link>) -> Self {
        let active = auto_confirm.active;
        let links = ConfirmationLinks {
            activate_auto_confirm: (!active).then(|| links.activate_auto_confirm()),
            deactivate_auto_confirm: active.then(|| links.deactivate_auto_confirm()),
            confirmation_base: waiting,
        };
        Self {
            auto_confirm,
            links,
        }
    }
}

impl AutoConfirm {
    /// The owner said yes to all that comes, at `at`.
    pub fn since(request: AutoConfirmRequest, at: Timestamp) -> Self {
        Self {
            active: true,
            initiator: request.initiator,
            remark: request.remark,
            activated_at: Some(at.as_millisecond()),
        }
    }
}

/// What an owner is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmationRequest {
    /// The order's number.
    pub id: ActionNumber,
    /// What would be installed.
    pub confirmation: Deployment,
    /// What was said of it so far; only when the client asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_history: Option<ActionHistory>,
}

/// An owner's answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConfirmationFeedback {
    /// Yes or no.
    pub confirmation: Answer,
    /// A number of the client's own.
    #[serde(default, deserialize_with = "number")]
    pub code: Option<i64>,
    /// In words.
    #[serde(default)]
    pub details: Details,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Yes.
    Confirmed,
    /// No; asked again later.
    Denied,
}

/// An owner says yes to all that comes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AutoConfirmRequest {
    /// Who says so.
    #[serde(default)]
    pub initiator: Option<String>,
    /// In their words.
    #[serde(default)]
    pub remark: Option<String>,
}
