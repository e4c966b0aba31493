//! `mainstay bundle verify`: what a device would say that has never been online.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mainstay_artifact::bundle_check::{
    Answer, BundleCheck, BundleFacts, BundleStep, check_bundle, first_failure,
};
use mainstay_artifact::document_file;
use mainstay_keys::HostPrimitives;
use mainstay_trust::{Algorithm, Root};
use serde_json::json;

use super::make::{indented, name_of};
use super::openssl;
use crate::failure::Failure;
use crate::files;
use crate::moment::{now_s, unix_s};
use crate::output::Output;
use crate::verbs::{revoke, root::RootFile};

/// What `bundle verify` takes: the bundle, and what the device has.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The bundle.
    file: PathBuf,
    /// The root that the device holds.
    #[arg(long)]
    root: PathBuf,
    /// The revocations that the device knows.
    #[arg(long)]
    revocations: Option<PathBuf>,
    /// The device's clock, such as 2027-03-01T00:00Z [default: now].
    #[arg(long, value_name = "MOMENT", conflicts_with = "no_clock")]
    clock: Option<Timestamp>,
    /// The device has no clock that it trusts.
    #[arg(long)]
    no_clock: bool,
}

impl Verify {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let root = RootFile::read(&self.root)?;
        root.open()?;
        let known = self.revocations.as_deref().map(revoke::read).transpose()?;
        let facts = BundleFacts {
            pinned_root: &root.bytes,
            known_revocations: known.as_deref(),
            clock: (!self.no_clock).then(|| self.clock.map_or_else(now_s, unix_s)),
        };
        let mut file = files::open(&self.file, "bundle")?;
        let checks = check_bundle(&mut file, &facts, &HostPrimitives);
        let commands = self.commands();
        let lines = || {
            let lines: Vec<_> = checks.iter().map(line).collect();
            let commands = indented(&commands);
            format!(
                "{}\nFor anyone without Mainstay:\n{commands}",
                lines.join("\n")
            )
        };
        let passed = first_failure(&checks).is_none();
        let value = json!({
            "bundle": self.file, "checks": checks, "passed": passed, "commands": commands,
        });
        output.say(lines, &value);
        refuse_failed(&self.file, &checks)
    }

    /// How people without Mainstay check this file; by openssl only if its signature lies beside it.
    fn commands(&self) -> Vec<String> {
        let name = name_of(&self.file);
        let algorithm = signing_algorithm(&self.file).unwrap_or(Algorithm::Esp256);
        let mut commands = openssl::commands(&name, algorithm);
        if !openssl::Beside::of(&self.file).is_signed() {
            commands.truncate(1);
        }
        commands
    }
}

/// In which algorithm the statement, and so the file, was signed first, as the bundle's own roots have
/// it. It decides nothing but which command is shown.
fn signing_algorithm(path: &Path) -> Option<Algorithm> {
    let bundle = super::open(path).ok()?;
    let root: Root<'_> = document_file::read(bundle.roots.last()?).ok()?;
    let signers = document_file::claimed_signers(&bundle.statement).ok()?;
    Some(root.key(signers.first()?)?.public.algorithm())
}

/// Fails as the first failed check does.
pub fn must_pass(
    path: &Path,
    checks: impl FnOnce() -> Result<Vec<BundleCheck>, Failure>,
) -> Result<(), Failure> {
    refuse_failed(path, &checks()?)
}

fn refuse_failed(path: &Path, checks: &[BundleCheck]) -> Result<(), Failure> {
    match first_failure(checks) {
        Some(BundleCheck {
            answer: Answer::Failed { id, cause, cure },
            ..
        }) => {
            let what = format!("{}: {cause}", path.display());
            Err(Failure::refusal(*id, what, *cure))
        }
        _ => Ok(()),
    }
}

fn line(check: &BundleCheck) -> String {
    let step = step(check.step);
    match &check.answer {
        Answer::Passed => format!("passed          {step}"),
        Answer::Failed { id, cause, .. } => format!("FAILED          {step}: {id}: {cause}"),
        Answer::NotApplicable { why } => format!("not applicable  {step}: {why}"),
    }
}

fn step(step: BundleStep) -> &'static str {
    match step {
        BundleStep::Container => "one whole file, and nothing after it",
        BundleStep::RootChain => "roots, each following the one before",
        BundleStep::Revocations => "revocations, signed and not older than the known ones",
        BundleStep::Release => "release, signed and approved",
        BundleStep::Statement => "statement of operations, for this release and these revocations",
        BundleStep::RootLifetime => "the last root lasts",
        BundleStep::RevocationsLifetime => "the revocations are within their next update",
        BundleStep::NotWithdrawn => "the release isn't withdrawn or too old",
        BundleStep::PayloadSize => "size of the image",
        BundleStep::PayloadDigest => "digest of the image",
    }
}
