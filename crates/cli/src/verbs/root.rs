//! `mainstay root`: make the root of trust that devices hold, and the ones that follow it.
//!
//! A change is a file: the next root, first without signatures, which then travels from holder to
//! holder. [`change`] writes it, [`sign`] adds one signature, [`show`] says whose are missing.

mod chain;
pub mod change;
mod compare;
mod init;
mod sentences;
mod show;
mod sign;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use mainstay_artifact::document_file;
use mainstay_keys::HostPrimitives;
use mainstay_trust::signed::SIGNED_BYTES_MAX;
use mainstay_trust::{Refusal, Role, Root as TrustRoot, Verified, verify};

use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::paper::Stage;
use crate::verbs::publish::Publish;

/// Make the root of trust that devices hold, and the ones that follow it.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  mainstay root add eve.key.pub --role build --from root-1.cbor -o root-2.cbor\n  mainstay root remove ana.key.pub --from root-2.cbor\n  mainstay root sign root-2.cbor --key rae.key --current root-1.cbor"
)]
pub enum Root {
    /// Write the first root; without `--sign` it is a draft, whose signatures are collected later.
    #[command(
        after_help = "Example:\n  mainstay root init root.cbor --vendor northwind.example \\\n    --root rae.key.pub --build ana.key.pub --release sam.key.pub \\\n    --operations kim.key.pub --status status.key.pub --sign rae.key"
    )]
    Init(Box<init::Init>),
    /// Let a key play a role in the next root.
    #[command(
        after_help = "Example:\n  mainstay root add eve.key.pub --role build --from root-1.cbor -o root-2.cbor"
    )]
    Add(change::Add),
    /// Take a role from a key in the next root, or every role.
    #[command(
        after_help = "Example:\n  mainstay root remove ana.key.pub --from root-1.cbor -o root-2.cbor"
    )]
    Remove(change::Remove),
    /// Let a key sign only what is numbered up to a last number.
    #[command(
        after_help = "Example:\n  mainstay root retire ana.key.pub --after-sequence 41 --from root-1.cbor -o root-2.cbor"
    )]
    Retire(change::Retire),
    /// Refuse from the next root on whatever a key has signed or signs.
    #[command(
        after_help = "Example:\n  mainstay root revoke ana.key.pub --compromised --from root-1.cbor -o root-2.cbor"
    )]
    Revoke(change::Revoke),
    /// Void what the keys of a role said before, after a theft.
    #[command(
        after_help = "Example:\n  mainstay root raise-epoch build --from root-1.cbor -o root-2.cbor"
    )]
    RaiseEpoch(change::RaiseEpoch),
    /// Set how many different people a role takes.
    #[command(
        after_help = "Example:\n  mainstay root threshold release 2 --from root-1.cbor -o root-2.cbor"
    )]
    Threshold(change::Threshold),
    /// Let the next root last longer.
    #[command(
        after_help = "Example:\n  mainstay root extend --days 1825 --from root-1.cbor -o root-2.cbor"
    )]
    Extend(change::Extend),
    /// Add one signature to a root. What the root says doesn't change.
    #[command(
        after_help = "Example:\n  mainstay root sign root-2.cbor --key rae.key --current root-1.cbor"
    )]
    Sign(sign::Sign),
    /// Show who plays which role, who has signed, and whose signatures are missing.
    #[command(after_help = "Example:\n  mainstay root show root-2.cbor --current root-1.cbor")]
    Show(show::Show),
    /// Hand in the next root at a server, from where devices take it.
    #[command(after_help = "Example:\n  mainstay root publish root-2.cbor --token-file kim.token")]
    Publish(Publish),
    /// Say in sentences what changes from one root to another.
    #[command(after_help = "Example:\n  mainstay root diff root-1.cbor root-2.cbor")]
    Diff {
        /// The older root.
        older: PathBuf,
        /// The newer root, signed or not.
        newer: PathBuf,
    },
    /// Check that each root follows the one before it, as a device would that holds the first.
    #[command(
        after_help = "Example:\n  mainstay root verify-chain root-1.cbor root-2.cbor root-3.cbor"
    )]
    VerifyChain {
        /// The roots, oldest first; the first is the one that devices hold.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

impl Root {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Init(verb) => verb.run(output),
            Self::Add(verb) => verb.run(output),
            Self::Remove(verb) => verb.run(output),
            Self::Retire(verb) => verb.run(output),
            Self::Revoke(verb) => verb.run(output),
            Self::RaiseEpoch(verb) => verb.run(output),
            Self::Threshold(verb) => verb.run(output),
            Self::Extend(verb) => verb.run(output),
            Self::Sign(verb) => verb.run(output),
            Self::Show(verb) => verb.run(output),
            Self::Publish(verb) => verb.root(output),
            Self::Diff { older, newer } => compare::run(&older, &newer, output),
            Self::VerifyChain { files } => chain::run(&files, output),
        }
    }
}

/// The bytes of a root's file, and where they are from.
pub struct RootFile<'a> {
    path: &'a Path,
    /// Not verified yet.
    pub bytes: Vec<u8>,
}

impl<'a> RootFile<'a> {
    /// Reads the file.
    pub fn read(path: &'a Path) -> Result<Self, Failure> {
        let bytes = files::read(path, "root", SIGNED_BYTES_MAX as u64)?;
        Ok(Self { path, bytes })
    }

    /// The root, which the caller pins by naming its file.
    pub fn open(&self) -> Result<Verified<TrustRoot<'_>>, Failure> {
        self.verdict().map_err(at(self.path))
    }

    /// What the root says, whoever has signed it or not.
    pub fn draft(&self) -> Result<TrustRoot<'_>, Failure> {
        document_file::read(&self.bytes).map_err(at(self.path))
    }

    /// How far its signatures have come, by itself alone.
    pub fn stage(&self) -> Result<Stage, Failure> {
        Stage::of(&self.bytes, self.verdict()).map_err(at(self.path))
    }

    fn verdict(&self) -> Result<Verified<TrustRoot<'_>>, Refusal> {
        verify::pinned_root(&self.bytes, &HostPrimitives)
    }
}

/// Reads a role's name.
pub fn role_named(text: &str) -> Result<Role, String> {
    let named = Role::ALL.into_iter().find(|role| role.id() == text);
    named.ok_or_else(|| format!("name one of: {}", Role::ALL.map(Role::id).join(", ")))
}
