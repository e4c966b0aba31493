//! `mainstay store migrate`: the steps that a database's tables lack, told and taken.

use clap::Args;
use mainstay_server::homes;
use mainstay_server::settings::StorePlace;
use mainstay_store::whole::{self, Step, Steps};
use serde_json::json;

use crate::failure::Failure;
use crate::homes::HomeArgs;
use crate::operator::runtime;
use crate::output::Output;

/// Which database, and whether to change it.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    homes: HomeArgs,
    /// Only say which steps are missing.
    #[arg(long)]
    look: bool,
}

impl Migrate {
    /// Does it. The steps are told before they are taken.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let folder = self.homes.folder()?;
        let at = homes::store_at(&folder, folder.homes())?;
        let runtime = runtime()?;
        let steps = runtime.block_on(whole::missing(&at))?;
        let taken = !self.look && !steps.missing.is_empty();
        if taken {
            output.note(|| told(&steps));
            // A file has one server at a time; one that runs on it has taken all that it knows.
            let _lock = match folder.homes().store {
                StorePlace::Sqlite => Some(folder.lock()?),
                StorePlace::Postgres(_) => None,
            };
            runtime.block_on(whole::migrate(&at))?;
        }
        let value = json!({ "version": steps.version, "missing": steps.missing, "taken": taken });
        let sentence = || match taken {
            true => "All steps are taken.".to_owned(),
            false => told(&steps),
        };
        output.say(sentence, &value);
        Ok(())
    }
}

fn told(steps: &Steps) -> String {
    let from = match steps.version {
        0 => "The database is empty".to_owned(),
        version => format!("The tables have format {version}"),
    };
    if steps.missing.is_empty() {
        return format!("{from}; no step is missing.");
    }
    let lines = steps.missing.iter().map(line);
    let lines = lines.collect::<Vec<_>>().join("\n");
    format!("{from}. Missing:\n{lines}")
}

fn line(step: &Step) -> String {
    let asks = match step.min_reader {
        Some(version) if version == step.number && version > 1 => {
            "; older servers must be stopped before".to_owned()
        }
        Some(version) if version > 1 => {
            format!("; servers that don't know format {version} must be stopped before")
        }
        _ => String::new(),
    };
    format!("  {}  {}{asks}", step.number, step.title)
}
