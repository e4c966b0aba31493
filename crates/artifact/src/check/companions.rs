//! The files that accompany a release without being in it: bill of materials and provenance.
//!
//! Devices never see them. The manifest binds each by its digest, so that two people's signatures
//! cover them too.

use std::io::Read;

use mainstay_trust::{Manifest, Primitives, Root, Verified};

use super::asked::Asked;
use super::finding::{self, Finding};
use super::{NO_ROOT, NOT_WHOLE, Step};
use crate::provenance::Provenance;
use crate::sbom::Sbom;

/// What was given beside the artifact.
#[derive(Default)]
pub struct Companions<'a> {
    /// The bill of materials, read once.
    pub sbom: Option<&'a mut dyn Read>,
    /// The bytes of the statement of provenance, within
    /// [`PROVENANCE_BYTES_MAX`](crate::provenance::PROVENANCE_BYTES_MAX).
    pub provenance: Option<&'a [u8]>,
}

const NO_SBOM_BOUND: &str = "the manifest binds no bill of materials";
const NO_SBOM: &str = "the manifest binds a bill of materials, but none was given (--sbom)";
const NO_PROVENANCE_BOUND: &str = "the manifest binds no provenance";
const NO_PROVENANCE: &str = "the manifest binds a provenance, but none was given (--provenance)";

/// Asks the steps that are about companions.
pub(super) fn ask(
    asked: &mut Asked,
    given: Companions<'_>,
    manifest: &Manifest<'_>,
    root: Option<&Verified<Root<'_>>>,
    primitives: &impl Primitives,
) {
    match (given.sbom, manifest.sbom) {
        (Some(sbom), _) => {
            asked.answer(Step::Sbom, check_sbom(sbom, manifest, primitives));
        }
        (None, Some(_)) => asked.skip(&[Step::Sbom], NO_SBOM),
        (None, None) => asked.skip(&[Step::Sbom], NO_SBOM_BOUND),
    }
    match (given.provenance, manifest.provenance) {
        (Some(bytes), _) => ask_provenance(asked, bytes, manifest, root, primitives),
        (None, bound) => {
            let why = bound.map_or(NO_PROVENANCE_BOUND, |_| NO_PROVENANCE);
            asked.skip(&PROVENANCE_STEPS, why);
        }
    }
}

const PROVENANCE_STEPS: [Step; 3] = [
    Step::Provenance,
    Step::ProvenanceSubject,
    Step::ProvenanceSignature,
];

fn check_sbom(
    sbom: &mut dyn Read,
    manifest: &Manifest<'_>,
    primitives: &impl Primitives,
) -> Result<(), Finding> {
    let found = Sbom::read(sbom, primitives)?.digest;
    if manifest.sbom == Some(found) {
        return Ok(());
    }
    let what = "bill of materials";
    Err(finding::unbound("sbom.unbound", what, manifest.sbom, found))
}

fn ask_provenance(
    asked: &mut Asked,
    bytes: &[u8],
    manifest: &Manifest<'_>,
    root: Option<&Verified<Root<'_>>>,
    primitives: &impl Primitives,
) {
    let read = Provenance::read(bytes, primitives);
    let bound = match &read {
        Ok(provenance) => check_bound(provenance, manifest),
        Err(error) => Err(error.clone().into()),
    };
    asked.answer(Step::Provenance, bound);
    let Ok(provenance) = read else {
        return asked.skip(&PROVENANCE_STEPS[1..], NOT_WHOLE);
    };
    let about = provenance.check_subject(&manifest.image_digest);
    asked.answer(Step::ProvenanceSubject, about);
    match root {
        Some(root) => {
            let signer = provenance.check_signer(root, manifest.sequence, primitives);
            asked.answer(Step::ProvenanceSignature, signer);
        }
        None => asked.skip(&[Step::ProvenanceSignature], NO_ROOT),
    }
}

fn check_bound(provenance: &Provenance, manifest: &Manifest<'_>) -> Result<(), Finding> {
    if manifest.provenance == Some(provenance.digest) {
        return Ok(());
    }
    Err(finding::unbound(
        "provenance.unbound",
        "provenance",
        manifest.provenance,
        provenance.digest,
    ))
}
