//! `mainstay artifact inspect`: what it is, for whom, who vouches, what may follow.

use std::path::{Path, PathBuf};

use mainstay_artifact::inspect::{Measured, SignerReport, inspect, measure};
use mainstay_artifact::{ArtifactFile, ClassName, Report};
use mainstay_keys::HostPrimitives;
use mainstay_trust::Root;
use serde::Serialize;

use super::mcuboot_payload::{self, Payload};
use super::request;
use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::verbs::root::RootFile;

/// What is looked at, and what gives its numbers names.
#[derive(Debug, clap::Args)]
pub struct Inspect {
    /// The artifact.
    file: PathBuf,
    /// The root, to name the people behind the signatures.
    #[arg(long)]
    root: Option<PathBuf>,
    /// The plan, to name the class.
    #[arg(long)]
    plan: Option<PathBuf>,
}

/// All that is told.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    report: Report,
    /// What was found in the file, by reading it.
    #[serde(flatten)]
    measured: Measured,
    /// The class's full name, if the plan declares it.
    class: Option<String>,
    /// The vendor's domain, if the root is that vendor's.
    vendor: Option<String>,
    /// What the image says of itself, if it is one for MCUboot.
    #[serde(skip_serializing_if = "Option::is_none")]
    mcuboot: Option<Payload>,
}

impl Inspect {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let root = self.root.as_deref().map(RootFile::read).transpose()?;
        let root = root.as_ref().map(RootFile::open).transpose()?;
        let mut source = files::open(&self.file, "artifact")?;
        let file = ArtifactFile::read(&mut source).map_err(at(&self.file))?;
        let report = inspect(&file.envelope, root.as_ref(), &HostPrimitives);
        let report = report.map_err(at(&self.file))?;
        let measured = measure(&file, &mut source, &HostPrimitives).map_err(at(&self.file))?;
        let told = Told {
            class: self
                .plan
                .as_deref()
                .map_or(Ok(None), |p| class(&report, p))?,
            vendor: root.and_then(|root| vendor(&report, root.get())),
            mcuboot: mcuboot_payload::payload(&self.file)?,
            report,
            measured,
        };
        output.say(|| text(&told), &told);
        Ok(())
    }
}

/// The full name of the class that the release is for, if this plan declares it.
fn class(report: &Report, plan: &Path) -> Result<Option<String>, Failure> {
    let plan = request::read_plan(plan)?;
    for class in &plan.classes {
        let name = ClassName::parse(&class.group_name(plan.environment))?;
        if report.is_for(&name) {
            return Ok(Some(name.to_string()));
        }
    }
    Ok(None)
}

fn vendor(report: &Report, root: &Root<'_>) -> Option<String> {
    let id = mainstay_artifact::identity::vendor_id(root.vendor);
    let same = mainstay_artifact::identity::uuid_text(&id) == report.vendor_id;
    same.then(|| root.vendor.to_owned())
}

fn text(told: &Told) -> String {
    let report = &told.report;
    let mut page = Page::default();
    page.head("what it is");
    page.line("version", &report.version);
    page.line("sequence", report.sequence);
    page.line("manifest", report.manifest_digest);
    page.line("image", report.image_digest);
    page.line("bound by", bound_by(report));
    page.line("image size", format!("{} bytes", report.image_bytes));
    for (name, bank) in ["  for bank A", "  for bank B"]
        .iter()
        .zip(report.banks.iter().flatten())
    {
        page.line(name, format!("{}  ({} bytes)", bank.digest, bank.bytes));
    }
    let mcuboot = told.mcuboot.as_ref().map(mcuboot_payload::lines);
    for (name, value) in mcuboot.unwrap_or_default() {
        page.line(name, value);
    }
    page.head("for whom");
    page.line("vendor", named(told.vendor.as_deref(), &report.vendor_id));
    page.line("class", named(told.class.as_deref(), &report.class_id));
    page.line("bootloader", format!("{} or newer", report.bootloader_min));
    page.head("who vouches");
    report.signers.iter().for_each(|one| signer(&mut page, one));
    if report.signers.is_empty() {
        page.line("signed by", "nobody yet");
    }
    page.head("what it may do");
    rules(&mut page, report);
    page.head("what comes with it");
    page.line("SBOM", or(report.sbom, "none bound"));
    page.line("provenance", or(report.provenance, "none bound"));
    page.head("the file");
    file(&mut page, told);
    page.0.join("\n")
}

/// What ties signatures, manifest and image together; the lines above are names.
fn bound_by(report: &Report) -> String {
    match (report.manifest_sha384, report.image_sha384) {
        (Some(manifest), Some(image)) => {
            format!("SHA-384\n    manifest       {manifest}\n    image          {image}")
        }
        _ => "SHA-256".to_owned(),
    }
}

fn signer(page: &mut Page, signer: &SignerReport) {
    let nobody = "nobody that a root was given for";
    let who = signer.holder.as_deref().unwrap_or(nobody);
    let roles = signer.roles.join(", ");
    page.line("signed by", format!("{who} [{roles}]  {}", signer.verdict));
    page.line("  key", &signer.key_id);
    if let Some(plan) = signer.plan {
        page.line("  under plan", plan);
    }
    if let Some(evidence) = signer.evidence {
        page.line("  on evidence", evidence);
    }
}

fn rules(page: &mut Page, report: &Report) {
    let before = report.use_before.map(|at| {
        let instant = i64::try_from(at)
            .ok()
            .and_then(|at| jiff::Timestamp::from_second(at).ok());
        instant.map_or_else(|| format!("{at} (Unix seconds)"), |at| at.to_string())
    });
    page.line("install before", or(before, "any time"));
    page.line("security floor", floor(report.security_floor));
    for digest in &report.returns_to {
        page.line("may return to", digest);
    }
    if report.returns_to.is_empty() {
        page.line("may return to", "no earlier release");
    }
}

fn floor(floor: u64) -> String {
    match floor {
        0 => "none".to_owned(),
        floor => format!("sequence {floor}; nothing below it is installed once this is confirmed"),
    }
}

fn file(page: &mut Page, told: &Told) {
    let (report, measured) = (&told.report, &told.measured);
    page.line("SHA-256", measured.file_digest);
    let sizes = format!(
        "{} bytes: envelope {} (manifest {}), image {}",
        measured.file_bytes,
        report.envelope_bytes,
        report.manifest_bytes,
        measured.image_found_bytes
    );
    page.line("size", sizes);
    let found = (measured.image_found, measured.image_found_sha384);
    let verdict = match found == (report.image_digest, report.image_sha384) {
        true => "the one that the manifest names".to_owned(),
        false => format!("ANOTHER than the manifest names: {}", measured.image_found),
    };
    page.line("image inside", verdict);
}

fn named(name: Option<&str>, id: &str) -> String {
    name.map_or_else(|| id.to_owned(), |name| format!("{name}  ({id})"))
}

fn or(value: Option<impl ToString>, none: &str) -> String {
    value.map_or_else(|| none.to_owned(), |value| value.to_string())
}

/// Headed groups of two columns.
#[derive(Default)]
struct Page(Vec<String>);

impl Page {
    fn head(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push(format!("  {name:<16} {value}"));
    }
}
