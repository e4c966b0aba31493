//! Vendor and class ids: UUIDs of version 5 (RFC 9562, section 5.5), as SUIT names devices.
//!
//! The class name carries the environment and the hardware group, so a staging image can't pass for
//! a production one, nor an image for one board for that of another. Read [`ClassName`] first. This
//! module never looks a name up anywhere; equal text gives equal ids on every machine.

use std::fmt;

/// Longest part of a class name, in bytes: the longest DNS name (RFC 1035, section 2.3.4) is 255,
/// and no product of ours needs half of it; the manifest stays far below the envelope's bound.
pub const PART_BYTES_MAX: usize = 128;

/// The full name of a group of interchangeable devices: `vendor/environment/class/hardware-group`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassName {
    vendor: String,
    environment: String,
    class: String,
    hardware: String,
}

/// Why a text isn't a class name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {part} of a device class can't be {text:?}")]
pub struct NameError {
    /// Which of the four parts.
    pub part: &'static str,
    /// What stood there.
    pub text: String,
}

impl NameError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        "artifact.class-name"
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        "Write vendor/environment/class/hardware-group, each of 1 to 128 printable ASCII \
         characters without space or slash, for example \
         northwind.example/production/thermo-v2/B+C."
    }
}

impl ClassName {
    /// A class name from its four parts.
    pub fn new(
        vendor: &str,
        environment: &str,
        class: &str,
        hardware: &str,
    ) -> Result<Self, NameError> {
        Ok(Self {
            vendor: part("vendor", vendor)?,
            environment: part("environment", environment)?,
            class: part("class", class)?,
            hardware: part("hardware group", hardware)?,
        })
    }

    /// Reads `vendor/environment/class/hardware-group`, as a plan's class writes it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match text.split('/').collect::<Vec<_>>()[..] {
            [vendor, environment, class, hardware] => {
                Self::new(vendor, environment, class, hardware)
            }
            _ => Err(NameError {
                part: "whole name",
                text: text.chars().take(200).collect(),
            }),
        }
    }

    /// The vendor's DNS domain.
    pub fn vendor(&self) -> &str {
        &self.vendor
    }

    /// `production` or `staging`, or whatever the plan calls it.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The class's own id in the plan.
    pub fn class(&self) -> &str {
        &self.class
    }

    /// The hardware revisions that share images, for example `B+C`.
    pub fn hardware(&self) -> &str {
        &self.hardware
    }

    /// The vendor id: UUIDv5 of the vendor's domain in the DNS name space.
    pub fn vendor_id(&self) -> [u8; 16] {
        vendor_id(&self.vendor)
    }

    /// The class id: UUIDv5 of the whole name in the vendor's name space.
    pub fn class_id(&self) -> [u8; 16] {
        let vendor = uuid::Uuid::from_bytes(self.vendor_id());
        uuid::Uuid::new_v5(&vendor, self.to_string().as_bytes()).into_bytes()
    }
}

impl fmt::Display for ClassName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}/{}",
            self.vendor, self.environment, self.class, self.hardware
        )
    }
}

/// The vendor id of a DNS domain: UUIDv5 in the DNS name space (RFC 9562, section 6.6).
pub fn vendor_id(domain: &str) -> [u8; 16] {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_DNS, domain.as_bytes()).into_bytes()
}

/// Text of an id, in the usual hyphenated form.
pub fn uuid_text(id: &[u8; 16]) -> String {
    uuid::Uuid::from_bytes(*id).hyphenated().to_string()
}

fn part(name: &'static str, text: &str) -> Result<String, NameError> {
    let printable = text.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
    if printable && (1..=PART_BYTES_MAX).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err(NameError {
        part: name,
        text: text.chars().take(PART_BYTES_MAX).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_other_implementations() {
        // uuid.uuid5(uuid.NAMESPACE_DNS, ...) of the Python standard library gives the same.
        let name = ClassName::parse("northwind.example/production/thermo-v2/B+C").unwrap();
        assert_eq!(
            uuid_text(&name.vendor_id()),
            "8cb7868a-71e7-5e04-918b-4d0d240f944a"
        );
        assert_eq!(
            uuid_text(&name.class_id()),
            "dfc509d7-7ed0-5df4-b722-aa8ee7c446ac"
        );
    }

    #[test]
    fn every_part_changes_the_class_id() {
        let ids: std::collections::BTreeSet<_> =
            ["v/p/c/B", "w/p/c/B", "v/s/c/B", "v/p/d/B", "v/p/c/C"]
                .map(|text| ClassName::parse(text).unwrap().class_id())
                .into();
        assert_eq!(ids.len(), 5);
    }

    #[test]
    fn names_that_could_be_confused_are_refused() {
        let long = format!("{}/p/c/B", "v".repeat(PART_BYTES_MAX + 1));
        for text in [
            "",
            "v/p/c",
            "v/p/c/B/x",
            "v//c/B",
            "v/p/c/B C",
            "v/p/c/\u{e9}",
            &long,
        ] {
            let refused = ClassName::parse(text).unwrap_err();
            assert_eq!(refused.id(), "artifact.class-name", "{text:?}");
        }
    }
}
