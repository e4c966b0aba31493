//! `mainstay device code`: the codes by which devices join that have no token yet.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use mainstay_api::{JoinCodeView, NewJoinCode};
use mainstay_fleet::{DeviceId, Site};

use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// Make, list, revoke.
#[derive(Debug, Args)]
pub struct Code {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a code, and print it: this once, on standard output. Bring it to the device.
    ///
    /// What it declares holds, whatever its devices say; what it leaves open, each says of itself.
    #[command(
        after_help = "Examples:\n  mainstay device code make --class thermo-v2 --device th-0007 --token-file kim.token > th-0007.code\n  \
                      mainstay device code make --class thermo-v2 --hardware C --zone America/Denver --uses 500 --days 2 \\\n    \
                      --token-file kim.token > today.code"
    )]
    Make(Make),
    /// List the newest codes: for what they are, who made them, how many devices joined.
    #[command(after_help = "Example:\n  mainstay device code list --token-file kim.token")]
    List,
    /// Let no more devices join with a code. Those that did stay.
    #[command(
        after_help = "Example:\n  mainstay device code revoke 1a2b3c4d5e6f7081 --token-file kim.token"
    )]
    Revoke {
        /// Its name, as `device code list` and the timelines of devices have it, or its whole id.
        name: String,
    },
}

/// For which devices.
#[derive(Debug, Args)]
struct Make {
    /// The class of its devices, one of the plan's.
    #[arg(long)]
    class: String,
    /// The one device that it is for. Without, whoever has it chooses a name that isn't taken.
    #[arg(long, value_name = "NAME", conflicts_with = "uses")]
    device: Option<String>,
    /// Their hardware revision, one of the class's.
    #[arg(long)]
    hardware: Option<String>,
    /// Their IANA time zone, such as America/Denver.
    #[arg(long)]
    zone: Option<String>,
    /// Their boot loader's version, as three numbers.
    #[arg(long, value_name = "VERSION")]
    bootloader: Option<String>,
    /// Where they stand, if they share a site.
    #[arg(long)]
    site: Option<String>,
    /// The gateway that they stand behind: a device that may ask in their names.
    #[arg(long, value_name = "DEVICE")]
    gateway: Option<String>,
    /// How many devices may join with it.
    #[arg(long, default_value_t = 1)]
    uses: u32,
    /// For how many days it works.
    #[arg(long, default_value_t = 7)]
    days: u32,
}

impl Code {
    /// Does it.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        match self.what {
            What::Make(make) => make.run(access, output),
            What::List => list(access, output),
            What::Revoke { name } => revoke(&name, access, output),
        }
    }
}

impl Make {
    fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let wish = NewJoinCode {
            class: self.class,
            device: self.device.map(DeviceId::new).transpose()?,
            hardware: self.hardware,
            zone: self.zone,
            bootloader: self.bootloader,
            site: self.site.map(Site::new).transpose()?,
            gateway: self.gateway.map(DeviceId::new).transpose()?,
            uses: self.uses,
            days: self.days,
        };
        let made = access.ask(|operator| async move { operator.make_join_code(&wish).await })?;
        output.note(|| {
            let JoinCodeView {
                name,
                uses,
                expires,
                ..
            } = &made.view;
            format!(
                "The code {name} is for {uses} device(s), until {}. It is shown this once.",
                day(*expires)
            )
        });
        output.say(|| made.code.clone(), &made);
        Ok(())
    }
}

fn list(access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let codes = access.ask(|operator| async move { operator.join_codes().await })?;
    output.list(&codes, "there are no codes", line);
    Ok(())
}

/// The server knows codes by their ids; people by the beginning of those.
fn revoke(name: &str, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let codes = access.ask(|operator| async move { operator.join_codes().await })?;
    let id = codes
        .into_iter()
        .find(|code| code.name == name || code.id == name)
        .map(|code| code.id);
    let id = id.ok_or_else(|| {
        let what = format!("there is no code {name}");
        Failure::refusal(
            "code.unknown",
            what,
            "list what there is: `mainstay device code list`",
        )
    })?;
    let code = access.ask(|operator| async move { operator.revoke_join_code(&id).await })?;
    output.say(|| line(&code), &code);
    Ok(())
}

fn line(code: &JoinCodeView) -> String {
    let JoinCodeView {
        name,
        class,
        used,
        uses,
        maker,
        ..
    } = code;
    let facts = [
        code.device.as_ref(),
        code.hardware.as_ref(),
        code.zone.as_ref(),
        code.bootloader.as_ref(),
        code.site.as_ref(),
    ];
    let gateway = code.gateway.as_ref();
    let gateway = gateway.map_or_else(String::new, |gateway| format!(" behind {gateway}"));
    let facts: String = facts
        .into_iter()
        .flatten()
        .map(|fact| format!(" {fact}"))
        .collect();
    let until = match code.revoked {
        Some(at) => format!("revoked {}", day(at)),
        None => format!("until {}", day(code.expires)),
    };
    format!("{name}  {class}{facts}{gateway}: {used} of {uses} joined, {until}, made by {maker}")
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
