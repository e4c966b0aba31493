//! The verbs, one file each. This file only names them.

mod artifact;
mod bundle;
mod demo;
mod device;
mod hold;
mod incident;
mod key;
mod levels;
mod mirror;
mod person;
mod plan;
mod publish;
mod release;
mod revoke;
mod rollout;
mod root;
mod schedule;
mod serve;
mod server;
mod store;
mod verify_envelope;
mod version;
mod webhook;
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
    /// Make signing keys, look at them, and see what they signed.
    #[command(subcommand)]
    Key(key::Key),
    /// Make the root of trust that devices hold.
    #[command(subcommand)]
    Root(root::Root),
    /// Pack, sign, approve, verify and inspect artifacts.
    #[command(subcommand)]
    Artifact(artifact::Artifact),
    /// Withdraw releases and keys for good, with keys that are kept offline.
    Revoke(Box<revoke::Revoke>),
    /// Say when, and to how large a share, a class may install a release.
    #[command(subcommand)]
    Schedule(schedule::Schedule),
    /// Put all that a device needs into one file, for installing with no network.
    #[command(subcommand)]
    Bundle(bundle::Bundle),
    /// Give a device's verdict on a release: the pre-install hook of other updaters.
    VerifyEnvelope(Box<verify_envelope::VerifyEnvelope>),
    /// Prepare a server's data folder, keep a backup of it, and make it anew from that.
    #[command(subcommand)]
    Server(server::Server),
    /// Let people in: one person, one duty.
    #[command(subcommand)]
    Person(person::Person),
    /// Run the server.
    Serve(serve::Serve),
    /// Work with a server's database as a whole: bring it up to date, check it, copy it to another kind of database.
    #[command(subcommand)]
    Store(store::Store),
    /// Keep a folder or a bucket elsewhere in step with the payloads that devices may fetch.
    Mirror(Box<mirror::Mirror>),
    /// Register and list devices.
    Device(device::Device),
    /// Hand in, approve and list releases.
    Release(release::Release),
    /// Start, watch and halt rollouts.
    Rollout(rollout::Rollout),
    /// Stop a release now, as one person; let it go again, as two.
    Hold(hold::Hold),
    /// Read what was halted, write what was learnt, and close it. Incidents open themselves.
    Incident(incident::Incident),
    /// See how releases stand against the plan's goals: by release, by class, by cohort.
    Levels(levels::Levels),
    /// Have other programs told by HTTP what happens, and see what they took.
    #[command(subcommand)]
    Webhook(webhook::Webhook),
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
            Self::Revoke(verb) => verb.run(output),
            Self::Schedule(verb) => verb.run(output),
            Self::Bundle(verb) => verb.run(output),
            Self::VerifyEnvelope(verb) => verb.run(output),
            Self::Server(verb) => verb.run(output),
            Self::Person(verb) => verb.run(output),
            Self::Serve(verb) => verb.run(output),
            Self::Store(verb) => verb.run(output),
            Self::Mirror(verb) => verb.run(output),
            Self::Device(verb) => verb.run(output),
            Self::Release(verb) => verb.run(output),
            Self::Rollout(verb) => verb.run(output),
            Self::Hold(verb) => verb.run(output),
            Self::Incident(verb) => verb.run(output),
            Self::Levels(verb) => verb.run(output),
            Self::Webhook(verb) => verb.run(output),
            Self::Why(verb) => verb.run(output),
            Self::Version(verb) => verb.run(output),
        }
    }
}
