//! `mainstay person`: let people in, one duty or role each.

use std::ffi::OsString;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use mainstay_access::{Duty, Email, Role};
use mainstay_server::settings::Settings;
use mainstay_server::sign_in::setup;
use mainstay_server::{Clock as _, SystemClock, SystemEntropy, admin};
use serde_json::json;

use crate::failure::Failure;
use crate::homes::{HomeArgs, folder_of};
use crate::operator::runtime;
use crate::output::Output;

/// Let people in: one person, one duty.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  mainstay person add --data data sam@northwind.example --duty release-manager"
)]
pub enum Person {
    /// Give a person a duty, and print their token: this once, on standard output. The server may run meanwhile.
    #[command(
        after_help = "Example:\n  (umask 077; mainstay person add --data data sam@northwind.example \\\n    --duty release-manager > sam.token)"
    )]
    Add(Add),
    /// Make a setup link, with which somebody chooses a password for the server's pages: this once, on standard output.
    #[command(
        after_help = "Example:\n  mainstay person link --data data kim@northwind.example --role operations \\\n    \
                            --public-url https://updates.northwind.example"
    )]
    Link(Link),
}

/// Who may sign in, and as what.
#[derive(Debug, Args)]
pub struct Link {
    #[command(flatten)]
    homes: HomeArgs,
    /// The person's address; it keeps its role for good.
    email: String,
    /// The role: one of the three duties, or one that only looks and helps.
    #[arg(long, value_parser = PossibleValuesParser::new(Role::ALL.map(Role::id)))]
    role: String,
    /// How people reach the server; else as the server's settings say, or the address that it listens on.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

/// Who may do what.
#[derive(Debug, Args)]
pub struct Add {
    #[command(flatten)]
    homes: HomeArgs,
    /// The person's address, as in the plan and on their key.
    email: String,
    /// The one duty: engineers hand releases in, release managers approve, operations roll out.
    #[arg(long, value_parser = PossibleValuesParser::new(Duty::ALL.map(Duty::id)))]
    duty: String,
}

impl Person {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(output),
            Self::Link(link) => link.run(output),
        }
    }
}

impl Add {
    fn run(&self, output: &Output) -> Result<(), Failure> {
        let email = Email::new(&self.email)?;
        let duty = Duty::from_id(&self.duty).expect("the parser lets no other duty through");
        let folder = self.homes.folder()?;
        let token = runtime()?.block_on(async {
            let store = folder.open_store().await?;
            let added = admin::add_person(store.get(), &SystemEntropy, email.clone(), duty).await;
            store.close().await;
            added.map_err(Failure::from)
        })?;
        output.note(|| {
            format!("{email} has the duty {duty}. The token is shown this once; keep it secret.")
        });
        let value = json!({ "email": email, "duty": duty, "token": token.reveal() });
        output.say(|| token.reveal(), &value);
        Ok(())
    }
}

impl Link {
    fn run(&self, output: &Output) -> Result<(), Failure> {
        let email = Email::new(&self.email)?;
        let role = Role::from_id(&self.role).expect("the parser lets no other role through");
        let public_url = self.public_url.clone().map(OsString::from);
        let said = public_url.map(|url| ("public_url", url));
        let settings = self.homes.settled(said)?;
        let base = base(&settings);
        let folder = folder_of(settings);
        let secret = runtime()?.block_on(async {
            let store = folder.open_store().await?;
            let (known, now) = (store.get(), SystemClock.now());
            let made = setup::on_the_machine(known, &SystemEntropy, email.clone(), role, now).await;
            store.close().await;
            made.map_err(Failure::from)
        })?;
        output.note(|| {
            format!(
                "Whoever opens this within an hour chooses the password of {email}, who has the role {role}. It is shown this \
                 once; hand it over where nobody else reads it."
            )
        });
        let link = setup::url(&base, &secret);
        let value = json!({ "email": email, "role": role, "link": link });
        output.say(|| link.clone(), &value);
        Ok(())
    }
}

/// What the link begins with.
fn base(settings: &Settings) -> String {
    let told = settings.public_url.as_ref().map(ToString::to_string);
    told.unwrap_or_else(|| format!("http://{}", settings.listen))
}
