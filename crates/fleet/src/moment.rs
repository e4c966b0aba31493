//! How an instant looks in a JSON Schema. Read [`Moment`].

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// Stands for [`jiff::Timestamp`] where a schema is derived, and nowhere else: an instant in UTC as RFC 3339 writes it, such as
/// `2026-12-01T12:00:00Z`.
#[derive(Debug, Clone, Copy)]
pub struct Moment;

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}
