//! The document, put together of the table of places and what is told of each. Read [`document`].

use mainstay_access::Role;
use serde_json::{Map, Value, json};

use super::answers::{self, answers};
use super::places;
use super::request::{body, parameters};
use super::shapes::Shapes;
use super::told::Told;
use crate::places::{Whom, of_the_api};

/// What is said before all places.
const ABOUT: &str = "What people's tools send to a Mainstay server, and what they get back. What isn't a success is a problem (RFC 9457) \
    with a stable `id`, the cause in `detail` and what to do about it in `cure`. An id that ends in `*` in the list of an answer stands for \
    every id that begins so. Devices speak other protocols, which aren't part of this document: Mainstay's own in CBOR below `/device/v1`, \
    and hawkBit's device interface below `/{tenant}/controller/v1`. Monitoring systems ask at `/metrics`, which tells what \
    `/service-levels` does, and of the server itself, in the text format of Prometheus; `/healthz` and `/readyz` are for whoever keeps the \
    server running.";

/// The operator API as an OpenAPI 3.1 document.
pub(super) fn document() -> Value {
    let mut shapes = Shapes::new();
    let mut paths = Map::new();
    for place in of_the_api() {
        let told =
            |method| places::all().find(|told| (told.method, told.path) == (method, place.path));
        let operations = place.methods.iter().filter_map(|(method, whom)| {
            let operation = operation(told(*method)?, *whom, &mut shapes);
            Some((method.to_ascii_lowercase(), operation))
        });
        paths.insert(place.path.to_owned(), Value::Object(operations.collect()));
    }
    let responses = answers::of_everywhere(&mut shapes);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Mainstay's operator API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": shapes.named(),
            "responses": responses,
            "securitySchemes": security_schemes(),
        },
    })
}

fn operation(told: &Told, whom: Whom, shapes: &mut Shapes) -> Value {
    let mut operation = Map::new();
    let tag = told.path.split(['/', '.']).nth(1).unwrap_or_default();
    operation.insert("operationId".to_owned(), told.name.into());
    operation.insert("tags".to_owned(), json!([tag]));
    operation.insert("summary".to_owned(), told.summary.into());
    let more = format!("{} {}", told.more, whom_in_words(whom));
    operation.insert("description".to_owned(), more.trim().into());
    operation.insert("x-mainstay-whom".to_owned(), whom_as_data(whom));
    operation.insert("security".to_owned(), security(whom));
    let parameters = parameters(told, whom, shapes);
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), parameters.into());
    }
    if let Some(body) = told.body.map(|taken| body(taken, shapes)) {
        operation.insert("requestBody".to_owned(), body);
    }
    operation.insert("responses".to_owned(), answers(told, whom, shapes));
    Value::Object(operation)
}

/// What somebody shows who asks for something.
fn security_schemes() -> Value {
    json!({
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A person's token, or an API token that was made for what is asked.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "mainstay",
            "description": "The session of somebody who has signed in with a browser; over HTTPS its cookie is called \
                            `__Host-mainstay`. Where something changes, and wherever only people themselves are answered, the header \
                            `Mainstay-Form` says what the forms of that session's pages carry.",
        },
    })
}

fn security(whom: Whom) -> Value {
    match whom {
        Whom::Anyone | Whom::Shows(_) => json!([]),
        Whom::May(_) => json!([{"token": []}, {"session": []}]),
        Whom::SignedIn | Whom::MayInPerson(_) => json!([{"session": []}]),
    }
}

fn roles(whom: Whom) -> Vec<&'static str> {
    let answered = |role: &Role| match whom {
        Whom::Anyone | Whom::SignedIn => true,
        Whom::May(wanted) | Whom::MayInPerson(wanted) => wanted.is_for(*role),
        Whom::Shows(_) => false,
    };
    Role::ALL
        .into_iter()
        .filter(answered)
        .map(Role::id)
        .collect()
}

fn whom_in_words(whom: Whom) -> String {
    match whom {
        Whom::Anyone => "Answers everybody.".to_owned(),
        Whom::Shows(_) => "Answers no people.".to_owned(),
        Whom::SignedIn => "Answers whoever has signed in themselves.".to_owned(),
        Whom::May(_) => format!("Answers the roles {}.", roles(whom).join(", ")),
        Whom::MayInPerson(_) => format!(
            "Answers the roles {}, and only people who have signed in themselves.",
            roles(whom).join(", ")
        ),
    }
}

fn whom_as_data(whom: Whom) -> Value {
    let permission = match whom {
        Whom::Anyone | Whom::SignedIn | Whom::Shows(_) => Value::Null,
        Whom::May(wanted) | Whom::MayInPerson(wanted) => wanted.id().into(),
    };
    json!({
        "anyone": whom == Whom::Anyone,
        "in_person": matches!(whom, Whom::SignedIn | Whom::MayInPerson(_)),
        "permission": permission,
        "roles": roles(whom),
    })
}
