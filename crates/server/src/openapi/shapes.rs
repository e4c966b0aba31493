//! The shapes of what goes to and fro, derived from their types. Read [`Shapes`].

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::told::Shape;

/// Where the document keeps them.
const DEFINITIONS: &str = "/components/schemas";

/// Makes shapes, and collects those that have a name. What is read may leave out what has a default; what is written has all that it
/// doesn't skip: so there are two of them, for the types of either.
pub(super) struct Shapes {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Shapes {
    /// None so far.
    pub(super) fn new() -> Self {
        let settings = || {
            let settings = SchemaSettings::draft2020_12();
            settings.with(|settings| settings.definitions_path = DEFINITIONS.into())
        };
        Self {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().into_generator(),
        }
    }

    /// Of what the server reads.
    pub(super) fn read(&mut self, shape: Shape) -> Value {
        shape(&mut self.read).into()
    }

    /// Of what the server writes.
    pub(super) fn written(&mut self, shape: Shape) -> Value {
        shape(&mut self.written).into()
    }

    /// All that have a name.
    ///
    /// # Panics
    /// If one name stands for two shapes.
    pub(super) fn named(mut self) -> Map<String, Value> {
        let mut named = self.read.take_definitions(true);
        for (name, shape) in self.written.take_definitions(true) {
            let other = named.insert(name.clone(), shape.clone());
            let is_one = other.is_none_or(|other| other == shape);
            assert!(is_one, "{name} is read in one shape and written in another");
        }
        named.values_mut().for_each(plain);
        named
    }
}

/// Makes all descriptions such as people read.
fn plain(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get_mut("description") {
                *text = without_links(text);
            }
            members.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

/// Takes the links of Rust's documentation out, and its line breaks: [`Shapes`] is `Shapes` here, wherever it leads.
fn without_links(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ").replace("[`", "`");
    let mut parts = text.split("`]");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push('`');
        let target = part.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        plain.push_str(target.map_or(part, |(_, after)| after));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_become_names() {
        for (text, expected) in [
            ("A name.", "A name."),
            ("At most [`MANY`].", "At most `MANY`."),
            ("Not a\n[`Thing`](crate::Thing): no", "Not a `Thing`: no"),
            ("[`A`] and [`B`](x) (both)", "`A` and `B` (both)"),
            ("`a[0]` (so)", "`a[0]` (so)"),
        ] {
            assert_eq!(without_links(text), expected);
        }
    }
}
