//! `mainstay root sign`: one signature more.

use std::path::PathBuf;

use mainstay_artifact::add_root_signature;
use mainstay_keys::HostPrimitives;
use mainstay_trust::root_rules;

use super::{RootFile, show};
use crate::failure::{Failure, at};
use crate::output::Output;
use crate::paper;
use crate::signing::Signing;

/// What `root sign` takes.
#[derive(Debug, clap::Args)]
pub struct Sign {
    /// The root; the signature is added to it.
    file: PathBuf,
    /// The private key of a custodian, of this root or of the one in force.
    #[arg(long)]
    key: PathBuf,
    /// The root in force, which this one must follow.
    #[arg(long, value_name = "ROOT")]
    current: Option<PathBuf>,
    #[command(flatten)]
    signing: Signing,
}

impl Sign {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let file = RootFile::read(&self.file)?;
        let current = self.current.as_deref().map(RootFile::read).transpose()?;
        let current = current.as_ref().map(RootFile::open).transpose()?;
        let next = file.draft()?;
        // Nobody should sign what no device could follow.
        root_rules::check(&next, &HostPrimitives).map_err(at(&self.file))?;
        if let Some(current) = &current {
            root_rules::check_follows(&next, current.get()).map_err(at(&self.file))?;
        }
        let signer = self.signing.open(&self.key)?;
        let before = current.as_ref().map(mainstay_trust::Verified::get);
        let bytes = add_root_signature(&file.bytes, &*signer, before, &HostPrimitives)
            .map_err(at(&self.file))?;
        paper::replace(&self.file, "root", &bytes)?;
        show::show(&self.file, self.current.as_deref(), output)
    }
}
