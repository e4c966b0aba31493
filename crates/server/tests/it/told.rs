//! What the document of the operator API tells of refusals, which every refusal of every story is compared with. Read [`check`].

use std::sync::OnceLock;

use serde_json::Value;

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(&mainstay_server::openapi::text()).unwrap())
}

/// Whether the path is one of this place.
fn is_at(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let fits = |(part, given): (&&str, &&str)| part.starts_with('{') || part == given;
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

/// Whether an answer of an operation tells of this id.
fn tells(operation: &Value, status: u16, id: &str) -> bool {
    let mut answer = &operation["responses"][status.to_string()];
    if let Some(elsewhere) = answer["$ref"].as_str() {
        answer = document().pointer(&elsewhere[1..]).unwrap();
    }
    let schema =
        &answer["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["id"];
    let among = |schema: &Value| {
        let listed = schema["enum"].as_array().into_iter().flatten();
        let begins = schema["pattern"]
            .as_str()
            .map(|pattern| pattern[1..].replace('\\', ""));
        listed.into_iter().any(|known| known == id)
            || begins.is_some_and(|begin| id.starts_with(&begin))
    };
    among(schema) || schema["anyOf"].as_array().into_iter().flatten().any(among)
}

/// That a refusal of the operator API is one that the document tells of at its place. Which method was used isn't known any more: one of
/// the place's must have it.
pub fn check(path: &str, status: u16, id: &str) {
    let Some(path) = path.strip_prefix("/api/v1") else {
        return;
    };
    if ["request.no-such-place", "request.wrong-method"].contains(&id) {
        return;
    }
    let places = document()["paths"].as_object().unwrap();
    let place = places.iter().find(|(template, _)| is_at(template, path));
    let (template, operations) = place.unwrap_or_else(|| panic!("{path} isn't in the document"));
    let mut methods = operations.as_object().unwrap().values();
    assert!(
        methods.any(|operation| tells(operation, status, id)),
        "{template} answers {status} {id}, which the document doesn't tell of"
    );
}
