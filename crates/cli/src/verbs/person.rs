//! `mainstay person`: let people in, one duty or role each.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use mainstay_access::{Duty, Email, Role};
use mainstay_server::sign_in::setup;
use mainstay_server::{Clock as _, DataDir, SystemClock, SystemEntropy, admin};
use serde_json::json;

use crate::failure::Failure;
use crate::operator::runtime;
use crate::output::Output;

/// Let people in: one person, one duty.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  mainstay person add --data data sam@northwind.example --duty release-manager"
)]
pub enum Person {
    /// Give a person a duty, and print their token: this once, on standard output.
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
    /// The server's data folder. The server may run meanwhile.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The person's address; it keeps its role for good.
    email: String,
    /// The role: one of the three duties, or one that only looks and helps.
    #[arg(long, value_parser = PossibleValuesParser::new(Role::ALL.map(Role::id)))]
    role: String,
    /// How people reach the server.
    #[arg(
        long,
        value_name = "URL",
        env = "MAINSTAY_PUBLIC_URL",
        default_value = "http://127.0.0.1:8480"
    )]
    public_url: String,
}

/// Who may do what.
#[derive(Debug, Args)]
pub struct Add {
    /// The server's data folder. The server may run meanwhile.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
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
        let folder = DataDir::at(&self.data);
        let token = runtime()?.block_on(async {
            let store = folder.store().await?;
            let added = admin::add_person(&store, &SystemEntropy, email.clone(), duty).await;
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
        let folder = DataDir::at(&self.data);
        let secret = runtime()?.block_on(async {
            let store = folder.store().await?;
            let now = SystemClock.now();
            let made =
                setup::on_the_machine(&store, &SystemEntropy, email.clone(), role, now).await;
            store.close().await;
            made.map_err(Failure::from)
        })?;
        output.note(|| {
            format!(
                "Whoever opens this within an hour chooses the password of {email}, who has the role {role}. It is shown this \
                 once; hand it over where nobody else reads it."
            )
        });
        let link = setup::url(&self.public_url, &secret);
        let value = json!({ "email": email, "role": role, "link": link });
        output.say(|| link.clone(), &value);
        Ok(())
    }
}
