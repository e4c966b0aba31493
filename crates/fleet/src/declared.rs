//! What was declared of a device anew: from what to what. Read [`changes`].
//!
//! What a device says itself, and its name and class, are no such declaration.

use std::collections::BTreeSet;

use crate::device::Device;

/// How `after` is declared otherwise than `before`, in words, such as `hardware from B to C`;
/// nothing where both are declared alike.
#[must_use]
pub fn changes(before: &Device, after: &Device) -> Vec<String> {
    let (one, other) = (&before.attributes, &after.attributes);
    let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let fields = [
        ("hardware", &before.hardware, &after.hardware),
        ("zone", &before.zone, &after.zone),
        ("boot loader", &before.bootloader, &after.bootloader),
    ];
    let fields = fields.map(|(name, from, to)| (name, Some(from), Some(to)));
    let attributes = names
        .into_iter()
        .map(|name| (name.as_str(), one.get(name), other.get(name)));
    fields
        .into_iter()
        .chain(attributes)
        .filter(|(_, from, to)| from != to)
        .map(|(name, from, to)| format!("{name} from {} to {}", known(from), known(to)))
        .collect()
}

fn known(value: Option<&String>) -> &str {
    value.map_or("nothing", String::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::DeviceId;

    fn device() -> Device {
        Device {
            id: DeviceId::new("th-1").expect("a good name"),
            class: "thermo-v2".to_owned(),
            hardware: "B".to_owned(),
            zone: "America/Denver".to_owned(),
            bootloader: "1.0.0".to_owned(),
            registered_at: Timestamp::UNIX_EPOCH,
            last_seen: None,
            running: None,
            attributes: BTreeMap::from([("floor".to_owned(), "3".to_owned())]),
        }
    }

    fn check(change: impl FnOnce(&mut Device), expected: &[&str]) {
        let mut after = device();
        change(&mut after);
        assert_eq!(changes(&device(), &after), expected);
    }

    #[test]
    fn each_change_names_what_was_and_what_is() {
        check(|_| {}, &[]);
        check(|d| d.last_seen = Some(Timestamp::MAX), &[]);
        check(|d| d.hardware = "C".to_owned(), &["hardware from B to C"]);
        check(
            |d| {
                d.zone = "America/Phoenix".to_owned();
                d.bootloader = "1.4.0".to_owned();
            },
            &[
                "zone from America/Denver to America/Phoenix",
                "boot loader from 1.0.0 to 1.4.0",
            ],
        );
        check(
            |d| {
                d.attributes.insert("site".to_owned(), "store-7".to_owned());
                d.attributes.insert("floor".to_owned(), "4".to_owned());
            },
            &["floor from 3 to 4", "site from nothing to store-7"],
        );
        check(|d| d.attributes.clear(), &["floor from 3 to nothing"]);
    }
}
