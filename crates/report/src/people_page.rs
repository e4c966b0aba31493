//! Who can sign in, and whom somebody has invited.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::door::{Notice, SetupLinkRow};
use crate::error::RenderError;
use crate::frame::Frame;
use crate::page;

/// The page of the people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeoplePage {
    /// What stands around it.
    pub frame: Frame,
    /// What came of the form that was sent.
    pub notice: Option<Notice>,
    /// The link that was made just now: shown this once.
    pub new_link: Option<String>,
    /// The accounts, by address.
    pub accounts: Vec<AccountRow>,
    /// The links that weren't used, the newest first.
    pub links: Vec<SetupLinkRow>,
    /// The ids of all roles.
    pub roles: Vec<String>,
    /// Whether who looks may invite people.
    pub may_invite: bool,
    /// What this browser's forms carry.
    pub form_token: String,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// Whose it is.
    pub email: String,
    /// The id of the role.
    pub role: String,
    /// Since when it exists.
    pub since: Timestamp,
    /// Whether it asks for codes.
    pub has_second_factor: bool,
    /// When it was closed.
    pub closed: Option<Timestamp>,
}

impl PeoplePage {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("people_page.html", self)
    }
}
