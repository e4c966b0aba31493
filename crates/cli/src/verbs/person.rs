//! `mainstay person`: let people in, one duty each.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use mainstay_access::{Duty, Email};
use mainstay_server::{DataDir, SystemEntropy, admin};
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
