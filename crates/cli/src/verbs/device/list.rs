//! `mainstay device list`: all devices, or those that a query and a cohort mean.
//!
//! The query is read here first, so that its mistakes are shown without asking anybody; the server judges the
//! devices.

use clap::Args;
use mainstay_fleet::{Device, Query};

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
        let cohort = self.cohort.as_deref();
        let asked = |operator: mainstay_client::Operator| async move {
            operator.devices_of(query, cohort).await
        };
        let devices = access.ask(asked)?;
        output.list(&devices, self.none(), line);
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

fn line(device: &Device) -> String {
    let runs = device.running.as_ref().map_or_else(
        || "hasn't said what it runs".to_owned(),
        |running| match running.verified {
            true => format!("runs {}, verified", running.version),
            false => format!("tries {}", running.version),
        },
    );
    let seen = device
        .last_seen
        .map_or_else(|| "never".to_owned(), |at| at.to_string());
    let Device {
        id,
        class,
        hardware,
        zone,
        ..
    } = device;
    format!("{id:<16} {class} {hardware}  {zone:<20} {runs}; last seen {seen}")
}
