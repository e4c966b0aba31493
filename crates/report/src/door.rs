//! Small parts of the pages by which people come in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who looks at a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// Their address.
    pub email: String,
    /// The id of their role.
    pub role: String,
    /// Whether they are signed in, and so have a page of their own.
    pub is_signed_in: bool,
    /// Whether they invite people or vouch for them.
    pub sees_people: bool,
    /// What the provider is called by which they may sign in anew in place of their password, if there is one.
    pub provider: Option<String>,
    /// Whether they did so just now, and need no password for a while.
    pub has_proof: bool,
}

/// The provider by which people sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderLink {
    /// What people call it.
    pub name: String,
    /// Where on this server the way to it begins, with where to go on.
    pub href: String,
}

/// What came of the form that was sent before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Whether it was refused.
    pub is_bad: bool,
    /// What is the case, as a sentence.
    pub sentence: String,
    /// What to do now; may be empty.
    pub next: String,
}

/// A secret that an app on a phone is to hold, and the server too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The secret as 32 letters and digits.
    pub secret: String,
    /// The same as an address, which the page draws as a picture for cameras.
    pub uri: String,
}

/// A link by which somebody gets an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupLinkRow {
    /// What forms call it: the hash of its secret.
    pub id: String,
    /// For whom.
    pub email: String,
    /// The id of the role that the account gets.
    pub role: String,
    /// Who made it; none on the server's own machine.
    pub maker: Option<String>,
    /// The second person behind it.
    pub vouched_by: Option<String>,
    /// What it does, as a clause: "makes an account".
    pub does: String,
    /// Whether it opens nothing before somebody vouches for it.
    pub waits: bool,
    /// Whether the account's app goes with the word of a second person.
    pub factor_goes: bool,
    /// Whether who looks may be that person.
    pub may_vouch: bool,
    /// When it stops to work.
    pub expires: Timestamp,
}
