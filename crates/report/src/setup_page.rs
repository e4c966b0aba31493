//! What a setup link opens: its owner chooses a password, and may set up the codes of an app.

use serde::{Deserialize, Serialize};

use crate::door::{Enrolment, Notice};
use crate::error::RenderError;
use crate::frame::Frame;
use crate::page;

/// The page of a setup link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupPage {
    /// What stands around it.
    pub frame: Frame,
    /// Why the account isn't set up yet.
    pub notice: Option<Notice>,
    /// The secret of the link, which is the last part of the page's address.
    pub link: String,
    /// For whom it is; none where whoever opens it says so.
    pub email: Option<String>,
    /// The address that was typed before; may be empty.
    pub typed: String,
    /// The id of the account's role.
    pub role: String,
    /// Whether there is an account, which gets new credentials.
    pub is_back: bool,
    /// What the app is to hold; none where the app of before stays.
    pub enrolment: Option<Enrolment>,
    /// Fewest characters of a password.
    pub password_chars_min: u64,
}

impl SetupPage {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("setup_page.html", self)
    }
}
