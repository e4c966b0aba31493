//! `mainstay artifact provenance`: a signed statement of how an image came to be.

use std::path::{Path, PathBuf};

use mainstay_artifact::provenance::{PROVENANCE_BYTES_MAX, Request as Statement, Source};
use mainstay_artifact::{Provenance, pack::measure, provenance as statements};
use mainstay_keys::HostPrimitives;
use mainstay_trust::Digest;
use mainstay_trust::DigestAlgorithm;
use serde_json::json;

use super::request::Request;
use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::signing::Signing;
use crate::verbs::root::RootFile;

/// What is stated, of which image, by whom.
#[derive(Debug, clap::Args)]
pub struct Write {
    /// The firmware image. With --image-b, the one for bank A.
    image: PathBuf,
    /// The statement to write; it must not exist.
    out: PathBuf,
    #[command(flatten)]
    request: Request,
    /// The platform that ran the build, as a URI.
    #[arg(long, value_name = "URI")]
    builder: String,
    /// What it was built from, pinned: 40 hexadecimal digits are a git commit, 64 a SHA-256. Repeat
    /// it for more.
    #[arg(long, value_name = "URI@DIGEST")]
    source: Vec<String>,
    /// When the build began. Left out, the same inputs give the same statement.
    #[arg(long, value_name = "INSTANT")]
    started: Option<jiff::Timestamp>,
    /// When the build ended.
    #[arg(long, value_name = "INSTANT")]
    finished: Option<jiff::Timestamp>,
    /// The builder's private key.
    #[arg(long)]
    key: PathBuf,
    /// The root that lists it.
    #[arg(long)]
    root: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

impl Write {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let root = RootFile::read(&self.root)?;
        let root = root.open()?;
        let request = self.request.read(&self.image)?;
        let image = self.payload_digest()?;
        let name = self.image.file_name().unwrap_or_default().to_string_lossy();
        let mut statement = Statement::new(&name, image, &request, &self.builder)?;
        let sources = self.source.iter().map(|text| Source::parse(text));
        statement.sources = sources.collect::<Result<_, _>>()?;
        statement.started_on = self.started.map(|at| at.to_string());
        statement.finished_on = self.finished.map(|at| at.to_string());
        files::must_be_new(&self.out, "provenance")?;
        let signer = self.signing.open(&self.key)?;
        let bytes = statements::sign(&statement, &*signer, &root, &HostPrimitives)?;
        files::write_new(&self.out, "provenance", &bytes)?;
        let value = json!({ "written": self.out, "image": image, "by": signer.holder() });
        let sentence = || {
            format!(
                "{} says how {} was built, signed by {}.\nNext: `mainstay artifact pack --provenance {}`",
                self.out.display(),
                self.image.display(),
                signer.holder(),
                self.out.display()
            )
        };
        output.say(sentence, &value);
        Ok(())
    }

    /// What the statement is about: the payload, of one image or two.
    fn payload_digest(&self) -> Result<Digest, Failure> {
        let mut payload = self.request.open(&self.image)?;
        let found = measure(&mut payload, DigestAlgorithm::Sha256, &HostPrimitives);
        Ok(found.map_err(at(&self.image))?.digest)
    }
}

/// Reads a statement, which is of nobody yet.
pub fn read(path: &Path) -> Result<Provenance, Failure> {
    let bytes = files::read(path, "provenance", PROVENANCE_BYTES_MAX as u64)?;
    Provenance::read(&bytes, &HostPrimitives).map_err(at(path))
}
