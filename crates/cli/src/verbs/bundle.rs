//! `mainstay bundle`: all that a device needs to install with no network, in one file.
//!
//! [`make`] writes the file and what customers check it with, [`check`] asks what a device would ask,
//! [`inspect`] says what is inside, [`statement`] collects signatures. [`openssl`] speaks to programs that aren't Mainstay.

mod check;
mod inspect;
mod make;
mod openssl;
mod statement;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use mainstay_artifact::BundleFile;

use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;

/// Put all that a device needs into one file, for installing with no network.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  mainstay bundle verify thermo-1.1.0.mainstay-bundle --root root-1.cbor"
)]
pub enum Bundle {
    /// Make a bundle of a signed and approved release, by the word of operations. Beside it come a
    /// checksum and a signature that common programs check.
    #[command(
        after_help = "Example:\n  mainstay bundle make thermo-1.1.0.mainstay-bundle --artifact thermo-1.1.0.mainstay \\\n    --root root-1.cbor --root root-2.cbor --revocations revocations-4.cbor --sign kim.key --lifetime 90d"
    )]
    Make(make::Make),
    /// Ask all that a device would ask, and say how each check ended. Exit code 1 if one fails.
    #[command(
        after_help = "Example:\n  mainstay bundle verify thermo-1.1.0.mainstay-bundle --root root-1.cbor --revocations revocations-3.cbor"
    )]
    Verify(check::Verify),
    /// Show what a bundle holds. Nothing is verified.
    #[command(after_help = "Example:\n  mainstay bundle inspect thermo-1.1.0.mainstay-bundle")]
    Inspect {
        /// The bundle.
        file: PathBuf,
    },
}

impl Bundle {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Make(verb) => verb.run(output),
            Self::Verify(verb) => verb.run(output),
            Self::Inspect { file } => inspect::run(&file, output),
        }
    }
}

/// Opens a bundle's frame and documents; the payload stays on disk.
fn open(path: &Path) -> Result<BundleFile, Failure> {
    BundleFile::read(&mut files::open(path, "bundle")?).map_err(at(path))
}
