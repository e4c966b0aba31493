//! What a request says: in its path, behind the question mark, in a header, and in its body.

use serde_json::{Value, json};

use super::shapes::Shapes;
use super::told::{Body, Told, Word, WordKind};
use crate::body::JSON_BYTES_MAX;
use crate::idempotency::KEY_CHARS_MAX;
use crate::places::Whom;

/// The variable parts of paths, by what stands before them: what they name, an example, and their shape.
const PARTS: &[(&str, &str, &str, Part)] = &[
    ("devices", "The device's name.", "th-0042", Part::Text),
    (
        "releases",
        "The release's name, or its manifest's digest in hexadecimal.",
        "thermo-v2@1.1.0",
        Part::Text,
    ),
    ("rollouts", "The rollout's number.", "1", Part::Number),
    ("incidents", "The incident's id.", "INC-1", Part::Text),
    (
        "payloads",
        "The payload's SHA-256 digest, in hexadecimal.",
        "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        Part::Text,
    ),
    (
        "people",
        "The person's address.",
        "kim@northwind.example",
        Part::Text,
    ),
    (
        "webhooks",
        "The webhook's id.",
        "wh_5d41402abc4b2a76",
        Part::Text,
    ),
    (
        "setup-links",
        "The link's id: the hash of its secret, in hexadecimal.",
        "5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592",
        Part::Text,
    ),
    (
        "join-codes",
        "The code's id: the hash of its secret, in hexadecimal.",
        "7d793037a0760186574b0282f2f435e77d793037a0760186574b0282f2f435e7",
        Part::Text,
    ),
    (
        "welcomes",
        "The welcome's id.",
        "1a2b3c4d5e6f7081",
        Part::Text,
    ),
];

/// How a variable part looks.
#[derive(Clone, Copy)]
enum Part {
    Text,
    Number,
}

/// All parameters of a place.
pub(super) fn parameters(told: &Told, whom: Whom, shapes: &mut Shapes) -> Vec<Value> {
    let mut all: Vec<Value> = in_path(told.path).into_iter().collect();
    all.extend(told.words.iter().map(|word| in_query(word, shapes)));
    all.extend(form_token(told, whom));
    all.extend(key(told));
    all
}

/// No path has more than one variable part.
fn in_path(path: &'static str) -> Option<Value> {
    let mut parts = path.split('/').skip(1);
    let before = parts.next()?;
    let name = parts.next()?.strip_prefix('{')?.strip_suffix('}')?;
    let (_, what, example, part) = PARTS.iter().find(|(known, ..)| *known == before)?;
    let (schema, example) = match part {
        Part::Text => (json!({"type": "string", "minLength": 1}), json!(example)),
        Part::Number => (json!({"type": "integer", "format": "int64"}), json!(1)),
    };
    Some(json!({
        "in": "path",
        "name": name,
        "required": true,
        "description": what,
        "example": example,
        "schema": schema,
    }))
}

fn in_query(word: &Word, shapes: &mut Shapes) -> Value {
    let schema = match word.kind {
        WordKind::Text(most) => json!({"type": "string", "maxLength": most}),
        WordKind::Number(least, most) => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        WordKind::Of(shape) => shapes.read(shape),
    };
    json!({
        "in": "query",
        "name": word.name,
        "required": word.is_required,
        "description": word.what,
        "schema": schema,
    })
}

/// What a browser's session shows beside its cookie, where it must.
fn form_token(told: &Told, whom: Whom) -> Option<Value> {
    let is_needed = match whom {
        Whom::Anyone | Whom::Shows(_) => false,
        Whom::SignedIn | Whom::MayInPerson(_) => true,
        Whom::May(wanted) => !wanted.only_looks(),
    };
    let what = match told.method {
        "GET" => "What the forms of the session's pages carry.",
        _ => "What the forms of the session's pages carry; without a session it isn't looked at.",
    };
    is_needed.then(|| {
        json!({
            "in": "header",
            "name": "Mainstay-Form",
            "required": false,
            "description": what,
            "schema": {"type": "string"},
        })
    })
}

/// The key by which a request that comes twice is done once. What is handed in as a file is known by its digest.
fn key(told: &Told) -> Option<Value> {
    let is_taken = told.method == "POST" && told.path != "/releases";
    is_taken.then(|| {
        json!({
            "in": "header",
            "name": "Idempotency-Key",
            "required": false,
            "description": "A key that was drawn for this request alone: sent again with the same key within a day, it is done once and gets the same answer.",
            "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX},
        })
    })
}

/// What a request carries.
pub(super) fn body(taken: Body, shapes: &mut Shapes) -> Value {
    let (media_type, what, schema) = match taken {
        Body::Json(shape) => (
            "application/json",
            format!("At most {JSON_BYTES_MAX} bytes."),
            shapes.read(shape),
        ),
        Body::Bytes(media_type, what, most) => (
            media_type,
            format!("{what} At most {most} bytes."),
            json!({"type": "string", "format": "binary", "maxLength": most}),
        ),
    };
    json!({
        "required": true,
        "description": what,
        "content": {media_type: {"schema": schema}},
    })
}
