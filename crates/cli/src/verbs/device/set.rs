//! `mainstay device set`: declares a device anew. What isn't named stays as it was.

use std::collections::BTreeMap;

use clap::Args;
use mainstay_api::{DeviceChange, DeviceView};
use mainstay_fleet::{AttributeName, DeviceId, Site};

use super::{attributes, twice};
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
    /// It shares its site with no other any more.
    #[arg(long, conflicts_with = "site")]
    no_site: bool,
    /// The gateway that it stands behind: another device, which may ask in its name from now on. docs/device-identity.md tells more.
    #[arg(long, value_name = "DEVICE")]
    gateway: Option<String>,
    /// It stands behind no gateway any more: from the next request on none may ask in its name.
    #[arg(long, conflicts_with = "gateway")]
    no_gateway: bool,
    /// An attribute that is added, or has another value; repeat it for each.
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
    /// An attribute that is taken away; repeat it for each.
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,
}

impl Set {
    /// Does it.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let id = DeviceId::new(&self.id)?;
        let site = self.site.map(Site::new).transpose()?;
        let gateway = self.gateway.map(DeviceId::new).transpose()?;
        let change = DeviceChange {
            hardware: self.hardware,
            zone: self.zone,
            bootloader: self.bootloader,
            site: match self.no_site {
                true => Some(None),
                false => site.map(Some),
            },
            gateway: match self.no_gateway {
                true => Some(None),
                false => gateway.map(Some),
            },
            attributes: changed(attributes(&self.attributes)?, &self.without)?,
        };
        let view = access.ask(|operator| async move { operator.restate(&id, &change).await })?;
        output.say(|| line(&view), &view);
        Ok(())
    }
}

/// As in a list, with the gateway that it stands behind.
fn line(view: &DeviceView) -> String {
    let line = super::list::line(&view.device);
    match &view.gateway {
        None => line,
        Some(gateway) => format!("{line}; behind the gateway {gateway}"),
    }
}

/// The attributes that are `set`, and those that are taken away; each name once.
fn changed(
    set: BTreeMap<String, String>,
    without: &[String],
) -> Result<BTreeMap<String, Option<String>>, Failure> {
    let set = set.into_iter();
    let mut changed: BTreeMap<_, _> = set.map(|(name, value)| (name, Some(value))).collect();
    for name in without {
        let name = AttributeName::new(name)?;
        if changed.insert(name.to_string(), None).is_some() {
            return Err(twice(&name));
        }
    }
    Ok(changed)
}
