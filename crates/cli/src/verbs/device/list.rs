//! `mainstay device list`: all devices, or those that a query and a cohort mean.
//!
//! The query is read here first, so that its mistakes are shown without asking anybody; the server judges the
//! devices.

use clap::Args;
use mainstay_client::{ClientError, Operator};
use mainstay_fleet::{Device, Query, Running};

use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// Which devices; all that is given must hold of each.
#[derive(Debug, Args)]
pub struct List {
    /// A question about each device, such as `hardware = "B"`.
    #[arg(long)]
    query: Option<String>,
    /// A cohort of the plan in force.
    #[arg(long, value_name = "NAME")]
    cohort: Option<String>,
}

impl List {
    /// Does it.
    pub fn run(&self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let query = self.query.as_deref();
        query.map(Query::parse).transpose()?;
        access.ask(|operator| async move { self.list(&operator, *output).await })
    }

    /// Page after page: lines come as they are read, and a machine gets one list of all.
    async fn list(&self, operator: &Operator, output: Output) -> Result<(), ClientError> {
        let (query, cohort) = (self.query.as_deref(), self.cohort.as_deref());
        let (mut all, mut count, mut after) = (Vec::new(), 0, None);
        loop {
            let page = operator.device_page(query, cohort, after.as_ref()).await?;
            count += page.devices.len();
            match output.is_json() {
                true => all.extend(page.devices),
                false => output.lines(&page.devices, line),
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if output.is_json() || count == 0 {
            output.list(&all, self.none(), line);
        }
        Ok(())
    }

    /// What is said when the list is empty.
    fn none(&self) -> &'static str {
        match (&self.query, &self.cohort) {
            (None, None) => "no device is registered yet",
            _ => "no device is meant",
        }
    }
}

/// What it said it runs, as the end of a sentence about it.
pub(super) fn runs(device: &Device) -> String {
    device.running.as_ref().map_or_else(
        || "hasn't said what it runs".to_owned(),
        |running| match running {
            Running {
                version,
                verified: true,
                ..
            } => format!("runs {version}, verified"),
            Running {
                version,
                last_resort: true,
                ..
            } => format!("runs {version}, which was left to it"),
            running if running.is_on_trial() => format!("tries {}", running.version),
            _ => "runs nothing".to_owned(),
        },
    )
}

/// When it was last heard of.
pub(super) fn seen(device: &Device) -> String {
    let at = device.last_seen;
    at.map_or_else(|| "never".to_owned(), |at| at.to_string())
}

/// A device in one line; where it stands, if that was declared.
pub(super) fn line(device: &Device) -> String {
    let (runs, seen) = (runs(device), seen(device));
    let site = device
        .site()
        .map_or_else(String::new, |site| format!("site {site}; "));
    let Device {
        id,
        class,
        hardware,
        zone,
        bootloader,
        ..
    } = device;
    format!(
        "{id:<16} {class} {hardware}  {zone:<20} boot loader {bootloader}; {site}{runs}; last seen {seen}"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use mainstay_fleet::DeviceId;

    use super::*;

    #[test]
    fn a_line_tells_what_decides_about_updates() {
        let mut device = Device {
            id: DeviceId::new("th-1").expect("a good name"),
            class: "thermo-v2".to_owned(),
            hardware: "B".to_owned(),
            zone: "America/Denver".to_owned(),
            bootloader: "1.4.2".to_owned(),
            registered_at: Timestamp::UNIX_EPOCH,
            last_seen: None,
            running: None,
            attributes: BTreeMap::new(),
        };
        assert_eq!(
            line(&device),
            "th-1             thermo-v2 B  America/Denver       boot loader 1.4.2; hasn't said what it runs; \
             last seen never"
        );
        device.attributes = BTreeMap::from([("site".to_owned(), "store-7".to_owned())]);
        assert_eq!(
            line(&device),
            "th-1             thermo-v2 B  America/Denver       boot loader 1.4.2; site store-7; hasn't said what it \
             runs; last seen never"
        );
    }
}
