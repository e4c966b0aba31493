//! What comes back: what is told of a place, and what every place may answer. Read [`answers`].

use std::collections::{BTreeMap, BTreeSet};

use mainstay_api::Problem;
use mainstay_api::problem::PROBLEM_MEDIA_TYPE;
use serde_json::{Map, Value, json};

use super::shapes::Shapes;
use super::told::{Answer, Body, Told, of};
use crate::places::Whom;

type Ids = BTreeMap<u16, BTreeSet<&'static str>>;

/// The ids for whoever shows nothing that this server knows.
const NOBODY: &[&str] = &["auth.token", "auth.code-missing"];

/// What any place may answer that has nothing to do with what it is: status, name in the document, ids.
const EVERYWHERE: &[(u16, &str, &[&str])] = &[
    (401, "Unauthenticated", NOBODY),
    (408, "TooSlow", &["server.too-slow"]),
    (413, "TooLarge", &["request.too-large"]),
    (415, "Packed", &["request.packed"]),
    (429, "TooOften", &["flow.address"]),
    (500, "Failed", &["server.failed", "store.*"]),
    (503, "Busy", &["server.busy", "store.*"]),
];

/// All answers of a place, by status.
pub(super) fn answers(told: &Told, whom: Whom, shapes: &mut Shapes) -> Value {
    let mut all = Map::new();
    for (status, answer) in told.answers {
        all.insert(status.to_string(), success(*status, *answer, shapes));
    }
    for (status, ids) in problems(told, whom) {
        let common = EVERYWHERE.iter().find(|(known, _, same)| {
            *known == status && same.iter().copied().collect::<BTreeSet<_>>() == ids
        });
        let answer = match common {
            Some((_, name, _)) => json!({"$ref": format!("#/components/responses/{name}")}),
            None => refusal(status, &ids, shapes),
        };
        all.insert(status.to_string(), answer);
    }
    Value::Object(all)
}

/// The answers that many places share, by their names.
pub(super) fn of_everywhere(shapes: &mut Shapes) -> Value {
    let shared = EVERYWHERE.iter().map(|(status, name, ids)| {
        let ids = ids.iter().copied().collect();
        ((*name).to_owned(), refusal(*status, &ids, shapes))
    });
    Value::Object(shared.collect())
}

fn success(status: u16, answer: Answer, shapes: &mut Shapes) -> Value {
    let what = match status {
        201 => "It is made.",
        202 => "It is taken up, and goes on by itself.",
        204 => "It is done.",
        _ => "As asked.",
    };
    match answer {
        Answer::Empty => json!({"description": what}),
        Answer::Text(media_type) => json!({
            "description": what,
            "content": {media_type: {"schema": {"type": "string"}}},
        }),
        Answer::Bytes(media_type) => json!({
            "description": what,
            "content": {media_type: {"schema": {"type": "string", "format": "binary"}}},
        }),
        Answer::Json(shape) => json!({
            "description": what,
            "content": {"application/json": {"schema": shapes.written(shape)}},
        }),
    }
}

/// The ids of all problems that a place gives, by status: its own, those of whoever may not ask, and those of what it reads.
fn problems(told: &Told, whom: Whom) -> Ids {
    let mut all = Ids::new();
    let mut add = |status: u16, ids: &[&'static str]| {
        all.entry(status).or_default().extend(ids.iter().copied());
    };
    for (status, ids) in told.refusals {
        add(*status, ids);
    }
    for (status, _, ids) in EVERYWHERE
        .iter()
        .filter(|(status, ..)| ![401, 413, 415].contains(status))
    {
        add(*status, ids);
    }
    let is_asked_of_a_browser = match whom {
        Whom::Anyone | Whom::Shows(_) => None,
        Whom::May(wanted) => Some(!wanted.only_looks()),
        Whom::SignedIn | Whom::MayInPerson(_) => Some(true),
    };
    if let Some(by_form) = is_asked_of_a_browser {
        add(401, NOBODY);
        add(403, &["access.denied", "access.token-scope"]);
        if by_form {
            add(403, &["sign-in.other-site", "sign-in.form"]);
        }
    }
    if matches!(whom, Whom::SignedIn | Whom::MayInPerson(_)) {
        add(403, &["access.token-scope-people"]);
    }
    if told.path.contains('{') {
        add(404, &["request.not-found", "request.no-such-place"]);
    }
    if told.method != "GET" {
        // Somebody else may have changed it, or taken it away, between reading and writing.
        add(409, &["store.conflict"]);
        add(404, &["store.not-found"]);
    }
    if told.method == "POST" && told.path != "/releases" {
        add(400, &["idempotency.key"]);
        add(409, &["idempotency.*"]);
        add(413, &["request.too-large"]);
        add(415, &["request.packed"]);
        add(400, &["request.cut-short"]);
        add(422, &["idempotency.other-request"]);
    }
    if let Some(body) = told.body {
        add(413, &["request.too-large"]);
        add(415, &["request.packed"]);
        add(400, &["request.cut-short"]);
        if matches!(body, Body::Json(_)) {
            add(400, &["request.malformed"]);
        }
    }
    all
}

fn refusal(status: u16, ids: &BTreeSet<&'static str>, shapes: &mut Shapes) -> Value {
    let listed: Vec<_> = ids.iter().map(|id| format!("`{id}`")).collect();
    let schema = json!({"allOf": [
        shapes.written(of::<Problem>),
        {"properties": {"status": {"const": status}, "id": which(ids)}},
    ]});
    let mut refusal = json!({
        "description": format!("Refused: {}.", listed.join(", ")),
        "content": {PROBLEM_MEDIA_TYPE: {"schema": schema}},
    });
    let header = match status {
        401 => ("WWW-Authenticate", "`Bearer`.", json!({"type": "string"})),
        503 => retry_after(),
        // Where people guess, the answer itself says when.
        429 if ids.iter().all(|id| id.starts_with("flow.")) => retry_after(),
        _ => return refusal,
    };
    let (name, what, schema) = header;
    refusal["headers"] = json!({name: {"description": what, "required": true, "schema": schema}});
    refusal
}

fn retry_after() -> (&'static str, &'static str, Value) {
    let what = "When to ask again, in seconds.";
    ("Retry-After", what, json!({"type": "integer"}))
}

/// The schema of an id that is one of these.
fn which(ids: &BTreeSet<&'static str>) -> Value {
    let (areas, whole): (Vec<&str>, Vec<&str>) =
        ids.iter().copied().partition(|id| id.ends_with('*'));
    let areas = areas.into_iter().map(|area| {
        let begin = area.trim_end_matches('*').replace('.', "\\.");
        json!({"pattern": format!("^{begin}")})
    });
    let mut any: Vec<Value> = areas.collect();
    if !whole.is_empty() {
        any.push(json!({"enum": whole}));
    }
    match any.len() {
        1 => any.remove(0),
        _ => json!({"anyOf": any}),
    }
}
