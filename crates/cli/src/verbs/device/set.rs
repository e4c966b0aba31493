//! `mainstay device set`: declares a device anew. What isn't named stays as it was.

use clap::Args;
use mainstay_api::DeviceChange;
use mainstay_fleet::{DeviceId, Site};

use super::attributes;
use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// What is declared anew.
#[derive(Debug, Args)]
pub struct Set {
    /// Its name.
    id: String,
    /// Its boot loader's version, as three numbers.
    #[arg(long, value_name = "VERSION")]
    bootloader: Option<String>,
    /// Its hardware revision, one of its class's. Its class never changes.
    #[arg(long)]
    hardware: Option<String>,
    /// Its IANA time zone, such as America/Denver.
    #[arg(long)]
    zone: Option<String>,
    /// Where it stands, if it shares a site with others.
    #[arg(long)]
    site: Option<String>,
    /// An attribute that is added, or has another value; repeat it for each.
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
}

impl Set {
    /// Does it.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let id = DeviceId::new(&self.id)?;
        let change = DeviceChange {
            hardware: self.hardware,
            zone: self.zone,
            bootloader: self.bootloader,
            site: self.site.map(Site::new).transpose()?,
            attributes: attributes(&self.attributes)?,
        };
        let device = access.ask(|operator| async move { operator.restate(&id, &change).await })?;
        output.say(|| super::list::line(&device), &device);
        Ok(())
    }
}
