//! `mainstay artifact verify` and `inspect`: what an artifact is, and whether a device would take it.

use std::path::Path;

use mainstay_artifact::check::{all_passed, first_failure};
use mainstay_artifact::{ArtifactFile, Check, Outcome, Report, Step, check, inspect as report_on};
use mainstay_keys::HostPrimitives;
use mainstay_trust::{Root, Verified};
use serde::Serialize;
use serde_json::json;

use super::mcuboot_payload::{self, Payload};
use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::verbs::root;

/// Opens an artifact's frame and envelope; the payload stays on disk.
pub fn open(path: &Path) -> Result<ArtifactFile, Failure> {
    ArtifactFile::read(&mut files::open(path, "artifact")?).map_err(at(path))
}

/// What an artifact says of itself.
pub fn report(path: &Path, root: Option<&Verified<Root<'_>>>) -> Result<Report, Failure> {
    report_on(&open(path)?.envelope, root, &HostPrimitives).map_err(at(path))
}

/// Asks all that a device would ask, and prints every answer.
pub fn verify(path: &Path, root: Option<&Path>, output: &Output) -> Result<(), Failure> {
    let root = root.map(root::RootFile::read).transpose()?;
    let root = root.as_ref().map(root::RootFile::open).transpose()?;
    let checks = check(
        &mut files::open(path, "artifact")?,
        root.as_ref(),
        &HostPrimitives,
    );
    let place = path.display().to_string();
    let lines = || checks.iter().map(line).collect::<Vec<_>>().join("\n");
    output.say(
        lines,
        &json!({ "artifact": place, "checks": checks, "passed": all_passed(&checks) }),
    );
    match first_failure(&checks) {
        Some(Check {
            outcome: Outcome::Failed { id, cause, cure },
            ..
        }) => Err(Failure::refusal(*id, format!("{place}: {cause}"), *cure)),
        _ => Ok(()),
    }
}

fn line(check: &Check) -> String {
    let step = step(check.step);
    match &check.outcome {
        Outcome::Passed => format!("passed          {step}"),
        Outcome::Failed { id, cause, .. } => format!("FAILED          {step}: {id}: {cause}"),
        Outcome::NotApplicable { why } => format!("not applicable  {step}: {why}"),
    }
}

fn step(step: Step) -> &'static str {
    match step {
        Step::Container => "one whole file, and nothing after it",
        Step::Manifest => "manifest, and its digest",
        Step::BuildSignature => "signed by the builders",
        Step::Approval => "approved by the release managers",
        Step::PayloadSize => "size of the image",
        Step::PayloadDigest => "digest of the image",
    }
}

/// Prints what an artifact says of itself.
pub fn inspect(path: &Path, root: Option<&Path>, output: &Output) -> Result<(), Failure> {
    let root = root.map(root::RootFile::read).transpose()?;
    let root = root.as_ref().map(root::RootFile::open).transpose()?;
    let report = report(path, root.as_ref())?;
    let mcuboot = mcuboot_payload::payload(path)?;
    let lines = mcuboot
        .as_ref()
        .map(mcuboot_payload::lines)
        .unwrap_or_default();
    let sentence = || [vec![text(&report)], lines].concat().join("\n");
    let told = Told {
        report: &report,
        mcuboot: mcuboot.as_ref(),
    };
    output.say(sentence, &told);
    Ok(())
}

/// The report, and what the payload says where it is an MCUboot image.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    mcuboot: Option<&'a Payload>,
}

fn text(report: &Report) -> String {
    let mut lines = vec![
        format!(
            "version          {}  (sequence {})",
            report.version, report.sequence
        ),
        format!("manifest         {}", report.manifest_digest),
        format!(
            "image            {}  ({} bytes)",
            report.image_digest, report.image_bytes
        ),
        format!("vendor, class    {}  {}", report.vendor_id, report.class_id),
        format!("bootloader       {} or newer", report.bootloader_min),
        format!("security floor   {}", report.security_floor),
        format!("envelope         {} bytes", report.envelope_bytes),
    ];
    lines.extend(
        report
            .use_before
            .map(|at| format!("use before       {at} (Unix seconds)")),
    );
    lines.extend(
        report
            .returns_to
            .iter()
            .map(|digest| format!("may return to    {digest}")),
    );
    lines.extend(report.signers.iter().map(|signer| {
        let who = signer
            .holder
            .as_deref()
            .unwrap_or("nobody that a root was given for");
        let roles = signer.roles.join(", ");
        format!(
            "signed by        {who} [{roles}]  {}  key {}",
            signer.verdict, signer.key_id
        )
    }));
    if report.signers.is_empty() {
        lines.push("signed by        nobody yet".to_owned());
    }
    lines.join("\n")
}
