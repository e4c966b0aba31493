//! Whether a query holds of a device.
//!
//! Total and two-valued: what the record doesn't hold compares with nothing, so each comparison with
//! it is false, and `not` turns any answer around.

use core::cmp::Ordering;

use jiff::Timestamp;
use semver::Version;

use super::field::Field;
use super::node::{Node, Operator};
use super::value::{Value, fits};
use crate::device::Device;

/// What a record holds of one field.
enum Fact<'d> {
    Text(&'d str),
    Owned(String),
    Version(Version),
    Flag(bool),
    Moment(Timestamp),
}

impl Node {
    /// Whether it holds of `device` at `now`.
    pub fn holds(&self, device: &Device, now: Timestamp) -> bool {
        match self {
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(device, now)),
            Self::All(nodes) => nodes.iter().all(|node| node.holds(device, now)),
            Self::Not(node) => !node.holds(device, now),
            Self::Has(field) => fact(device, field).is_some(),
            Self::Compare(field, operator, value) => {
                fact(device, field).is_some_and(|fact| fact.compares(*operator, value, now))
            }
            Self::In(field, values) => fact(device, field).is_some_and(|fact| {
                let is = |value| fact.compares(Operator::Is, value, now);
                values.iter().any(is)
            }),
        }
    }
}

/// What the record of `device` holds of `field`. A version that can't be read is one that nobody knows.
fn fact<'d>(device: &'d Device, field: &Field) -> Option<Fact<'d>> {
    let running = device.running.as_ref();
    let version = |text: &str| text.parse().ok().map(Fact::Version);
    match field {
        Field::Id => Some(Fact::Text(device.id.as_str())),
        Field::Class => Some(Fact::Text(&device.class)),
        Field::Hardware => Some(Fact::Text(&device.hardware)),
        Field::Zone => Some(Fact::Text(&device.zone)),
        Field::Site => Some(Fact::Owned(device.site()?.to_string())),
        Field::Bootloader => version(&device.bootloader),
        Field::Running => version(&running?.version),
        Field::Release => Some(Fact::Owned(running?.release.to_string())),
        Field::Verified => Some(Fact::Flag(running?.verified)),
        Field::Registered => Some(Fact::Moment(device.registered_at)),
        Field::LastSeen => device.last_seen.map(Fact::Moment),
        Field::Attribute(name) => {
            let value = device.attributes.get(name.as_str())?;
            Some(Fact::Text(value))
        }
    }
}

impl Fact<'_> {
    fn compares(&self, operator: Operator, value: &Value, now: Timestamp) -> bool {
        if let (Operator::Like, Some(text), Value::Text(pattern)) = (operator, self.text(), value) {
            return fits(pattern, text);
        }
        self.order(value, now)
            .is_some_and(|order| operator.admits(order))
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Owned(text) => Some(text),
            _ => None,
        }
    }

    /// How the fact stands to `value`; nothing if they are of two kinds, which the parser lets nobody write.
    fn order(&self, value: &Value, now: Timestamp) -> Option<Ordering> {
        match (self, value) {
            (Self::Version(version), Value::Version(value)) => Some(version.cmp_precedence(value)),
            (Self::Flag(flag), Value::Flag(value)) => Some(flag.cmp(value)),
            (Self::Moment(moment), Value::Moment(value)) => Some(moment.cmp(&value.instant(now))),
            (fact, Value::Text(value)) => Some(fact.text()?.cmp(value)),
            _ => None,
        }
    }
}

impl Operator {
    /// Whether a fact that stands so to the value passes.
    fn admits(self, order: Ordering) -> bool {
        match self {
            Self::Is | Self::In => order.is_eq(),
            Self::Differs => order.is_ne(),
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Above => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Like => false,
        }
    }
}
