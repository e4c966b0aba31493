//! Checking an artifact file: each demand by itself, so that a person sees which of them it fails.
//!
//! The verdicts are those of `trust`, the code that devices run; nothing is decided here but what
//! is still worth asking after a failure. Whether a *particular* device may install the release is
//! not asked: that takes the device's own facts. Read [`check`] first.

mod asked;
mod companions;
mod finding;

use std::io::{Read, Seek};

use mainstay_trust::{Primitives, Root, Verified};
use serde::Serialize;

pub use companions::Companions;

use crate::blocks;
use crate::container::ArtifactFile;
use asked::Asked;

/// What is asked of an artifact, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The file is one whole artifact, and nothing follows it.
    Container,
    /// The envelope is of our profile, and its digest is its manifest's.
    Manifest,
    /// The release is bound as strongly as the root demands of its signatures.
    DigestStrength,
    /// Role build has signed to its threshold.
    BuildSignature,
    /// Role release, and any other role that the root demands, has signed to its threshold.
    Approval,
    /// The payload has the size that the manifest says.
    PayloadSize,
    /// The payload has the SHA-256 that the manifest says.
    PayloadDigest,
    /// The payload has the SHA-384 that the manifest says, in a release that is bound by it.
    PayloadSha384,
    /// The image for each bank is the one that the manifest says, in a release for two banks.
    Banks,
    /// The bill of materials is one, and the one that the manifest binds.
    Sbom,
    /// The statement of provenance is one, and the one that the manifest binds.
    Provenance,
    /// The statement is about this image.
    ProvenanceSubject,
    /// A build key of the root has signed the statement.
    ProvenanceSignature,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Step; 13] = [
        Step::Container,
        Step::Manifest,
        Step::DigestStrength,
        Step::BuildSignature,
        Step::Approval,
        Step::PayloadSize,
        Step::PayloadDigest,
        Step::PayloadSha384,
        Step::Banks,
        Step::Sbom,
        Step::Provenance,
        Step::ProvenanceSubject,
        Step::ProvenanceSignature,
    ];

    const OF_SIGNATURES: [Step; 3] = [Step::DigestStrength, Step::BuildSignature, Step::Approval];

    /// Whether there are sound releases of which there is nothing to ask here.
    fn is_optional(self) -> bool {
        matches!(self, Step::PayloadSha384 | Step::Banks)
    }

    /// Whether a device asks this too. It never sees what only accompanies a release.
    pub fn is_asked_by_devices(self) -> bool {
        use Step::{Provenance, ProvenanceSignature, ProvenanceSubject, Sbom};
        !matches!(
            self,
            Sbom | Provenance | ProvenanceSubject | ProvenanceSignature
        )
    }
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed {
        /// Stable id of the reason.
        id: &'static str,
        /// What is wrong.
        cause: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// Not asked.
    NotApplicable {
        /// Why not.
        why: &'static str,
    },
}

/// One step and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was asked.
    pub step: Step,
    /// The answer.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Whether nothing failed, and every step that a device asks was asked: the only state in which one
/// installs. If nothing failed, the SHA-384 and the banks are left out only where there are none to ask for.
pub fn all_passed(checks: &[Check]) -> bool {
    first_failure(checks).is_none()
        && checks
            .iter()
            .filter(|check| check.step.is_asked_by_devices() && !check.step.is_optional())
            .all(|check| check.outcome == Outcome::Passed)
}

/// The first step that failed, if any did.
pub fn first_failure(checks: &[Check]) -> Option<&Check> {
    checks
        .iter()
        .find(|check| matches!(check.outcome, Outcome::Failed { .. }))
}

const NO_ROOT: &str = "no root was given, so nobody can say whose signatures count";
const NOT_WHOLE: &str = "an earlier check failed, so there is nothing to ask this of";
const NO_SHA384: &str = "the release is bound by SHA-256";
const NO_BANKS: &str = "the release has one image for every place";
const NO_BUILD: &str = "it is asked once the build signature is good";

/// Asks every question of an artifact file, reading its payload once if it has come so far.
pub fn check(
    source: &mut (impl Read + Seek),
    root: Option<&Verified<Root<'_>>>,
    companions: Companions<'_>,
    primitives: &impl Primitives,
) -> Vec<Check> {
    let mut asked = Asked::default();
    let Some(file) = asked.answer(Step::Container, ArtifactFile::read(source)) else {
        return asked.skip_rest(NOT_WHOLE);
    };
    let opened = blocks::open(&file.envelope, primitives);
    let opened = opened.map_err(|refusal| finding::manifest(refusal, &file.envelope, primitives));
    let Some((_, manifest)) = asked.answer(Step::Manifest, opened) else {
        return asked.skip_rest(NOT_WHOLE);
    };
    match root {
        Some(root) => asked.signatures(&file.envelope, &manifest, root, primitives),
        None => asked.skip(&Step::OF_SIGNATURES, NO_ROOT),
    }
    asked.payload(&file, &manifest, source, primitives);
    companions::ask(&mut asked, companions, &manifest, root, primitives);
    asked.0
}
