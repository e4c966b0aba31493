//! `--format mcuboot` of `mainstay artifact pack`: what devices with MCUboot get as their image.
//!
//! The key that signs here is the boot loader's, and plays no role in Mainstay's own trust. Read
//! [`Form`] first.

use std::io;
use std::path::{Path, PathBuf};

use mainstay_artifact::mcuboot::{
    self, Defect, Facts, HEADER_BYTES_DEFAULT, ImageVersion, WrapRequest, spki,
};
use mainstay_artifact::{PackRequest, PublicKeyBuf, Signer};
use mainstay_keys::HostPrimitives;
use mainstay_trust::Digest;
use tempfile::NamedTempFile;

use super::mcuboot_payload::{Payload, payload, summary};
use crate::failure::{Failure, at};
use crate::files;
use crate::signing::Signing;

/// The form of the image inside an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The image as it is, whatever it is.
    Raw,
    /// An MCUboot image: made here with --mcuboot-key, or made before and checked here.
    Mcuboot,
}

/// What devices get as their image.
#[derive(Debug, clap::Args)]
pub struct Form {
    /// In which form devices get the image.
    #[arg(long, value_enum, default_value_t = Format::Raw)]
    format: Format,
    /// The private half of the key that the devices' MCUboot knows: the raw image is wrapped, and
    /// signed by it. Without this, the image must be a signed MCUboot image already.
    #[arg(long, value_name = "FILE")]
    mcuboot_key: Option<PathBuf>,
    /// The public half (PEM) of the key that the devices' MCUboot knows: the signature of an image
    /// that was signed elsewhere is checked by it.
    #[arg(long, value_name = "FILE", conflicts_with = "mcuboot_key")]
    mcuboot_public: Option<PathBuf>,
    /// Keep the wrapped image in this file too, for the factory line: another run signs anew, and
    /// gives other bytes.
    #[arg(long, value_name = "FILE", requires = "mcuboot_key")]
    mcuboot_out: Option<PathBuf>,
    /// Bytes of MCUboot's header and padding; 512 unless said otherwise.
    #[arg(long, value_name = "BYTES", value_parser = bytes, requires = "mcuboot_key")]
    header_size: Option<u16>,
    /// MCUboot's security counter; the security floor unless said otherwise.
    #[arg(long, value_name = "NUMBER", requires = "mcuboot_key")]
    security_counter: Option<u32>,
}

/// A number as people write sizes: 512 or 0x200.
fn bytes(text: &str) -> Result<u16, std::num::ParseIntError> {
    match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16),
        None => text.parse(),
    }
}

/// The image that is packed.
pub struct Prepared {
    path: PathBuf,
    facts: Option<Facts>,
    /// Goes away with this value.
    wrapped: Option<NamedTempFile>,
    keep: Option<PathBuf>,
}

impl Form {
    /// Makes or checks the image at `raw`, as the release's `request` and `returns_to` (as given on
    /// the command line) demand.
    pub fn prepare(
        &self,
        raw: &Path,
        request: &PackRequest,
        returns_to: &[String],
        signing: &Signing,
    ) -> Result<Prepared, Failure> {
        if self.format == Format::Mcuboot && request.bank_a_bytes.is_some() {
            let what = "an image for each bank can't be wrapped for MCUboot here";
            let cure = "wrap each with MCUboot's own tool, and pack both with --format raw";
            return Err(Failure::usage("mcuboot.two-banks", what, cure));
        }
        let prepared = match (self.format, &self.mcuboot_key) {
            (Format::Raw, _) => self.as_it_is(raw),
            (Format::Mcuboot, Some(key)) => {
                let signer = signing.open(key)?;
                self.wrap(raw, request, &*signer)
            }
            (Format::Mcuboot, None) => self.made_before(raw, request),
        }?;
        if let Some(facts) = &prepared.facts {
            check_returns(facts, returns_to)?;
        }
        Ok(prepared)
    }

    fn as_it_is(&self, raw: &Path) -> Result<Prepared, Failure> {
        if self.mcuboot_key.is_some() || self.mcuboot_public.is_some() {
            let what = "a key for MCUboot is of no use to a raw image";
            let cure = "add --format mcuboot, or leave the key out";
            return Err(Failure::usage("mcuboot.format", what, cure));
        }
        Ok(Prepared::at(raw, None))
    }

    fn made_before(&self, image: &Path, request: &PackRequest) -> Result<Prepared, Failure> {
        let key = self.mcuboot_public.as_deref().map(public_key).transpose()?;
        let facts = accepted(image, key.as_ref())?;
        check_version(&facts, &request.version).map_err(at(image))?;
        Ok(Prepared::at(image, Some(facts)))
    }

    fn wrap(
        &self,
        raw: &Path,
        release: &PackRequest,
        signer: &dyn Signer,
    ) -> Result<Prepared, Failure> {
        if let Some(keep) = self.mcuboot_out.as_ref().filter(|path| path.exists()) {
            let what = format!("{} exists already", keep.display());
            let cure = "choose another path, or move the old file away";
            return Err(Failure::usage("image.exists", what, cure));
        }
        let mut wrapped = NamedTempFile::new().map_err(|error| scratch(&error))?;
        let mut image = files::open(raw, "image")?;
        let image_bytes = image.metadata().map_err(|error| scratch(&error))?.len();
        let wrap = mcuboot::wrap(
            &self.wrap_request(release)?,
            &mut image,
            image_bytes,
            signer,
            &HostPrimitives,
            &mut wrapped,
        );
        wrap.map_err(at(raw))?;
        // Read back, as it will be shipped and as a boot loader will judge it.
        let facts = accepted(wrapped.path(), Some(&signer.public_key().into()))?;
        Ok(Prepared {
            path: wrapped.path().to_owned(),
            facts: Some(facts),
            wrapped: Some(wrapped),
            keep: self.mcuboot_out.clone(),
        })
    }

    fn wrap_request(&self, release: &PackRequest) -> Result<WrapRequest, Failure> {
        let counter = self
            .security_counter
            .map_or_else(|| mcuboot::counter_from_floor(release.security_floor), Ok);
        Ok(WrapRequest {
            version: ImageVersion::from_release(&release.version)?,
            security_counter: counter?,
            header_bytes: self.header_size.unwrap_or(HEADER_BYTES_DEFAULT),
        })
    }
}

impl Prepared {
    fn at(path: &Path, facts: Option<Facts>) -> Self {
        Self {
            path: path.to_owned(),
            facts,
            wrapped: None,
            keep: None,
        }
    }

    /// The file to pack; it is there as long as this value is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the image says of itself, if it is one for MCUboot.
    pub fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }

    /// One line for people; none for a raw image.
    pub fn line(&self) -> String {
        let Some(facts) = &self.facts else {
            return String::new();
        };
        let kept = self.keep.as_ref();
        let kept = kept.map_or_else(String::new, |path| format!(", also in {}", path.display()));
        format!("\n  MCUboot  {}{kept}", summary(facts))
    }

    /// Writes the wrapped image where it is to be kept, if anywhere.
    pub fn keep(&self) -> Result<(), Failure> {
        let (Some(_), Some(keep)) = (&self.wrapped, &self.keep) else {
            return Ok(());
        };
        let mut image = files::open(&self.path, "image")?;
        files::write_new_with(keep, "image", |file| {
            io::copy(&mut image, file).map_err(|error| scratch(&error))?;
            Ok(())
        })
    }
}

fn scratch(error: &io::Error) -> Failure {
    let what = format!("the wrapped image can't be written or read: {error}");
    let cure = "check the space and the rights in the folder for temporary files";
    Failure::usage("mcuboot.scratch", what, cure)
}

fn public_key(path: &Path) -> Result<PublicKeyBuf, Failure> {
    let text = files::read_text(path, "public-key", spki::PEM_BYTES_MAX as u64)?;
    spki::from_pem(&text).map_err(at(path))
}

/// The facts of a good image; else every defect, the first one's id and cure in front.
fn accepted(path: &Path, key: Option<&PublicKeyBuf>) -> Result<Facts, Failure> {
    let mut image = files::open(path, "image")?;
    let key = key.map(PublicKeyBuf::as_key);
    mcuboot::accept(&mut image, key.as_ref(), &HostPrimitives)
        .map_err(|defects| at(path)(refused(&defects)))
}

/// The failure that a list of defects is.
pub fn refused(defects: &[Defect]) -> Failure {
    let all: Vec<String> = defects.iter().map(Defect::to_string).collect();
    let (id, cure) = defects
        .first()
        .map_or(("mcuboot.refused", ""), |first| (first.id(), first.cure()));
    match defects.first() {
        Some(Defect::Stream(_) | Defect::NotAnImage) => Failure::usage(id, all.join("; "), cure),
        _ => Failure::refusal(id, all.join("; "), cure),
    }
}

/// What people read and what the boot loader orders by must be one version.
fn check_version(facts: &Facts, release: &str) -> Result<(), Failure> {
    match ImageVersion::from_release(release) {
        Ok(version) if version.to_string() != facts.version => {
            let what = format!(
                "the image is version {}, the release {release}",
                facts.version
            );
            let cure = "give --version as the image has it, or build the image anew";
            Err(Failure::refusal("mcuboot.other-version", what, cure))
        }
        _ => Ok(()),
    }
}

/// A boot loader with rollback protection goes back to no image with a lower counter, whatever the
/// manifest allows. Releases given by their digest alone can't be asked.
fn check_returns(facts: &Facts, returns_to: &[String]) -> Result<(), Failure> {
    let counter = facts.security_counter.unwrap_or(0);
    let artifacts = returns_to
        .iter()
        .filter(|text| Digest::parse_hex(text).is_none());
    for path in artifacts.map(Path::new) {
        let Some(Payload::Image(earlier)) = payload(path)? else {
            continue;
        };
        let theirs = earlier.security_counter.unwrap_or(0);
        if theirs < counter {
            let what = format!(
                "{}: its image has security counter {theirs}, so MCUboot would refuse to go back \
                 to it from one with {counter}",
                path.display()
            );
            let cure =
                "give --security-counter no higher than theirs, or leave it out of --returns-to";
            return Err(Failure::refusal("mcuboot.no-way-back", what, cure));
        }
    }
    Ok(())
}
