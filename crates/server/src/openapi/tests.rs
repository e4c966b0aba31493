//! That the document leaves nothing out and makes nothing up. That it is the one on file, a story tells (`tests/it/openapi.rs`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::{document, places, text};
use crate::places::of_the_api;

#[test]
fn every_place_has_its_row_and_every_row_its_place() {
    let places: BTreeSet<_> = of_the_api()
        .iter()
        .flat_map(|place| {
            place
                .methods
                .iter()
                .map(|(method, _)| (*method, place.path))
        })
        .collect();
    let rows: Vec<_> = places::all().map(|told| (told.method, told.path)).collect();
    let told: BTreeSet<_> = rows.iter().copied().collect();
    assert_eq!(places, told);
    assert_eq!(rows.len(), told.len(), "two rows are about one place");
}

#[test]
fn names_are_given_once() {
    let names: Vec<_> = places::all().map(|told| told.name).collect();
    let once: BTreeSet<_> = names.iter().collect();
    assert_eq!(names.len(), once.len(), "{names:?}");
    assert!(names.iter().all(|name| !name.is_empty()));
}

/// Every variable part of a path is told of, and every reference leads somewhere.
#[test]
fn nothing_in_it_hangs_loose() {
    let document = document::document();
    let mut parts = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let in_path = |parameter: &&Value| parameter["in"] == "path";
            let parameters = operation["parameters"].as_array();
            let told = parameters.into_iter().flatten().filter(in_path).count();
            assert_eq!(told, path.matches('{').count(), "{method} {path}");
            parts += told;
            assert!(operation["responses"].as_object().unwrap().len() > 2);
        }
    }
    assert!(parts > 20, "{parts}");
    let mut references = 0;
    each(&document, &mut |reference| {
        let pointer = reference.strip_prefix('#').expect("they are all within");
        assert!(document.pointer(pointer).is_some(), "{reference}");
        references += 1;
    });
    assert!(references > 100, "{references}");
}

fn each(value: &Value, seen: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                seen(reference);
            }
            members.values().for_each(|member| each(member, seen));
        }
        Value::Array(items) => items.iter().for_each(|item| each(item, seen)),
        _ => {}
    }
}

/// What people read in it is theirs, not Rust's.
#[test]
fn descriptions_are_for_people() {
    let text = text();
    for sign in ["[`", "`]", "crate::", "# Errors"] {
        assert!(!text.contains(sign), "{sign}");
    }
}
