//! `mainstay why`: the reason that dashboard and report give too, in the same words.

use clap::{Args, Subcommand};
use mainstay_api::Why as Reason;

use crate::failure::Failure;
use crate::operator::{self, ServerAccess};
use crate::output::Output;

/// Ask why a device isn't updating, a release waits, or a rollout stands still.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mainstay why device th-0001 --token-file kim.token")]
pub struct Why {
    #[command(flatten)]
    access: ServerAccess,
    #[command(subcommand)]
    about: About,
}

#[derive(Debug, Subcommand)]
enum About {
    /// Why a device doesn't update.
    #[command(after_help = "Example:\n  mainstay why device th-0001 --token-file kim.token")]
    Device {
        /// The device.
        id: String,
    },
    /// Why a release goes no further.
    #[command(
        after_help = "Example:\n  mainstay why release thermo-v2@1.1.0 --token-file kim.token"
    )]
    Release {
        /// The release.
        id: String,
    },
    /// Why a rollout stands still.
    #[command(after_help = "Example:\n  mainstay why rollout 1 --token-file kim.token")]
    Rollout {
        /// Its number.
        id: i64,
    },
}

impl Why {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let (plural, id) = match self.about {
            About::Device { id } => ("devices", operator::name("device", &id)?.to_owned()),
            About::Release { id } => ("releases", operator::name("release", &id)?.to_owned()),
            About::Rollout { id } => ("rollouts", id.to_string()),
        };
        let reason = self
            .access
            .ask(|operator| async move { operator.why(plural, &id).await })?;
        output.say(|| text(&reason), &reason);
        Ok(())
    }
}

fn text(reason: &Reason) -> String {
    match &reason.next {
        None => reason.sentence.clone(),
        Some(next) => format!("{}\nNext: {next}", reason.sentence),
    }
}
