//! `mainstay device show`: what is declared of one device, and what it said itself.

use clap::Args;
use mainstay_fleet::{Device, DeviceId};

use super::list::{runs, seen};
use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// Which.
#[derive(Debug, Args)]
pub struct Show {
    /// Its name.
    id: String,
}

impl Show {
    /// Does it.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let id = DeviceId::new(&self.id)?;
        let device = access.ask(|operator| async move { operator.device(&id).await })?;
        output.say(|| text(&device), &device);
        Ok(())
    }
}

/// All that is known of it, a fact a line; its site stands among the attributes.
fn text(device: &Device) -> String {
    let declared = [
        ("class", device.class.as_str()),
        ("hardware", &device.hardware),
        ("time zone", &device.zone),
        ("boot loader", &device.bootloader),
    ];
    let attributes = device.attributes.iter();
    let attributes = attributes.map(|(name, value)| (name.as_str(), value.as_str()));
    let facts = declared.into_iter().chain(attributes);
    let facts = facts.map(|(name, value)| format!("  {name:<12} {value}"));
    let mut lines = vec![format!("{} {}", device.id, runs(device))];
    lines.extend(facts);
    lines.push(format!("  {:<12} {}", "registered", device.registered_at));
    lines.push(format!("  {:<12} {}", "last seen", seen(device)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mainstay_fleet::{ReleaseDigest, Running};

    use super::*;

    #[test]
    fn all_that_is_declared_is_shown_with_its_site() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let device = Device {
            id: DeviceId::new("th-1").expect("a good name"),
            class: "thermo-v2".to_owned(),
            hardware: "B".to_owned(),
            zone: "America/Denver".to_owned(),
            bootloader: "1.4.2".to_owned(),
            registered_at: Timestamp::UNIX_EPOCH,
            last_seen: None,
            running: Some(Running {
                release: ReleaseDigest([1; 32]),
                version: "1.0.0".to_owned(),
                sequence: 1,
                verified: true,
                last_resort: false,
                since: Timestamp::UNIX_EPOCH,
            }),
            attributes: [pair("floor", "3"), pair("site", "store-7")].into(),
        };
        let expected = "\
th-1 runs 1.0.0, verified
  class        thermo-v2
  hardware     B
  time zone    America/Denver
  boot loader  1.4.2
  floor        3
  site         store-7
  registered   1970-01-01T00:00:00Z
  last seen    never";
        assert_eq!(text(&device), expected);
    }
}
