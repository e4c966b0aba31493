//! What isn't a success, in hawkBit's shape. Read [`DdiProblem`].

use serde::{Deserialize, Serialize};

/// Why a request was refused. No client in the field reads it; people with `curl` do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DdiProblem {
    /// What kind of refusal it is; always that of this server.
    pub exception_class: String,
    /// The stable id, such as `ddi.unknown-word`.
    pub error_code: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Where; empty unless it is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub info: String,
}

impl DdiProblem {
    /// Of a refusal's id and sentence.
    pub fn new(id: &str, message: &str) -> Self {
        Self {
            exception_class: "mainstay.Refused".to_owned(),
            error_code: id.to_owned(),
            message: message.to_owned(),
            info: String::new(),
        }
    }
}
