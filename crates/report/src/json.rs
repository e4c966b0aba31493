//! Documents as JSON: the model itself, indented.

use serde::Serialize;

use crate::error::RenderError;

/// `document` as indented JSON, with a newline at its end.
pub(crate) fn render(name: &'static str, document: &impl Serialize) -> Result<String, RenderError> {
    let text = serde_json::to_string_pretty(document).map_err(|e| RenderError {
        template: name,
        cause: e.to_string(),
    })?;
    Ok(text + "\n")
}
