//! hawkBit's device protocol ("DDI v1") as JSON: what SWUpdate, RAUC's updater, Zephyr and others send and expect.
//!
//! Lenient in: unknown fields are ignored, one text does where a list is defined, numbers and truth values become texts where
//! texts are defined. Strict out: no `null`, one order of fields, numbers of orders as texts. What a client that is in the
//! field rests on is said beside the type that keeps it. Nothing here reads a byte more than it is handed, or decides.
//!
//! All paths begin with `/{tenant}/controller/v1/{controller}`; [`links`] writes them.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `GET` (nothing behind it) | | [`ControllerBase`] |
//! | `PUT configData` | [`ConfigData`] | empty |
//! | `GET deploymentBase/{number}?c=...&actionHistory=...` | | [`DeploymentBase`] |
//! | `POST deploymentBase/{number}/feedback` | [`ActionFeedback`] | empty |
//! | `GET cancelAction/{number}` | | [`CancelAction`] |
//! | `POST cancelAction/{number}/feedback` | [`ActionFeedback`] | empty |
//! | `GET installedBase/{number}?actionHistory=...` | | [`DeploymentBase`] |
//! | `PUT installedBase` | [`InstalledVersion`] | empty |
//! | `GET confirmationBase` | | [`ConfirmationBase`] |
//! | `GET confirmationBase/{number}?c=...&actionHistory=...` | | [`ConfirmationRequest`] |
//! | `POST confirmationBase/{number}/feedback` | [`ConfirmationFeedback`] | empty |
//! | `POST confirmationBase/activateAutoConfirm` | [`AutoConfirmRequest`], or nothing | empty |
//! | `POST confirmationBase/deactivateAutoConfirm` | | empty |
//! | `GET softwaremodules/{module}/artifacts` | | list of [`Artifact`] |
//! | `GET softwaremodules/{module}/artifacts/{file}` | | the bytes |
//! | `GET softwaremodules/{module}/artifacts/{file}.MD5SUM` | | [`artifact::md5sum_line`] |
//!
//! No plan asks for an owner's consent, so no order waits for one: `confirmationBase` says what the client said of itself, and is no part of a poll's answer
//! ([`Errand::Confirmation`]); `confirmationBase/{number}` is nowhere.
//!
//! What isn't a success is a [`DdiProblem`]. Read [`ControllerBase`] first.

pub mod artifact;
pub mod base;
pub mod cancel;
pub mod config_data;
pub mod confirmation;
pub mod deployment;
pub mod feedback;
pub mod links;
mod number;
pub mod problem;
mod sleep;
mod texts;

pub use artifact::{Artifact, ArtifactSize, Hashes, TooLarge};
pub use base::{BaseLinks, ControllerBase, Errand};
pub use cancel::CancelAction;
pub use config_data::{ConfigData, Mode};
pub use confirmation::{
    Answer, AutoConfirm, AutoConfirmRequest, ConfirmationBase, ConfirmationFeedback,
    ConfirmationRequest,
};
pub use deployment::{
    ActionHistory, Chunk, Deployment, DeploymentBase, Handling, InstalledVersion,
    MaintenanceWindow, Metadata, change_hash,
};
pub use feedback::{ActionFeedback, Outcome, Status};
pub use links::{Link, Links, USUAL_TENANT};
pub use mainstay_rollout::order::log::DETAILS_MAX;
pub use number::{ActionNumber, NotAnActionNumber};
pub use problem::DdiProblem;
pub use sleep::Sleep;
pub use texts::Details;

/// The longest body that is read from a device, in bytes. SWUpdate sends at most 48 lines of its log at once, some kilobytes; attributes
/// are at most 100 pairs of 128 characters, which as UTF-8 with every sign escaped are 154 kB.
pub const BODY_BYTES_MAX: usize = 192 * 1024;
