//! The command `mainstay`: firmware maintenance as code.
//!
//! One file per verb; each has a `run` that reads as a sentence. What can go wrong ends as a
//! [`failure::Failure`]: an id, what is wrong, and what to do, with exit code 2 for bad usage or bad
//! input and 1 for a refusal. Nothing here decides anything: rules live with their nouns.

mod draft;
mod failure;
mod far;
mod files;
mod homes;
mod moment;
mod operator;
mod output;
mod paper;
mod passphrase;
mod signing;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use crate::output::Output;

/// Firmware maintenance as code: one plan file, from the build to the boot slot.
#[derive(Debug, Parser)]
#[command(
    name = "mainstay",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
struct CommandLine {
    /// Print one JSON value a line instead of sentences.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: verbs::Verb,
}

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let output = Output::new(line.json);
    match line.verb.run(&output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}
