//! `mainstay device welcome`: by which devices come in that nobody registered, and that show a certificate.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use mainstay_api::{NewWelcome, WelcomeView};
use mainstay_fleet::Site;

use super::certificate::fingerprint;
use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// Make, list, revoke.
#[derive(Debug, Args)]
pub struct Welcome {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Let devices be registered when they first ask, as long as they show a certificate of a device authority.
    ///
    /// What it declares is all that is declared of them: a certificate says a name and no more. It is brought to nobody. The server must have been told to
    /// welcome unregistered devices.
    #[command(
        after_help = "Examples:\n  mainstay device welcome make --class thermo-v2 --hardware C --zone Europe/Berlin --bootloader 1.4.0 \\\n    \
                      --prefix th- --uses 500 --days 2 --token-file kim.token\n  \
                      mainstay device welcome make --class gateway --hardware B --zone Europe/Berlin --bootloader 1.0.0 \\\n    \
                      --authority gateways-ca.pem --uses 20 --token-file kim.token"
    )]
    Make(Make),
    /// List the newest welcomes: for what they are, who made them, how many devices came.
    #[command(after_help = "Example:\n  mainstay device welcome list --token-file kim.token")]
    List,
    /// Let a welcome let no more devices in. Those that it did stay.
    #[command(
        after_help = "Example:\n  mainstay device welcome revoke 1a2b3c4d5e6f7081 --token-file kim.token"
    )]
    Revoke {
        /// Its name, as `device welcome list` and the timelines of devices have it.
        name: String,
    },
}

/// For which devices.
#[derive(Debug, Args)]
struct Make {
    /// The class of its devices, one of the plan's.
    #[arg(long)]
    class: String,
    /// Their hardware revision, one of the class's.
    #[arg(long)]
    hardware: String,
    /// Their IANA time zone, such as Europe/Berlin.
    #[arg(long)]
    zone: String,
    /// Their boot loader's version, as three numbers.
    #[arg(long, value_name = "VERSION")]
    bootloader: String,
    /// Where they stand, if they share a site.
    #[arg(long)]
    site: Option<String>,
    /// What the names in their certificates begin with. Without, any name will do.
    #[arg(long, value_name = "BEGINNING")]
    prefix: Option<String>,
    /// The device authority that vouches for them: its certificate in PEM, or its SHA-256 fingerprint. Without, any of the server's will do.
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// How many devices it lets in.
    #[arg(long, default_value_t = 1)]
    uses: u32,
    /// For how many days it works.
    #[arg(long, default_value_t = 7)]
    days: u32,
}

impl Welcome {
    /// Does it.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        match self.what {
            What::Make(make) => make.run(access, output),
            What::List => list(access, output),
            What::Revoke { name } => {
                let welcome =
                    access.ask(|operator| async move { operator.revoke_welcome(&name).await })?;
                output.say(|| line(&welcome), &welcome);
                Ok(())
            }
        }
    }
}

impl Make {
    fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let authority = self
            .authority
            .map(|file| fingerprint(&file.to_string_lossy()));
        let wish = NewWelcome {
            class: self.class,
            hardware: self.hardware,
            zone: self.zone,
            bootloader: self.bootloader,
            site: self.site.map(Site::new).transpose()?,
            prefix: self.prefix,
            authority: authority.transpose()?,
            uses: self.uses,
            days: self.days,
        };
        let made = access.ask(|operator| async move { operator.make_welcome(&wish).await })?;
        output.say(|| line(&made), &made);
        Ok(())
    }
}

fn list(access: &ServerAccess, output: &Output) -> Result<(), Failure> {
    let welcomes = access.ask(|operator| async move { operator.welcomes().await })?;
    output.list(&welcomes, "there are no welcomes", line);
    Ok(())
}

fn line(welcome: &WelcomeView) -> String {
    let WelcomeView {
        id,
        class,
        hardware,
        zone,
        bootloader,
        used,
        uses,
        maker,
        ..
    } = welcome;
    let site = welcome.site.as_ref().map(|site| format!(" {site}"));
    let prefix = welcome.prefix.as_ref();
    let prefix = prefix.map(|prefix| format!(", named {prefix}..."));
    let authority = welcome.authority.as_ref();
    let authority = authority.map(|digest| format!(", by authority {digest}"));
    let whom: String = [site, prefix, authority].into_iter().flatten().collect();
    let until = match welcome.revoked {
        Some(at) => format!("revoked {}", day(at)),
        None => format!("until {}", day(welcome.expires)),
    };
    format!(
        "{id}  {class} {hardware} {zone} {bootloader}{whom}: {used} of {uses} came, {until}, made by {maker}"
    )
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
