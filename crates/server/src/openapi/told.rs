//! What the document tells of a place: the form of its rows. Read [`Told`].

use schemars::{JsonSchema, Schema, SchemaGenerator};

/// How the schema of a type is made.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// The schema of `T`.
pub(super) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// One method at one place.
#[derive(Clone, Copy)]
pub(super) struct Told {
    /// The method.
    pub method: &'static str,
    /// The path, as the table of places has it.
    pub path: &'static str,
    /// What it is called by tools that make code of the document.
    pub name: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What else is to know; empty if nothing is.
    pub more: &'static str,
    /// What may stand behind the question mark.
    pub words: &'static [Word],
    /// What the request carries.
    pub body: Option<Body>,
    /// What comes back if all is well, by status.
    pub answers: &'static [(u16, Answer)],
    /// The ids of the problems that this place gives of its own, by status. `area.*` stands for all ids of an area, where a whole crate
    /// of the domain decides. What every place gives is added by `document.rs`.
    pub refusals: &'static [(u16, &'static [&'static str])],
}

/// What a row is filled up from.
pub(super) const NOTHING: Told = Told {
    method: "",
    path: "",
    name: "",
    summary: "",
    more: "",
    words: &[],
    body: None,
    answers: &[],
    refusals: &[],
};

/// One parameter behind the question mark.
#[derive(Clone, Copy)]
pub(super) struct Word {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub what: &'static str,
    /// Whether it must be there.
    pub is_required: bool,
    /// What may stand there.
    pub kind: WordKind,
}

/// What may stand in a parameter.
#[derive(Clone, Copy)]
pub(super) enum WordKind {
    /// Text of at most so many characters.
    Text(usize),
    /// A whole number in these bounds.
    Number(u64, u64),
    /// One of a type's words.
    Of(Shape),
}

/// What a request carries.
#[derive(Clone, Copy)]
pub(super) enum Body {
    /// JSON of this shape; at most [`crate::body::JSON_BYTES_MAX`].
    Json(Shape),
    /// Bytes of a media type: what they are, and how many at most.
    Bytes(&'static str, &'static str, u64),
}

/// What an answer carries.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// JSON of this shape.
    Json(Shape),
    /// Text of a media type.
    Text(&'static str),
    /// Bytes of a media type.
    Bytes(&'static str),
    /// Nothing.
    Empty,
}
