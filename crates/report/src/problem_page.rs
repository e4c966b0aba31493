//! A refusal as a page, for people who followed a link that leads nowhere.

use serde::{Deserialize, Serialize};

use crate::error::RenderError;
use crate::frame::Frame;
use crate::page;

/// A refusal, with the same words as the API's problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemPage {
    /// What stands around it.
    pub frame: Frame,
    /// The HTTP status: 404.
    pub status: u16,
    /// The stable id: "devices.unknown".
    pub id: String,
    /// What is wrong, as a clause: "No device has this id".
    pub title: String,
    /// Why.
    pub cause: String,
    /// What to do.
    pub cure: String,
}

impl ProblemPage {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("problem_page.html", self)
    }
}
