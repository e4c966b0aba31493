//! `mainstay artifact pack`: one artifact file from a firmware image and the plan's facts.

use std::path::{Path, PathBuf};

use mainstay_artifact::{ClassName, PackRequest, Packed, container};
use mainstay_keys::HostPrimitives;
use mainstay_plan::{PLAN_BYTES_MAX, Plan};
use mainstay_trust::{BootloaderVersion, Digest};
use serde_json::json;

use super::{look, mcuboot};
use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::passphrase::PassphraseSource;

/// What is packed, and for whom.
#[derive(Debug, clap::Args)]
pub struct Pack {
    /// The firmware image: any file.
    image: PathBuf,
    /// The artifact to write; it must not exist.
    out: PathBuf,
    /// The plan that declares the class.
    #[arg(long)]
    plan: PathBuf,
    /// The device class, as in the plan.
    #[arg(long)]
    class: String,
    /// The version that people read, such as 1.4.0.
    #[arg(long)]
    version: String,
    /// The release's place in its class's order, from 1; devices only go up.
    #[arg(long)]
    sequence: u64,
    /// An earlier artifact (or its manifest digest) that devices may go back to from this one.
    /// Repeat it for more, at most four.
    #[arg(long, value_name = "FILE|DIGEST")]
    returns_to: Vec<String>,
    /// Once this release is confirmed, nothing with a lower sequence is installed again.
    #[arg(long, default_value_t = 0)]
    security_floor: u64,
    /// Installing must begin before this instant, such as 2027-06-30T00:00Z.
    #[arg(long)]
    use_before: Option<jiff::Timestamp>,
    #[command(flatten)]
    form: mcuboot::Form,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

impl Pack {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let plan = read_plan(&self.plan)?;
        let request = self.request(&plan)?;
        let payload =
            self.form
                .prepare(&self.image, &request, &self.returns_to, &self.passphrase)?;
        let mut image = files::open(payload.path(), "image")?;
        let packed = mainstay_artifact::pack(&request, &mut image, &HostPrimitives)
            .map_err(at(&self.image))?;
        write(payload.path(), &self.out, &packed)?;
        payload.keep()?;
        let value = json!({
            "written": self.out, "manifest": packed.manifest_digest, "image": packed.image_digest,
            "image_bytes": packed.image_bytes, "mcuboot": payload.facts(),
        });
        let sentence = || {
            format!(
                "{} holds {} {} ({} bytes), unsigned.\n  manifest {}\n  image    {}{}\nNext: `mainstay artifact sign`",
                self.out.display(),
                self.class,
                self.version,
                packed.image_bytes,
                packed.manifest_digest,
                packed.image_digest,
                payload.line()
            )
        };
        output.say(sentence, &value);
        Ok(())
    }

    fn request(&self, plan: &Plan) -> Result<PackRequest, Failure> {
        let class = plan
            .classes
            .iter()
            .find(|class| class.id.as_str() == self.class);
        let class = class.ok_or_else(|| {
            let known: Vec<&str> = plan.classes.iter().map(|class| class.id.as_str()).collect();
            let what = format!("{} has no class {:?}", self.plan.display(), self.class);
            Failure::usage(
                "plan.no-such-class",
                what,
                format!("name one of: {}", known.join(", ")),
            )
        })?;
        let (major, minor, patch) = class.bootloader.min;
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
            returns_to: self
                .returns_to
                .iter()
                .map(|text| earlier(text))
                .collect::<Result<_, _>>()?,
            sbom: None,
            provenance: None,
        })
    }
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

/// The manifest digest of an earlier release: written as such, or taken from its artifact.
fn earlier(text: &str) -> Result<Digest, Failure> {
    match Digest::parse_hex(text) {
        Some(digest) => Ok(digest),
        None => Ok(look::report(Path::new(text), None)?.manifest_digest),
    }
}

/// Writes the artifact whole, or not at all. The image is read a second time; if it changed in
/// between, the result is refused.
fn write(image: &Path, out: &Path, packed: &Packed) -> Result<(), Failure> {
    let mut image = files::open(image, "image")?;
    files::write_new_with(out, "artifact", |file| {
        Ok(container::write(
            file,
            &packed.envelope,
            &mut image,
            packed.image_bytes,
        )?)
    })?;
    let checks =
        mainstay_artifact::check(&mut files::open(out, "artifact")?, None, &HostPrimitives);
    match mainstay_artifact::check::first_failure(&checks) {
        None => Ok(()),
        Some(_) => {
            // The file isn't the one that was measured; it must not stay.
            let _ = std::fs::remove_file(out);
            let what = "the firmware image changed while it was packed";
            Err(Failure::refusal(
                "image.changed",
                what,
                "pack again when the build has ended",
            ))
        }
    }
}
