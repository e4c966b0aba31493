//! `mainstay person`: let people in, one duty each.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use mainstay_access::{Duty, Email};
use mainstay_server::{SystemEntropy, admin};
use serde_json::json;

use crate::failure::Failure;
use crate::homes::HomeArgs;
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
