//! A person's own account: password, second factor, sessions, and tokens for programs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::door::{Enrolment, Notice};
use crate::error::RenderError;
use crate::frame::Frame;
use crate::page;

/// The page of one's own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPage {
    /// What stands around it.
    pub frame: Frame,
    /// What came of the form that was sent.
    pub notice: Option<Notice>,
    /// Whose account it is.
    pub email: String,
    /// The id of their role.
    pub role: String,
    /// Whether the account asks for codes.
    pub has_second_factor: bool,
    /// What this browser's forms carry.
    pub form_token: String,
    /// Fewest characters of a password.
    pub password_chars_min: u64,
    /// Where they are signed in, this browser's session first.
    pub sessions: Vec<SessionLine>,
    /// The tokens, those that are good first.
    pub tokens: Vec<TokenLine>,
    /// The secret of the token that was made just now: shown this once.
    pub new_token: Option<String>,
    /// What a token of theirs may be for.
    pub permissions: Vec<PermissionChoice>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLine {
    /// What forms call it: the hash of its secret.
    pub id: String,
    /// Whether it is this browser's.
    pub is_this: bool,
    /// Since when.
    pub since: Timestamp,
    /// When something was last asked for.
    pub seen: Timestamp,
    /// How they signed in, as a clause: "by password and code".
    pub means: String,
}

/// A token for a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenLine {
    /// What its owner calls it.
    pub name: String,
    /// The ids of what it may be used for.
    pub scope: Vec<String>,
    /// When it was made.
    pub made: Timestamp,
    /// From when on it is good for nothing.
    pub expires: Timestamp,
    /// Whether it is good now.
    pub is_good: bool,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// Something that a token may be for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionChoice {
    /// Its id: "read".
    pub id: String,
    /// The end of "may ...": "look at this".
    pub phrase: String,
}

/// The page that sets up the codes of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactorPage {
    /// What stands around it.
    pub frame: Frame,
    /// Why it isn't set up yet.
    pub notice: Option<Notice>,
    /// Whose app it is for.
    pub email: String,
    /// Whether there is one, which this one replaces.
    pub replaces: bool,
    /// What the app is to hold.
    pub enrolment: Enrolment,
    /// What this browser's forms carry.
    pub form_token: String,
}

impl AccountPage {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("account_page.html", self)
    }
}

impl SecondFactorPage {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("second_factor_page.html", self)
    }
}
