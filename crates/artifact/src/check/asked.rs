//! The answers so far, in the order of the questions.

use std::io::{Read, Seek};

use mainstay_trust::{Manifest, Primitives, Refusal, Role, Root, Verified, verify};

use super::finding::{self, Finding};
use super::{Check, NO_BUILD, NOT_WHOLE, Outcome, Step};
use crate::blocks;
use crate::container::ArtifactFile;
use crate::pack::measure;

/// The answers so far.
#[derive(Default)]
pub(super) struct Asked(pub Vec<Check>);

impl Asked {
    pub fn signatures(
        &mut self,
        bytes: &[u8],
        root: &Verified<Root<'_>>,
        primitives: &impl Primitives,
    ) {
        let tell = |role| move |refusal: Refusal| finding::signers(refusal, role, bytes, root);
        let built = blocks::open(bytes, primitives)
            .and_then(|(envelope, _)| blocks::check_build(&envelope, root, primitives));
        let built = built.map_err(tell(Role::Build));
        if self.answer(Step::BuildSignature, built).is_none() {
            return self.skip(&[Step::Approval], NO_BUILD);
        }
        let approved = verify::release(bytes, root, primitives).map_err(tell(Role::Release));
        self.answer(Step::Approval, approved);
    }

    pub fn payload(
        &mut self,
        file: &ArtifactFile,
        manifest: &Manifest<'_>,
        source: &mut (impl Read + Seek),
        primitives: &impl Primitives,
    ) {
        let size = finding::equal(
            u64::from(manifest.image_bytes),
            file.payload_len,
            Refusal::PayloadSize,
        );
        if self.answer(Step::PayloadSize, size).is_none() {
            return self.skip(&[Step::PayloadDigest], NOT_WHOLE);
        }
        let digest = file
            .payload_reader(source)
            .map_err(Finding::from)
            .and_then(|mut payload| {
                let (digest, _) = measure(&mut payload, primitives)?;
                finding::equal(manifest.image_digest, digest, Refusal::PayloadDigest)
            });
        self.answer(Step::PayloadDigest, digest);
    }

    /// Writes down how a step ended, and hands on what it found.
    pub fn answer<T>(&mut self, step: Step, found: Result<T, impl Into<Finding>>) -> Option<T> {
        let (outcome, found) = match found {
            Ok(found) => (Outcome::Passed, Some(found)),
            Err(finding) => (finding.into().into_outcome(), None),
        };
        self.0.push(Check { step, outcome });
        found
    }

    pub fn skip(&mut self, steps: &[Step], why: &'static str) {
        let skipped = |step: &Step| Check {
            step: *step,
            outcome: Outcome::NotApplicable { why },
        };
        self.0.extend(steps.iter().map(skipped));
    }

    pub fn skip_rest(mut self, why: &'static str) -> Vec<Check> {
        let asked = self.0.len();
        self.skip(&Step::ALL[asked..], why);
        self.0
    }
}
