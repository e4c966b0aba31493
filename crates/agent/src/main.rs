//! `mainstay-agent run|status|install|check`. Ends with 0, 1 if it was refused or something is wrong, 2 for bad
//! usage or a bad configuration, 3 while an update is under way, 4 if no agent has said anything.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mainstay_agent::agent::Agent;
use mainstay_agent::config::{self, Settings};
use mainstay_agent::fault::Fault;
use mainstay_agent::install::{self, Installed};
use mainstay_agent::log::{self, Level};
use mainstay_agent::{check, daemon, factory, status};

/// Keeps this device's firmware up to date, and booting.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration.
    #[arg(long, global = true, default_value = "/etc/mainstay/agent.toml")]
    config: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run, for ever.
    Run,
    /// Say what the running agent does.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Install a bundle from a file.
    Install {
        /// The bundle; with --factory, the artifact of what runs already.
        file: PathBuf,
        /// Note this release as what runs.
        #[arg(long)]
        factory: bool,
    },
    /// Check the configuration, and whether all that it names can be used.
    Check,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = match config::load(&arguments.config) {
        Ok(settings) => settings,
        Err(findings) => {
            for finding in findings {
                log::line(Level::Error, finding);
            }
            return ExitCode::from(2);
        }
    };
    match act(&arguments.verb, settings) {
        Ok(code) => ExitCode::from(code),
        Err(fault) => {
            log::line(Level::Error, fault);
            ExitCode::from(1)
        }
    }
}

fn act(verb: &Verb, settings: Settings) -> Result<u8, Fault> {
    match verb {
        Verb::Run => daemon::run(Agent::start(settings)?).map(|never| match never {}),
        Verb::Status { json } => say_status(&settings, *json),
        Verb::Install {
            file,
            factory: true,
        } => {
            factory::adopt(&settings, file)?;
            println!("noted: this release runs and is kept");
            Ok(0)
        }
        Verb::Install { file, .. } => match install::bundle(&mut Agent::start(settings)?, file)? {
            Installed::Ready => {
                println!("installed: restart the device to try it");
                Ok(0)
            }
            Installed::Refused(why) => {
                println!("refused: {why}");
                Ok(1)
            }
        },
        Verb::Check => {
            let findings = check::findings(&settings);
            for fault in &findings {
                println!("{fault}");
            }
            println!("{} findings", findings.len());
            Ok(u8::from(!findings.is_empty()))
        }
    }
}

fn say_status(settings: &Settings, json: bool) -> Result<u8, Fault> {
    let Some(status) = status::read(&settings.run)? else {
        println!("no agent has said anything since the device started");
        return Ok(4);
    };
    match json {
        true => println!(
            "{}",
            serde_json::to_string_pretty(&status).unwrap_or_default()
        ),
        false => println!("{}", status.sentences()),
    }
    Ok(status.exit_code())
}
