//! `mainstay device`: register, import, list and show devices, declare them anew, and simulate one.

mod ask_attributes;
mod certificate;
mod client;
mod code;
mod import;
mod list;
mod quit_order;
mod set;
mod show;
mod signals;
mod simulate;
mod token;
mod welcome;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mainstay_api::{GivenToken, NewDevice, NewDevices};
use mainstay_fleet::{AttributeName, ControllerId, DeviceId, Site};

use crate::failure::Failure;
use crate::files;
use crate::operator::ServerAccess;
use crate::output::Output;

/// Register, import, list and show devices, declare them anew, and simulate one.
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
        after_help = "Example:\n  mainstay device add th-0001 --class thermo-v2 --hardware C \\\n    --zone America/Denver --bootloader 1.4.0 --token-file kim.token > th-0001.token"
    )]
    Add(Add),
    /// Declare a device anew: its boot loader was renewed, or it moved. For operations.
    ///
    /// What isn't named stays. A rollout under way keeps the waves that it drew.
    #[command(
        after_help = "Examples:\n  mainstay device set th-0001 --bootloader 1.4.0 --token-file kim.token\n  mainstay device set th-0001 --gateway gw-1 --token-file kim.token"
    )]
    Set(set::Set),
    /// Import a fleet that is elsewhere: from a table (CSV), or from a hawkBit server. For operations.
    ///
    /// Nothing is imported as long as anything is wrong with any device. It may be run again: what is there already is left as it is, and what
    /// isn't said of a device stays.
    #[command(
        after_help = "Examples:\n  mainstay device import --csv fleet.csv --dry-run --token-file kim.token\n  \
                      mainstay device import --hawkbit https://hawkbit.example --hawkbit-user admin --hawkbit-password-file pw \\\n    \
                      --class gateway --hardware B --zone Europe/Berlin --bootloader 1.0.0 --from hardware=attribute.hw_rev \\\n    \
                      --token-file kim.token\n\ndocs/moving-from-hawkbit.md goes the whole way."
    )]
    Import(import::Import),
    /// Make codes by which devices join that have no token yet (elsewhere: enrolment); list them, take them back. Making is for operations.
    #[command(
        after_help = "Example:\n  mainstay device code make --class thermo-v2 --hardware C --zone America/Denver \\\n    --token-file kim.token > join.code\n\ndocs/device-identity.md goes the whole way."
    )]
    Code(code::Code),
    /// Welcome devices that nobody registered and that show a certificate: make welcomes, list them, take them back. Making is for operations.
    #[command(
        after_help = "Example:\n  mainstay device welcome make --class thermo-v2 --hardware C --zone Europe/Berlin --bootloader 1.4.0 \\\n    --uses 500 --days 2 --token-file kim.token\n\ndocs/device-identity.md goes the whole way."
    )]
    Welcome(welcome::Welcome),
    /// Let a device's certificate let nobody in any more, or list those that don't. Revoking is for operations.
    #[command(
        after_help = "Example:\n  mainstay device certificate revoke th-0001.pem --why \"it was stolen\" --token-file kim.token"
    )]
    Certificate(certificate::Certificate),
    /// Give a device another token in place of the one that it has, and print it: this once, on standard output. For operations.
    ///
    /// The old one opens nothing from the next request on, at every server. Certificates are revoked by `device certificate revoke --device`.
    #[command(
        after_help = "Example:\n  mainstay device token gw-1 --why \"it was stolen\" --token-file kim.token > gw-1.token\n\ndocs/device-identity.md tells what else to do."
    )]
    Token(token::Token),
    /// List devices, all or those that a query or a cohort means, with what they said they run.
    #[command(
        after_help = "Examples:\n  mainstay device list --json --token-file kim.token\n  \
                      mainstay device list --query 'hardware = \"B\" and not running = 1.1.0' --token-file kim.token\n\n\
                      docs/reference/fleet-query.md has the fields and the grammar of queries."
    )]
    List(list::List),
    /// Show one device: what is declared of it, with its site and attributes, and what it said itself.
    #[command(after_help = "Example:\n  mainstay device show th-0001 --token-file kim.token")]
    Show(show::Show),
    /// Wait no more for a device's other update client: its order is given up, and what comes next has another number. For operations and support.
    ///
    /// A client that was asked to leave an order, or refused to, and says nothing more is given up by itself after the rollout's horizon. Until then nothing
    /// else reaches the device.
    #[command(
        after_help = "Example:\n  mainstay device quit-order gw-1 --why \"its flash was replaced\" --token-file kim.token"
    )]
    QuitOrder(quit_order::QuitOrder),
    /// Show which update client a device runs, or say it. Saying it is for operations.
    ///
    /// What its client bears is known by its name, which it tells in its requests. Zephyr's tells none: then people say it, or the plan names one for the
    /// whole class. What people said stays until they say otherwise.
    #[command(
        after_help = "Examples:\n  mainstay device client gw-1 --token-file kim.token\n  \
                      mainstay device client gw-1 --is zephyr --why \"its client sends no name\" --token-file kim.token"
    )]
    Client(client::Client),
    /// Ask a device with another update client for its attributes: at its next poll, and until it has answered. For operations and support.
    #[command(
        after_help = "Example:\n  mainstay device ask-attributes gw-1 --token-file kim.token"
    )]
    AskAttributes(ask_attributes::AskAttributes),
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
    /// Its boot loader's version, as three numbers: it decides which releases may come.
    #[arg(long, value_name = "VERSION")]
    bootloader: String,
    /// What its update client calls it, if that is SWUpdate, RAUC's updater, Zephyr's, or another for hawkBit: its serial number, say.
    #[arg(long, value_name = "ID")]
    controller: Option<String>,
    /// The file with the token that its client has already, from another server. Without, one is drawn and printed.
    #[arg(long, value_name = "FILE", requires = "controller")]
    device_token: Option<PathBuf>,
    /// Where it stands, if it shares a site with others: with `unit = "site"` in the plan they count once.
    #[arg(long)]
    site: Option<String>,
    /// The gateway that it stands behind: another device, which may ask in its name. docs/device-identity.md tells more.
    #[arg(long, value_name = "DEVICE")]
    gateway: Option<String>,
    /// Whatever else is to be known of it, to be asked for in queries; repeat it for each.
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
}

impl Device {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self.what {
            What::Add(new) => add(new, &self.access, output),
            What::Set(set) => set.run(&self.access, output),
            What::Import(import) => import.run(&self.access, output),
            What::Code(code) => code.run(&self.access, output),
            What::Welcome(welcome) => welcome.run(&self.access, output),
            What::Certificate(certificate) => certificate.run(&self.access, output),
            What::Token(token) => token.run(&self.access, output),
            What::List(list) => list.run(&self.access, output),
            What::Show(show) => show.run(&self.access, output),
            What::QuitOrder(quit) => quit.run(&self.access, output),
            What::Client(client) => client.run(&self.access, output),
            What::AskAttributes(ask) => ask.run(&self.access, output),
            What::Simulate(device) => device.run(&self.access, output),
        }
    }
}

fn add(new: Add, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let token = new.device_token.as_deref().map(given_token).transpose()?;
    let has_one = token.is_some();
    let device = NewDevice {
        id: DeviceId::new(&new.id)?,
        class: new.class,
        hardware: new.hardware,
        zone: new.zone,
        bootloader: new.bootloader,
        controller: new
            .controller
            .as_deref()
            .map(ControllerId::parse)
            .transpose()?,
        token,
        site: new.site.map(Site::new).transpose()?,
        gateway: new.gateway.map(DeviceId::new).transpose()?,
        attributes: attributes(&new.attributes)?,
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
    if has_one {
        output.note(|| format!("{} is registered, with the token that it has.", new.id));
    }
    Ok(())
}

/// The token that a device has already, from its file: never from the command line, where others could read it.
fn given_token(file: &Path) -> Result<GivenToken, Failure> {
    let text = files::read_text(file, "token", 1024)?;
    Ok(GivenToken(text.trim().to_owned()))
}

/// What `--attribute` says, each name once.
fn attributes(pairs: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut attributes = BTreeMap::new();
    for pair in pairs {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = AttributeName::new(name)?;
        let value = name.value(value)?;
        if attributes.insert(name.to_string(), value).is_some() {
            return Err(twice(&name));
        }
    }
    Ok(attributes)
}

fn twice(name: &AttributeName) -> Failure {
    let what = format!("the attribute {name} is given twice");
    Failure::usage("fleet.attribute", what, "name it once")
}
