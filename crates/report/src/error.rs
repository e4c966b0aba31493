//! Why a page could not be rendered.

/// A template and its model don't fit together: a defect of this crate, never of the input.
#[derive(Debug, thiserror::Error)]
#[error("report.render: {template} could not be rendered: {cause}; please report this as a defect")]
pub struct RenderError {
    /// The template or document.
    pub template: &'static str,
    /// What the renderer said.
    pub cause: String,
}

impl RenderError {
    /// The stable id of this error.
    pub const ID: &'static str = "report.render";
}
