//! `mainstay device show`: what is declared of one device, and what it and its update client said.

use clap::Args;
use mainstay_api::{OrderView, OrderWord};
use mainstay_fleet::{Device, DeviceId};
use serde::Serialize;

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
        let (device, newest) = access.ask(|operator| async move {
            let device = operator.device(&id).await?;
            Ok((device, operator.newest_order(&id).await?))
        })?;
        let shown = Shown {
            device: &device,
            order: newest.order.as_ref(),
        };
        output.say(|| shown.text(), &shown);
        Ok(())
    }
}

/// A device, with its newest order if its update client is another one than ours.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    device: &'a Device,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'a OrderView>,
}

impl Shown<'_> {
    fn text(&self) -> String {
        let lines = self.order.into_iter().flat_map(order);
        let lines: String = lines.map(|line| format!("\n  {line}")).collect();
        text(self.device) + &lines
    }
}

/// What became of an order, and what was said of it, the newest word first.
fn order(view: &OrderView) -> Vec<String> {
    let word = |word: &OrderWord| match word.details.is_empty() {
        true => format!("  {} {}", word.at, word.word),
        false => format!("  {} {}: {}", word.at, word.word, word.details.join(" / ")),
    };
    let mut lines = vec![format!("order        {}", view.sentence)];
    lines.extend(view.log.iter().map(word));
    lines
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
        let said = |word: &str, details: &[&str]| OrderWord {
            at: Timestamp::UNIX_EPOCH,
            word: word.to_owned(),
            details: details.iter().map(|line| (*line).to_owned()).collect(),
        };
        let order = OrderView {
            order: 7,
            version: "1.1.0".to_owned(),
            opened_at: Timestamp::UNIX_EPOCH,
            sentence: "7: its client couldn't install 1.1.0".to_owned(),
            log: vec![
                said("closed/failure", &["no space left", "bye"]),
                said("proceeding/none", &[]),
            ],
        };
        let shown = Shown {
            device: &device,
            order: Some(&order),
        };
        let order = "
  order        7: its client couldn't install 1.1.0
    1970-01-01T00:00:00Z closed/failure: no space left / bye
    1970-01-01T00:00:00Z proceeding/none";
        assert_eq!(shown.text(), format!("{expected}{order}"));
    }
}
