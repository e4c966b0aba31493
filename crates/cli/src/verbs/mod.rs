//! The verbs, one file each. This file only names them.

mod artifact;
mod demo;
mod device;
mod key;
mod person;
mod plan;
mod release;
mod rollout;
mod root;
mod serve;
mod server;
mod version;
mod why;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::Output;

/// What `mainstay` can be asked to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// See a good release reach a fleet and a bad one stopped, on this machine, in about a minute.
    Demo(demo::Demo),
    /// Write and check a maintenance plan.
    #[command(subcommand)]
    Plan(plan::Plan),
    /// Make signing keys.
    #[command(subcommand)]
    Key(key::Key),
    /// Make the root of trust that devices hold.
    #[command(subcommand)]
    Root(root::Root),
    /// Pack, sign, approve, verify and inspect artifacts.
    #[command(subcommand)]
    Artifact(artifact::Artifact),
    /// Prepare a server's data folder.
    #[command(subcommand)]
    Server(server::Server),
    /// Let people in: one person, one duty.
    #[command(subcommand)]
    Person(person::Person),
    /// Run the server.
    Serve(serve::Serve),
    /// Register and list devices.
    Device(device::Device),
    /// Hand in, approve and list releases.
    Release(release::Release),
    /// Start, watch and halt rollouts.
    Rollout(rollout::Rollout),
    /// Ask why a device isn't updating, a release waits, or a rollout stands still.
    Why(why::Why),
    /// Say which release this is, and whose cryptography it uses.
    Version(version::Version),
}

impl Verb {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Demo(verb) => verb.run(output),
            Self::Plan(verb) => verb.run(output),
            Self::Key(verb) => verb.run(output),
            Self::Root(verb) => verb.run(output),
            Self::Artifact(verb) => verb.run(output),
            Self::Server(verb) => verb.run(output),
            Self::Person(verb) => verb.run(output),
            Self::Serve(verb) => verb.run(output),
            Self::Device(verb) => verb.run(output),
            Self::Release(verb) => verb.run(output),
            Self::Rollout(verb) => verb.run(output),
            Self::Why(verb) => verb.run(output),
            Self::Version(verb) => verb.run(output),
        }
    }
}
