//! What is said of a release: the options that `pack` and `provenance` share.

use std::path::{Path, PathBuf};

use mainstay_artifact::sbom::Sbom;
use mainstay_artifact::{ClassName, PackRequest};
use mainstay_keys::HostPrimitives;
use mainstay_plan::{Class, InstallStrategy, PLAN_BYTES_MAX, Plan};
use mainstay_trust::{BootloaderVersion, Digest, DigestAlgorithm};

use super::images::Images;
use super::look;
use super::pack::size;
use crate::failure::{Failure, at};
use crate::files;

/// What is packed, and for whom.
#[derive(Debug, clap::Args)]
pub struct Request {
    /// The plan that declares the class.
    #[arg(long)]
    plan: PathBuf,
    /// The device class, as in the plan.
    #[arg(long)]
    pub class: String,
    /// The version that people read, such as 1.4.0.
    #[arg(long)]
    pub version: String,
    /// The release's place in its class's order, from 1; devices only go up.
    #[arg(long)]
    sequence: u64,
    /// An earlier artifact (or its manifest digest) that devices may go back to from this one.
    /// Repeat it for more, at most four.
    #[arg(long, value_name = "FILE|DIGEST")]
    pub returns_to: Vec<String>,
    /// Once this release is confirmed, nothing with a lower sequence is installed again.
    #[arg(long, default_value_t = 0)]
    security_floor: u64,
    /// Installing must begin before this instant, such as 2027-06-30T00:00Z.
    #[arg(long)]
    use_before: Option<jiff::Timestamp>,
    /// The bill of materials to bind by its digest: CycloneDX or SPDX, in JSON.
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,
    /// What signatures cover and what binds the image. Roots that demand ESP384 or ML-DSA-87 demand
    /// sha384 here; releases and images are named by their SHA-256 with either.
    #[arg(long, value_name = "HASH", default_value = "sha256", value_parser = hash)]
    digest: DigestAlgorithm,
    /// The image for bank B, for a class whose devices start images where they lie (install =
    /// "dual-bank-xip"); the first image is then the one for bank A.
    #[arg(long, value_name = "FILE")]
    pub image_b: Option<PathBuf>,
}

fn hash(text: &str) -> Result<DigestAlgorithm, String> {
    let mut known = DigestAlgorithm::ALL.into_iter();
    let found = known.find(|algorithm| algorithm.id() == text);
    found.ok_or_else(|| "write sha256 or sha384".to_owned())
}

impl Request {
    /// Reads the files that the options name; `image` is the first one.
    pub fn read(&self, image: &Path) -> Result<PackRequest, Failure> {
        let plan = read_plan(&self.plan)?;
        let class = class_of(&plan, &self.plan, &self.class)?;
        let bank_a_bytes = self.bank_a_bytes(class, image)?;
        let (major, minor, patch) = class.bootloader.min;
        let returns_to = self.returns_to.iter().map(|text| earlier(text));
        Ok(PackRequest {
            class: ClassName::parse(&class.group_name(plan.environment))?,
            version: self.version.clone(),
            sequence: self.sequence,
            security_floor: self.security_floor,
            use_before: self
                .use_before
                .and_then(|at| u64::try_from(at.as_second()).ok()),
            bootloader_min: BootloaderVersion {
                major,
                minor,
                patch,
            },
            returns_to: returns_to.collect::<Result<_, _>>()?,
            sbom: self.sbom.as_deref().map(sbom_digest).transpose()?,
            provenance: None,
            digest: self.digest,
            bank_a_bytes,
        })
    }

    /// The payload: the image, or both.
    pub fn open(&self, image: &Path) -> Result<Images, Failure> {
        Images::open(image, self.image_b.as_deref())
    }

    /// Bytes of the image for bank A, if the class's devices need one for each bank.
    fn bank_a_bytes(&self, class: &Class, image: &Path) -> Result<Option<u64>, Failure> {
        let needs_two = class.install == InstallStrategy::DualBankXip;
        let (what, cure) = match (needs_two, &self.image_b) {
            (true, Some(_)) => {
                return size(&files::open(image, "image")?, image).map(Some);
            }
            (false, None) => return Ok(None),
            (true, None) => (
                "start images where they lie, and need one for each bank",
                "add --image-b with the image that is linked for bank B",
            ),
            (false, Some(_)) => (
                "need one image, whichever slot it goes to",
                "leave --image-b out, or write install = \"dual-bank-xip\" in the plan's class",
            ),
        };
        let what = format!("devices of class {} {what}", class.id);
        Err(Failure::usage("artifact.images", what, cure))
    }
}

/// The class of that name in the plan that was read from `path`.
pub fn class_of<'p>(plan: &'p Plan, path: &Path, name: &str) -> Result<&'p Class, Failure> {
    let mut classes = plan.classes.iter();
    let class = classes.find(|class| class.id.as_str() == name);
    class.ok_or_else(|| {
        let known: Vec<&str> = plan.classes.iter().map(|class| class.id.as_str()).collect();
        let what = format!("{} has no class {name:?}", path.display());
        let cure = format!("name one of: {}", known.join(", "));
        Failure::usage("plan.no-such-class", what, cure)
    })
}

/// Reads and parses a plan; its first mistake is told, `plan check` tells all.
pub fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let text = files::read_text(path, "plan", PLAN_BYTES_MAX as u64)?;
    mainstay_plan::parse(&text).map_err(|findings| {
        let first = findings
            .first()
            .map_or_else(String::new, |finding| finding.message.clone());
        let what = format!("{} isn't a valid plan: {first}", path.display());
        Failure::usage(
            "plan.invalid",
            what,
            format!("run `mainstay plan check {}`", path.display()),
        )
    })
}

fn sbom_digest(path: &Path) -> Result<Digest, Failure> {
    let mut file = files::open(path, "sbom")?;
    let sbom = Sbom::read(&mut file, &HostPrimitives).map_err(at(path))?;
    Ok(sbom.digest)
}

/// The manifest digest of an earlier release: written as such, or taken from its artifact.
fn earlier(text: &str) -> Result<Digest, Failure> {
    match Digest::parse_hex(text) {
        Some(digest) => Ok(digest),
        None => Ok(look::report(Path::new(text), None)?.manifest_digest),
    }
}
