//! `mainstay device show`: what is declared of one device, and what it and its update client said.

use clap::Args;
use mainstay_api::{DeviceView, OrderView, OrderWord};
use mainstay_fleet::DeviceId;
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
        let (view, newest) = access.ask(|operator| async move {
            let view = operator.device(&id).await?;
            Ok((view, operator.newest_order(&id).await?))
        })?;
        let shown = Shown {
            view: &view,
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
    view: &'a DeviceView,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'a OrderView>,
}

impl Shown<'_> {
    fn text(&self) -> String {
        let lines = self.order.into_iter().flat_map(order);
        let lines: String = lines.map(|line| format!("\n  {line}")).collect();
        text(self.view) + &lines
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
fn text(view: &DeviceView) -> String {
    let device = &view.device;
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
    lines.extend(behind(view));
    lines.push(format!("  {:<12} {}", "registered", device.registered_at));
    lines.push(format!("  {:<12} {}", "last seen", seen(device)));
    lines.join("\n")
}

/// The gateway that it stands behind, or who stands behind it.
fn behind(view: &DeviceView) -> Vec<String> {
    let gateway = view.gateway.iter();
    let mut lines: Vec<_> = gateway
        .map(|gateway| format!("  {:<12} {gateway}", "gateway"))
        .collect();
    if view.children_in_all > 0 {
        let named: Vec<_> = view.children.iter().map(DeviceId::as_str).collect();
        let (all, and_more) = (view.children_in_all, unnamed(view));
        let named = named.join(", ");
        lines.push(format!(
            "  {:<12} {all} device(s): {named}{and_more}",
            "behind it"
        ));
    }
    lines
}

/// That not all who stand behind it are named, if so.
fn unnamed(view: &DeviceView) -> &'static str {
    match view.children.len() < view.children_in_all as usize {
        true => ", and more",
        false => "",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mainstay_fleet::{Device, ReleaseDigest, Running};

    use super::*;

    fn id(name: &str) -> DeviceId {
        DeviceId::new(name).expect("a good name")
    }

    fn device() -> Device {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Device {
            id: id("th-1"),
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
        }
    }

    fn view() -> DeviceView {
        DeviceView {
            device: device(),
            gateway: None,
            children: Vec::new(),
            children_in_all: 0,
        }
    }

    #[test]
    fn a_gateway_is_shown_with_its_children_and_they_with_it() {
        let child = DeviceView {
            gateway: Some(id("gw-1")),
            ..view()
        };
        let gateway = DeviceView {
            children: vec![id("th-2"), id("th-3")],
            children_in_all: 2,
            ..view()
        };
        let many = DeviceView {
            children: vec![id("th-2")],
            children_in_all: 500,
            ..view()
        };
        for (view, expected) in [
            (child, "\n  gateway      gw-1\n"),
            (gateway, "\n  behind it    2 device(s): th-2, th-3\n"),
            (many, "\n  behind it    500 device(s): th-2, and more\n"),
        ] {
            let told = text(&view);
            assert!(told.contains(expected), "{told}");
        }
        let neither = text(&view());
        assert!(!neither.contains("gateway") && !neither.contains("behind"));
    }

    #[test]
    fn all_that_is_declared_is_shown_with_its_site() {
        let view = view();
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
        assert_eq!(text(&view), expected);
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
            view: &view,
            order: Some(&order),
        };
        let order = "
  order        7: its client couldn't install 1.1.0
    1970-01-01T00:00:00Z closed/failure: no space left / bye
    1970-01-01T00:00:00Z proceeding/none";
        assert_eq!(shown.text(), format!("{expected}{order}"));
    }
}
