//! Checking an artifact file: each demand by itself, so that a person sees which of them it fails.
//!
//! The verdicts are those of `trust`, the code that devices run; nothing is decided here but what
//! is still worth asking after a failure. Whether a *particular* device may install the release is
//! not asked: that takes the device's own facts. Read [`check`] first.

use std::io::{Read, Seek};

use mainstay_trust::{Manifest, Primitives, Refusal, Root, Verified, verify};
use serde::Serialize;

use crate::blocks;
use crate::container::{ArtifactFile, ContainerError};
use crate::pack::measure;

/// What is asked of an artifact, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The file is one whole artifact, and nothing follows it.
    Container,
    /// The envelope is of our profile, and its digest is its manifest's.
    Manifest,
    /// Role build has signed to its threshold.
    BuildSignature,
    /// Role release, and any other role that the root demands, has signed to its threshold.
    Approval,
    /// The payload has the size that the manifest says.
    PayloadSize,
    /// The payload has the digest that the manifest says.
    PayloadDigest,
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

/// Whether every step was asked and passed: the only state in which a device installs.
pub fn all_passed(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.outcome == Outcome::Passed)
}

/// The first step that failed, if any did.
pub fn first_failure(checks: &[Check]) -> Option<&Check> {
    checks
        .iter()
        .find(|check| matches!(check.outcome, Outcome::Failed { .. }))
}

const NO_ROOT: &str = "no root was given, so nobody can say whose signatures count";
const NOT_WHOLE: &str = "an earlier check failed, so there is nothing to ask this of";
const NO_BUILD: &str = "it is asked once the build signature is good";

/// Asks every question of an artifact file, reading its payload once if it has come so far.
pub fn check(
    source: &mut (impl Read + Seek),
    root: Option<&Verified<Root<'_>>>,
    primitives: &impl Primitives,
) -> Vec<Check> {
    let mut asked = Asked(Vec::with_capacity(6));
    let Some(file) = asked.answer(Step::Container, ArtifactFile::read(source)) else {
        return asked.skip_rest(NOT_WHOLE);
    };
    let opened = blocks::open(&file.envelope, primitives);
    let Some((_, manifest)) = asked.answer(Step::Manifest, opened) else {
        return asked.skip_rest(NOT_WHOLE);
    };
    match root {
        Some(root) => asked.signatures(&file.envelope, root, primitives),
        None => asked.skip(&[Step::BuildSignature, Step::Approval], NO_ROOT),
    }
    asked.payload(&file, &manifest, source, primitives);
    asked.0
}

struct Asked(Vec<Check>);

impl Asked {
    fn signatures(
        &mut self,
        bytes: &[u8],
        root: &Verified<Root<'_>>,
        primitives: &impl Primitives,
    ) {
        let built = blocks::open(bytes, primitives)
            .and_then(|(envelope, _)| blocks::check_build(&envelope, root, primitives));
        if self.answer(Step::BuildSignature, built).is_none() {
            return self.skip(&[Step::Approval], NO_BUILD);
        }
        self.answer(Step::Approval, verify::release(bytes, root, primitives));
    }

    fn payload(
        &mut self,
        file: &ArtifactFile,
        manifest: &Manifest<'_>,
        source: &mut (impl Read + Seek),
        primitives: &impl Primitives,
    ) {
        let size = expect(
            file.payload_len == manifest.image_bytes.into(),
            Refusal::PayloadSize,
        );
        if self.answer(Step::PayloadSize, size).is_none() {
            return self.skip(&[Step::PayloadDigest], NOT_WHOLE);
        }
        let digest = file
            .payload_reader(source)
            .map_err(Reason::from)
            .and_then(|mut payload| {
                let (digest, _) = measure(&mut payload, primitives).map_err(Reason::from)?;
                Ok(expect(
                    digest.ct_eq(&manifest.image_digest),
                    Refusal::PayloadDigest,
                )?)
            });
        self.answer(Step::PayloadDigest, digest);
    }

    /// Writes down how a step ended, and hands on what it found.
    fn answer<T>(&mut self, step: Step, found: Result<T, impl Into<Reason>>) -> Option<T> {
        match found {
            Ok(found) => {
                self.0.push(Check {
                    step,
                    outcome: Outcome::Passed,
                });
                Some(found)
            }
            Err(reason) => {
                let Reason { id, cause, cure } = reason.into();
                self.0.push(Check {
                    step,
                    outcome: Outcome::Failed { id, cause, cure },
                });
                None
            }
        }
    }

    fn skip(&mut self, steps: &[Step], why: &'static str) {
        let skipped = |step: &Step| Check {
            step: *step,
            outcome: Outcome::NotApplicable { why },
        };
        self.0.extend(steps.iter().map(skipped));
    }

    fn skip_rest(mut self, why: &'static str) -> Vec<Check> {
        use Step::{Approval, BuildSignature, Container, Manifest, PayloadDigest, PayloadSize};
        let all = [
            Container,
            Manifest,
            BuildSignature,
            Approval,
            PayloadSize,
            PayloadDigest,
        ];
        let asked = self.0.len();
        self.skip(&all[asked..], why);
        self.0
    }
}

fn expect(holds: bool, otherwise: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// The three columns that every error of ours has.
struct Reason {
    id: &'static str,
    cause: String,
    cure: &'static str,
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        let cause = refusal.cause().to_owned();
        Self {
            id: refusal.id(),
            cause,
            cure: refusal.cure(),
        }
    }
}

impl From<ContainerError> for Reason {
    fn from(error: ContainerError) -> Self {
        Self {
            id: error.id(),
            cause: error.to_string(),
            cure: error.cure(),
        }
    }
}

impl From<crate::pack::PackError> for Reason {
    fn from(error: crate::pack::PackError) -> Self {
        Self {
            id: error.id(),
            cause: error.to_string(),
            cure: error.cure(),
        }
    }
}
