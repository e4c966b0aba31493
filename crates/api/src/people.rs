//! People at the server: who can sign in, and whom somebody has invited. Only people who are signed in themselves send and get these.

use core::fmt;

use jiff::Timestamp;
use mainstay_access::password::PASSWORD_CHARS_MAX;
use mainstay_access::{Email, LinkEffect, Role};
use mainstay_fleet::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountView {
    /// Whose it is.
    pub email: Email,
    /// What they may do; it never changes.
    pub role: Role,
    /// Since when it exists.
    #[schemars(with = "Moment")]
    pub since: Timestamp,
    /// Whether it asks for codes of an app.
    pub has_second_factor: bool,
    /// When it was closed, for good.
    #[schemars(with = "Option<Moment>")]
    pub closed: Option<Timestamp>,
}

/// Whom somebody invites, or lets in again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSetupLink {
    /// Their address.
    pub email: Email,
    /// The role of their account.
    pub role: Role,
    /// The password of whoever invites them, once more.
    pub password: TypedPassword,
}

/// What takes the password of whoever asks for it once more: closing an account, and vouching for a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnceMore {
    /// That password.
    pub password: TypedPassword,
}

/// A password as somebody typed it. It prints itself as stars.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("maxLength" = PASSWORD_CHARS_MAX, "writeOnly" = true))]
pub struct TypedPassword(pub String);

impl fmt::Debug for TypedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedPassword(***)")
    }
}

/// A setup link that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MadeSetupLink {
    /// The link.
    #[serde(flatten)]
    pub view: SetupLinkView,
    /// Where it leads, with its secret: shown this once.
    pub url: String,
}

/// A setup link that wasn't used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetupLinkView {
    /// How it is named: the hash of its secret, in hexadecimal.
    pub id: String,
    /// For whom.
    pub email: Option<Email>,
    /// The role that its account gets.
    pub role: Role,
    /// When it was made.
    #[schemars(with = "Moment")]
    pub made: Timestamp,
    /// From when on it doesn't work.
    #[schemars(with = "Moment")]
    pub expires: Timestamp,
    /// Who made it, and so has seen its secret and could open it; none on the server's own machine.
    pub maker: Option<Email>,
    /// The second person behind it.
    pub vouched_by: Option<Email>,
    /// What it does as things stand.
    pub effect: LinkEffect,
    /// Whether it opens nothing before somebody vouches for it.
    pub waits_for_second_person: bool,
}
