//! `mainstay artifact pack`: one artifact file from a firmware image and the plan's facts.

use std::fs::File;
use std::path::{Path, PathBuf};

use mainstay_artifact::{Builder, PackRequest, Packed, Provenance, Signer, pack, pack_file};
use mainstay_keys::{HostPrimitives, Opening};
use mainstay_trust::{Root, Verified};
use serde_json::json;

use super::request::Request;
use super::{mcuboot, provenance};
use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::signing::Signing;
use crate::verbs::root::RootFile;

/// What is packed, for whom, and who signs it.
#[derive(Debug, clap::Args)]
pub struct Pack {
    /// The firmware image: any file. With --image-b, the one for bank A.
    image: PathBuf,
    /// The artifact to write; it must not exist.
    out: PathBuf,
    #[command(flatten)]
    request: Request,
    #[command(flatten)]
    form: mcuboot::Form,
    /// The statement of provenance to bind by its digest; it must be about this image.
    #[arg(long, value_name = "FILE")]
    provenance: Option<PathBuf>,
    /// The builder's private key, to sign in the same pass. Without it, `artifact sign` comes next.
    #[arg(long, requires = "root")]
    key: Option<PathBuf>,
    /// The root, so that a key without the role is refused here and not by every device.
    #[arg(long, requires = "key")]
    root: Option<PathBuf>,
    #[command(flatten)]
    signing: Signing,
}

impl Pack {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let mut request = self.request.read(&self.image)?;
        let provenance = self.provenance.as_deref();
        let provenance = provenance.map(provenance::read).transpose()?;
        request.provenance = provenance.as_ref().map(|statement| statement.digest);
        // What can't be packed is refused before anybody signs anything for it.
        pack::check(&request).map_err(at(&self.image))?;
        let root = self.root.as_deref().map(RootFile::read).transpose()?;
        let root = root.as_ref().map(RootFile::open).transpose()?;
        files::must_be_new(&self.out, "artifact")?;
        let signer = self.signer()?;
        let builder = builder(signer.as_ref(), root.as_ref());
        let returns_to = &self.request.returns_to;
        let form = &self.form;
        let payload = form.prepare(&self.image, &request, returns_to, &self.signing)?;
        let packed = self
            .write(payload.path(), &request, provenance.as_ref(), builder)
            .map_err(|failure| unopened(signer.as_ref()).unwrap_or(failure))?;
        payload.keep()?;
        self.say(&packed, &payload, signer.as_ref(), output);
        Ok(())
    }

    /// The builder's key. It opens while the image is read, for both take their time.
    fn signer(&self) -> Result<Option<Opening>, Failure> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        self.signing.begin(key).map(Some)
    }

    /// Writes the artifact whole, or not at all, reading the image once.
    fn write(
        &self,
        image_path: &Path,
        request: &PackRequest,
        provenance: Option<&Provenance>,
        builder: Option<Builder<'_>>,
    ) -> Result<Packed, Failure> {
        let mut image = self.request.open(image_path)?;
        let image_bytes = image.bytes;
        files::write_new_with(&self.out, "artifact", |out| {
            let packed = pack_file::into_file(
                request,
                &mut image,
                image_bytes,
                builder,
                out,
                &HostPrimitives,
            )
            .map_err(at(&self.image))?;
            if let Some(provenance) = provenance {
                provenance.check_subject(&packed.image_digest)?;
            }
            Ok(packed)
        })
    }

    fn say(
        &self,
        packed: &Packed,
        payload: &mcuboot::Prepared,
        signer: Option<&Opening>,
        output: &Output,
    ) {
        let by = signer.map(|signer| signer.holder());
        let value = json!({
            "written": self.out, "manifest": packed.manifest_digest, "image": packed.image_digest,
            "image_bytes": packed.image_bytes, "signed_by": by,
            "mcuboot": payload.facts(),
        });
        let (stage, next) = match by {
            Some(holder) => (format!("signed by {holder}"), "approve"),
            None => ("unsigned".to_owned(), "sign"),
        };
        let sentence = || {
            format!(
                "{} holds {} {} ({} bytes), {stage}.\n  manifest {}\n  image    {}{}\nNext: `mainstay artifact {next}`",
                self.out.display(),
                self.request.class,
                self.request.version,
                packed.image_bytes,
                packed.manifest_digest,
                packed.image_digest,
                payload.line()
            )
        };
        output.say(sentence, &value);
    }
}

fn builder<'a>(
    signer: Option<&'a Opening>,
    root: Option<&'a Verified<Root<'a>>>,
) -> Option<Builder<'a>> {
    let (signer, root) = (signer?, root?);
    Some(Builder { signer, root })
}

/// Why the key can't be opened, if it can't: told in its own words before anything else that failed.
fn unopened(signer: Option<&Opening>) -> Option<Failure> {
    let error = signer?.wait().err()?;
    Some(Failure::usage(error.id(), error.to_string(), error.cure()))
}

/// The image's size, which the artifact's frame tells before its bytes come.
pub fn size(image: &File, path: &Path) -> Result<u64, Failure> {
    let metadata = image.metadata();
    let metadata = metadata.map_err(|error| files::unreadable(path, "image", &error))?;
    Ok(metadata.len())
}
