//! `mainstay device`: register and list devices, and simulate one.

mod signals;
mod simulate;

use clap::{Args, Subcommand};
use mainstay_api::{NewDevice, NewDevices};
use mainstay_fleet::{Device as FleetDevice, DeviceId, Site};

use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// Register and list devices, and simulate one.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mainstay device list --token-file kim.token")]
pub struct Device {
    #[command(flatten)]
    access: ServerAccess,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Register a device, and print its token: this once, on standard output. For operations.
    #[command(
        after_help = "Example:\n  mainstay device add th-0001 --class thermo-v2 --hardware C \\\n    --zone America/Denver --token-file kim.token > th-0001.token"
    )]
    Add(Add),
    /// List all devices, with what they said they run.
    #[command(after_help = "Example:\n  mainstay device list --json --token-file kim.token")]
    List,
    /// Run one virtual device, and let its power be cut, its flash fill up, its network and clock break: from
    /// the prompt (`help` lists the words) or by signals (USR1 cuts the power, USR2 the network).
    ///
    /// It is the real device core with a simulated flash, in real time. What it is seen to do goes to standard
    /// output, a line each.
    #[command(
        after_help = "Example:\n  mainstay device simulate th-0001 --device-token th-0001.token --plan plan.toml \\\n    --class thermo-v2 --root root.cbor --artifact 1.0.0.mainstay --flash th-0001.flash"
    )]
    Simulate(simulate::Simulate),
}

/// One device.
#[derive(Debug, Args)]
struct Add {
    /// Its name: letters, digits, dots, dashes and underscores.
    id: String,
    /// Its class, one of the plan's.
    #[arg(long)]
    class: String,
    /// Its hardware revision, one of the class's.
    #[arg(long)]
    hardware: String,
    /// Its IANA time zone, such as America/Denver: updates come in its own night.
    #[arg(long)]
    zone: String,
    /// Its boot loader's version.
    #[arg(long, default_value = "1.0.0")]
    bootloader: String,
    /// Where it stands, if it shares a site with others: with `unit = "site"` in the plan they count once.
    #[arg(long)]
    site: Option<String>,
}

impl Device {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self.what {
            What::Add(new) => add(new, &self.access, output),
            What::List => list(&self.access, output),
            What::Simulate(device) => device.run(&self.access, output),
        }
    }
}

fn add(new: Add, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let device = NewDevice {
        id: DeviceId::new(&new.id)?,
        class: new.class,
        hardware: new.hardware,
        zone: new.zone,
        bootloader: new.bootloader,
        site: new.site.map(Site::new).transpose()?,
    };
    let request = NewDevices {
        devices: vec![device],
    };
    let registered = access.ask(|operator| async move { operator.register(&request).await })?;
    for device in &registered.devices {
        output.note(|| {
            format!(
                "{} is registered. Its token is shown this once; give it to the device.",
                device.id
            )
        });
        output.say(|| device.token.clone(), device);
    }
    Ok(())
}

fn list(access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let devices = access.ask(|operator| async move { operator.devices().await })?;
    output.list(&devices, "no device is registered yet", line);
    Ok(())
}

fn line(device: &FleetDevice) -> String {
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
    let FleetDevice {
        id,
        class,
        hardware,
        zone,
        ..
    } = device;
    format!("{id:<16} {class} {hardware}  {zone:<20} {runs}; last seen {seen}")
}
