//! `mainstay artifact verify`: all that a device would ask of an artifact, and every answer.

use std::path::PathBuf;

use mainstay_artifact::check::{Companions, all_passed, first_failure};
use mainstay_artifact::provenance::PROVENANCE_BYTES_MAX;
use mainstay_artifact::{Check, Outcome, Step, check};
use mainstay_keys::HostPrimitives;
use serde_json::json;

use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::verbs::root::RootFile;

/// What is verified, and against what.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The artifact.
    file: PathBuf,
    /// The root; without it nobody can say whose signatures count.
    #[arg(long)]
    root: Option<PathBuf>,
    /// The bill of materials; checked against the digest that the manifest binds.
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,
    /// The statement of provenance; checked against the manifest, the image and the root.
    #[arg(long, value_name = "FILE")]
    provenance: Option<PathBuf>,
}

impl Verify {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let checks = self.ask()?;
        let place = self.file.display().to_string();
        let lines = || checks.iter().map(text).collect::<Vec<_>>().join("\n");
        let value = json!({ "artifact": place, "checks": checks, "passed": all_passed(&checks) });
        output.say(lines, &value);
        match first_failure(&checks).map(|check| &check.outcome) {
            Some(Outcome::Failed {
                id, cause, cure, ..
            }) => Err(Failure::refusal(*id, format!("{place}: {cause}"), *cure)),
            _ => Ok(()),
        }
    }

    fn ask(&self) -> Result<Vec<Check>, Failure> {
        let root = self.root.as_deref().map(RootFile::read).transpose()?;
        let root = root.as_ref().map(RootFile::open).transpose()?;
        let read = |path| files::read(path, "provenance", PROVENANCE_BYTES_MAX as u64);
        let provenance = self.provenance.as_deref().map(read).transpose()?;
        let open = |path| files::open(path, "sbom");
        let mut sbom = self.sbom.as_deref().map(open).transpose()?;
        let companions = Companions {
            sbom: sbom.as_mut().map(|file| file as &mut dyn std::io::Read),
            provenance: provenance.as_deref(),
        };
        let mut file = files::open(&self.file, "artifact")?;
        Ok(check(&mut file, root.as_ref(), companions, &HostPrimitives))
    }
}

fn text(check: &Check) -> String {
    let step = step(check.step);
    match &check.outcome {
        Outcome::Passed => format!("passed          {step}"),
        Outcome::NotApplicable { why } => format!("not applicable  {step}: {why}"),
        Outcome::Failed {
            id,
            cause,
            expected,
            found,
            cure,
        } => format!(
            "FAILED          {step}: {id}: {cause}\n\
             {:16}expected  {expected}\n{:16}found     {found}\n{:16}fix       {cure}",
            "", "", ""
        ),
    }
}

fn step(step: Step) -> &'static str {
    match step {
        Step::Container => "one whole file, and nothing after it",
        Step::Manifest => "manifest, and its digest",
        Step::DigestStrength => "bound as strongly as the root demands",
        Step::BuildSignature => "signed by the builders",
        Step::Approval => "approved by the release managers",
        Step::PayloadSize => "size of the image",
        Step::PayloadDigest => "digest of the image",
        Step::PayloadSha384 => "SHA-384 of the image",
        Step::Banks => "image for each bank",
        Step::Sbom => "bill of materials, as the manifest binds it",
        Step::Provenance => "provenance, as the manifest binds it",
        Step::ProvenanceSubject => "provenance is about this image",
        Step::ProvenanceSignature => "provenance is signed by a builder",
    }
}
