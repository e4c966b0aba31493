//! The answers so far, in the order of the questions.

use std::io::{self, Read, Seek};

use mainstay_trust::{
    Banks, Image, Manifest, Primitives, Refusal, Role, Root, Verified, strength, verify,
};

use super::finding::{self, Finding};
use super::{Check, NO_BANKS, NO_BUILD, NO_SHA384, NOT_WHOLE, Outcome, Step};
use crate::blocks;
use crate::container::ArtifactFile;
use crate::pack::copy_measured;
use crate::payload::{MeasuringPayload, Payload};

/// The answers so far.
#[derive(Default)]
pub(super) struct Asked(pub Vec<Check>);

impl Asked {
    pub fn signatures(
        &mut self,
        bytes: &[u8],
        manifest: &Manifest<'_>,
        root: &Verified<Root<'_>>,
        primitives: &impl Primitives,
    ) {
        let strength = strength::check(manifest, root.get(), primitives)
            .map_err(|refusal| finding::strength(refusal, manifest));
        if self.answer(Step::DigestStrength, strength).is_none() {
            return self.skip(&[Step::BuildSignature, Step::Approval], NOT_WHOLE);
        }
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
            return self.skip(
                &[Step::PayloadDigest, Step::PayloadSha384, Step::Banks],
                NOT_WHOLE,
            );
        }
        match measured(file, manifest, source, primitives) {
            Ok(found) => {
                self.digests(&manifest.image(), &found.whole);
                self.banks(manifest.banks, found.banks);
            }
            Err(finding) => {
                self.answer(Step::PayloadDigest, Err::<(), _>(finding));
                self.skip(&[Step::PayloadSha384, Step::Banks], NOT_WHOLE);
            }
        }
    }

    fn banks(&mut self, expected: Option<Banks>, found: Option<Banks>) {
        let (Some(expected), Some(found)) = (expected, found) else {
            return self.skip(&[Step::Banks], NO_BANKS);
        };
        let pairs = expected.images().into_iter().zip(found.images());
        let same = pairs
            .map(|(expected, found)| check_part(&expected, &found))
            .collect::<Result<Vec<()>, _>>();
        self.answer(Step::Banks, same);
    }

    fn digests(&mut self, expected: &Image, found: &Image) {
        let same = finding::equal(expected.digest, found.digest, Refusal::PayloadDigest);
        self.answer(Step::PayloadDigest, same);
        match (expected.sha384, found.sha384) {
            (Some(expected), Some(found)) => {
                let same = finding::equal(expected, found, Refusal::PayloadDigest);
                self.answer(Step::PayloadSha384, same);
            }
            (Some(_), None) => {
                self.answer(Step::PayloadSha384, Err::<(), _>(Refusal::PayloadDigest));
            }
            (None, _) => self.skip(&[Step::PayloadSha384], NO_SHA384),
        }
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

fn measured(
    file: &ArtifactFile,
    manifest: &Manifest<'_>,
    source: &mut (impl Read + Seek),
    primitives: &impl Primitives,
) -> Result<Payload, Finding> {
    let mut payload = file.payload_reader(source)?;
    let measuring = MeasuringPayload::of(manifest, primitives);
    Ok(copy_measured(&mut payload, &mut io::sink(), measuring)?)
}

fn check_part(expected: &Image, found: &Image) -> Result<(), Finding> {
    let told = |refusal| Finding::from(refusal).told(expected.digest, found.digest);
    expected.check(found).map_err(told)
}
