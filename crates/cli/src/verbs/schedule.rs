//! `mainstay schedule`: when, and to how large a share of a class, a release may be installed.
//!
//! Operations signs it offline; devices of a class for which the root demands one install nothing
//! without it, whatever a server says.

mod look;
mod make;
mod share;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use mainstay_artifact::document_file;
use mainstay_keys::HostPrimitives;
use mainstay_trust::Schedule as TrustSchedule;
use mainstay_trust::signed::SIGNED_BYTES_MAX;

use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::paper;
use crate::signing::Signing;
use crate::verbs::publish::Publish;
use crate::verbs::root::RootFile;

/// Say when, and to how large a share, a class may install a release.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  mainstay schedule make thermo.schedule --artifact thermo-1.1.0.mainstay --share '10 %'"
)]
pub enum Schedule {
    /// Write a schedule for the release and the class of an artifact, unsigned.
    #[command(
        after_help = "Example:\n  mainstay schedule make thermo.schedule --artifact thermo-1.1.0.mainstay --share '10 %' \\\n    --not-before 2027-03-01T00:00Z --expires 14d"
    )]
    Make(make::Make),
    /// Add one signature to a schedule. What it says doesn't change.
    #[command(
        after_help = "Example:\n  mainstay schedule sign thermo.schedule --key kim.key --root root.cbor"
    )]
    Sign {
        /// The schedule; the signature is added to it.
        file: PathBuf,
        /// A private key of role operations.
        #[arg(long)]
        key: PathBuf,
        /// The root in force.
        #[arg(long)]
        root: PathBuf,
        #[command(flatten)]
        signing: Signing,
    },
    /// Hand in a signed schedule at a server, as operations.
    #[command(
        after_help = "Example:\n  mainstay schedule publish thermo.schedule --token-file kim.token"
    )]
    Publish(Publish),
    /// Show what a schedule says, who has signed, and whose signatures are missing.
    #[command(after_help = "Example:\n  mainstay schedule show thermo.schedule --root root.cbor")]
    Show {
        /// The schedule, signed or not.
        file: PathBuf,
        /// The root in force, to judge the signatures.
        #[arg(long)]
        root: Option<PathBuf>,
    },
}

impl Schedule {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Make(verb) => verb.run(output),
            Self::Sign {
                file,
                key,
                root,
                signing,
            } => sign(&file, &key, &root, &signing, output),
            Self::Publish(verb) => verb.schedule(output),
            Self::Show { file, root } => look::show(&file, root.as_deref(), output),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    files::read(path, "schedule", SIGNED_BYTES_MAX as u64)
}

fn sign(
    path: &Path,
    key: &Path,
    root_path: &Path,
    signing: &Signing,
    output: &Output,
) -> Result<(), Failure> {
    let bytes = read(path)?;
    paper::parse::<TrustSchedule>(path, &bytes)?;
    let root = RootFile::read(root_path)?;
    let root = root.open()?;
    let signer = signing.open(key)?;
    let signed = document_file::add_role_signature::<TrustSchedule>(
        &bytes,
        &*signer,
        root.get(),
        &HostPrimitives,
    );
    paper::replace(path, "schedule", &signed.map_err(at(path))?)?;
    look::show(path, Some(root_path), output)
}
