//! `mainstay revoke`: withdraw releases and keys for good, with keys that are kept offline.
//!
//! Like a root change, the next revocations are a file that travels from holder to holder. Nothing here
//! speaks to a server. [`make`] writes the file, [`look`] says what it says and whose signature lacks.

mod look;
mod make;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use mainstay_artifact::document_file;
use mainstay_keys::HostPrimitives;
use mainstay_trust::Revocations;
use mainstay_trust::signed::SIGNED_BYTES_MAX;

use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::paper;
use crate::signing::Signing;
use crate::verbs::publish::Publish;
use crate::verbs::root::RootFile;

/// Withdraw releases and keys for good, with keys that are kept offline.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  mainstay revoke --root root.cbor --from revocations-3.cbor \\\n    --artifact thermo-1.2.0.mainstay -o revocations-4.cbor\n  mainstay revoke --root root.cbor --minimum northwind.example/production/thermo-v2/B+C=41 -o revocations-1.cbor\n  mainstay revoke sign revocations-4.cbor --key rex.key --root root.cbor"
)]
pub struct Revoke {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    make: make::Make,
}

/// What is done with revocations that were made.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Add one signature to revocations. What they say doesn't change.
    #[command(
        after_help = "Example:\n  mainstay revoke sign revocations-4.cbor --key rex.key --root root.cbor"
    )]
    Sign {
        /// The revocations; the signature is added to them.
        file: PathBuf,
        /// A private key of role revocation.
        #[arg(long)]
        key: PathBuf,
        /// The root in force.
        #[arg(long)]
        root: PathBuf,
        #[command(flatten)]
        signing: Signing,
    },
    /// Hand in signed revocations at a server, from where devices take them.
    #[command(
        after_help = "Example:\n  mainstay revoke publish revocations-4.cbor --token-file kim.token"
    )]
    Publish(Publish),
    /// Show what is withdrawn, until when that holds, who has signed, and whose signatures are missing.
    #[command(after_help = "Example:\n  mainstay revoke show revocations-4.cbor --root root.cbor")]
    Show {
        /// The revocations, signed or not.
        file: PathBuf,
        /// The root in force, to judge the signatures and name people.
        #[arg(long)]
        root: Option<PathBuf>,
    },
}

impl Revoke {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self.verb {
            None => self.make.run(output),
            Some(Verb::Sign {
                file,
                key,
                root,
                signing,
            }) => sign(&file, &key, &root, &signing, output),
            Some(Verb::Publish(verb)) => verb.revocations(output),
            Some(Verb::Show { file, root }) => look::show(&file, root.as_deref(), output),
        }
    }
}

/// Reads a file of revocations.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    files::read(path, "revocations", SIGNED_BYTES_MAX as u64)
}

fn sign(
    path: &Path,
    key: &Path,
    root_path: &Path,
    signing: &Signing,
    output: &Output,
) -> Result<(), Failure> {
    let bytes = read(path)?;
    paper::parse::<Revocations<'_>>(path, &bytes)?;
    let root = RootFile::read(root_path)?;
    let root = root.open()?;
    let signer = signing.open(key)?;
    let signed = document_file::add_role_signature::<Revocations<'_>>(
        &bytes,
        &*signer,
        root.get(),
        &HostPrimitives,
    );
    paper::replace(path, "revocations", &signed.map_err(at(path))?)?;
    look::show(path, Some(root_path), output)
}
