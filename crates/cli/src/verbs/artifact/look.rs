//! `mainstay artifact verify` and `inspect`: what an artifact is, and whether a device would take it.

use std::fs::File;
use std::path::Path;

use mainstay_artifact::check::{all_passed, first_failure};
use mainstay_artifact::{ArtifactFile, Check, Outcome, Report, check, inspect as report_on};
use mainstay_keys::HostPrimitives;
use mainstay_trust::{Root, Verified};
use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;
use crate::verbs::root;

/// Opens an artifact's frame and envelope; the payload stays on disk.
pub fn open(path: &Path) -> Result<ArtifactFile, Failure> {
    Ok(ArtifactFile::read(&mut open_file(path)?)?)
}

/// What an artifact says of itself.
pub fn report(path: &Path, root: Option<&Verified<Root<'_>>>) -> Result<Report, Failure> {
    Ok(report_on(&open(path)?.envelope, root, &HostPrimitives)?)
}

fn open_file(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let what = format!("there is no artifact at {}", path.display());
            Failure::usage("artifact.missing", what, "check the path")
        }
        _ => {
            let what = format!("{} can't be read: {error}", path.display());
            Failure::usage(
                "artifact.unreadable",
                what,
                "check that it is a file that you may read",
            )
        }
    })
}

/// Asks all that a device would ask, and prints every answer.
pub fn verify(path: &Path, root: Option<&Path>, output: &Output) -> Result<(), Failure> {
    let bytes = root.map(root::read).transpose()?;
    let root = bytes.as_deref().map(root::open).transpose()?;
    let checks = check(&mut open_file(path)?, root.as_ref(), &HostPrimitives);
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
    let step = format!("{:?}", check.step);
    match &check.outcome {
        Outcome::Passed => format!("passed          {step}"),
        Outcome::Failed { id, cause, .. } => format!("FAILED          {step}: {id}: {cause}"),
        Outcome::NotApplicable { why } => format!("not applicable  {step}: {why}"),
    }
}

/// Prints what an artifact says of itself.
pub fn inspect(path: &Path, root: Option<&Path>, output: &Output) -> Result<(), Failure> {
    let bytes = root.map(root::read).transpose()?;
    let root = bytes.as_deref().map(root::open).transpose()?;
    let report = report(path, root.as_ref())?;
    output.say(|| text(&report), &report);
    Ok(())
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
