//! A refusal or failure as the API tells it: RFC 9457, with a stable id, the cause and the cure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The media type of a problem (RFC 9457, section 3).
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong. `id` and `cure` are extension members (RFC 9457, section 3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// A URN made from the id, `urn:mainstay:problem:release.same-person`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The id in words; the same for every occurrence.
    pub title: String,
    /// The HTTP status once more.
    pub status: u16,
    /// What is wrong this time.
    pub detail: String,
    /// Stable id, `area.kebab-case`.
    pub id: String,
    /// What to do about it.
    pub cure: String,
}

impl Problem {
    /// A problem with this HTTP status, id, cause and cure.
    #[must_use]
    pub fn new(status: u16, id: &str, cause: &str, cure: &str) -> Self {
        Self {
            kind: format!("urn:mainstay:problem:{id}"),
            title: id.replace(['.', '-'], " "),
            status,
            detail: cause.to_owned(),
            id: id.to_owned(),
            cure: cure.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_members_are_those_of_the_standard() {
        let problem = Problem::new(409, "release.same-person", "Ana built it.", "Ask Sam.");
        let json = serde_json::to_value(problem).expect("text and a number");
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:mainstay:problem:release.same-person",
                "title": "release same person", "status": 409, "detail": "Ana built it.",
                "id": "release.same-person", "cure": "Ask Sam.",
            })
        );
    }
}
