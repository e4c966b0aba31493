//! Where people sign in: first the password, then the code of their app.

use serde::{Deserialize, Serialize};

use crate::door::{Notice, ProviderLink};
use crate::error::RenderError;
use crate::frame::Frame;
use crate::page;

/// The page that asks for address and password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInPage {
    /// What stands around it.
    pub frame: Frame,
    /// Why nobody was let in just now.
    pub notice: Option<Notice>,
    /// The address that was typed before; may be empty.
    pub email: String,
    /// Where on this server to go on.
    pub next: String,
    /// The provider by which people sign in, if they do.
    pub provider: Option<ProviderLink>,
    /// Whether anybody signs in with a password.
    pub asks_for_passwords: bool,
}

/// The page that asks for a code, of somebody whose password was right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodePage {
    /// What stands around it.
    pub frame: Frame,
    /// Why the code wasn't taken.
    pub notice: Option<Notice>,
    /// Whose code it is.
    pub email: String,
    /// Where on this server to go on.
    pub next: String,
    /// What this browser's forms carry.
    pub form_token: String,
}

impl SignInPage {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("sign_in_page.html", self)
    }
}

impl CodePage {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("code_page.html", self)
    }
}
