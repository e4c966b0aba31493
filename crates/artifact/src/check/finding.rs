//! What a failed check tells: the columns of its error, and what was expected and found.

use std::fmt::Display;

use mainstay_trust::cose::Block;
use mainstay_trust::{
    DigestAlgorithm, Envelope, Manifest, Primitives, Refusal, Role, Root, SuitDigest, Verified,
};

use super::Outcome;
use crate::container::ContainerError;
use crate::pack::PackError;
use crate::provenance::ProvenanceError;
use crate::sbom::SbomError;

/// One failure.
pub(super) struct Finding {
    id: &'static str,
    cause: String,
    expected: String,
    found: String,
    cure: &'static str,
}

impl Finding {
    pub fn into_outcome(self) -> Outcome {
        Outcome::Failed {
            id: self.id,
            cause: self.cause,
            expected: self.expected,
            found: self.found,
            cure: self.cure,
        }
    }

    /// The failure, with what was expected and found in plain words.
    pub fn told(self, expected: impl Display, found: impl Display) -> Self {
        Self {
            expected: expected.to_string(),
            found: found.to_string(),
            ..self
        }
    }

    fn new(id: &'static str, cause: &dyn Display, cure: &'static str) -> Self {
        let cause = cause.to_string();
        Self {
            id,
            found: cause.clone(),
            cause,
            expected: String::new(),
            cure,
        }
    }
}

/// Passes if both are the same. Nothing here is secret, so an ordinary comparison does.
pub(super) fn equal<T: PartialEq + Display>(
    expected: T,
    found: T,
    otherwise: Refusal,
) -> Result<(), Finding> {
    if expected == found {
        return Ok(());
    }
    Err(Finding::from(otherwise).told(expected, found))
}

/// Why an envelope isn't whole.
pub(super) fn manifest(refusal: Refusal, bytes: &[u8], primitives: &impl Primitives) -> Finding {
    let finding = Finding::from(refusal);
    match (refusal, Envelope::parse(bytes)) {
        (Refusal::ManifestDigest, Ok(envelope)) => {
            let algorithm = envelope.digest.algorithm();
            match SuitDigest::of(envelope.manifest, algorithm, primitives) {
                Ok(found) => finding.told(envelope.digest, found),
                Err(_) => finding,
            }
        }
        _ => finding.told("an envelope of the release profile", refusal.cause()),
    }
}

/// Bound by another hash than the root's signatures call for.
pub(super) fn strength(refusal: Refusal, manifest: &Manifest<'_>) -> Finding {
    let found = manifest.image().algorithm().id();
    Finding::from(refusal).told(DigestAlgorithm::Sha384.id(), found)
}

/// Who should have signed in `role`, and whose blocks there are. What each block is worth is told by
/// the refusal, and for each alone by [`inspect`](crate::inspect).
pub(super) fn signers(
    refusal: Refusal,
    role: Role,
    bytes: &[u8],
    root: &Verified<Root<'_>>,
) -> Finding {
    let found = match Envelope::parse(bytes) {
        Ok(envelope) if envelope.blocks.is_empty() => "no signature".to_owned(),
        Ok(envelope) => {
            let blocks = envelope.blocks.iter().map(|block| one(block, root.get()));
            blocks.collect::<Vec<_>>().join("; ")
        }
        Err(refusal) => refusal.cause().to_owned(),
    };
    Finding::from(refusal).told(demand(role, root.get()), found)
}

fn demand(role: Role, root: &Root<'_>) -> String {
    let rule = root.role(role);
    let keys = rule.keys.iter().filter_map(|id| root.key(&id));
    let mut holders: Vec<&str> = keys.map(|key| key.holder).collect();
    holders.dedup();
    format!(
        "in role {}, {} of: {}",
        role.id(),
        rule.threshold,
        holders.join(", ")
    )
}

fn one(block: &[u8], root: &Root<'_>) -> String {
    let Ok(block) = Block::parse(block) else {
        return "a malformed signature block".to_owned();
    };
    let id = block.protected.kid;
    let plays = |role: &Role| root.role(*role).keys.contains(&id);
    let roles = Role::ALL.into_iter().filter(plays).map(Role::id);
    match root.key(&id) {
        Some(key) => format!("{} [{}]", key.holder, roles.collect::<Vec<_>>().join(", ")),
        None => format!("a key that the root doesn't list, {id}"),
    }
}

impl From<Refusal> for Finding {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.id(), &refusal.cause(), refusal.cure())
    }
}

impl From<ContainerError> for Finding {
    fn from(error: ContainerError) -> Self {
        let whole = "one artifact file from its first byte to its last";
        let told = error.to_string();
        Self::new(error.id(), &error, error.cure()).told(whole, told)
    }
}

impl From<PackError> for Finding {
    fn from(error: PackError) -> Self {
        Self::new(error.id(), &error, error.cure()).told("an image that can be read", &error)
    }
}

impl From<SbomError> for Finding {
    fn from(error: SbomError) -> Self {
        let expected = "a bill of materials, CycloneDX or SPDX in JSON";
        Self::new(error.id(), &error, error.cure()).told(expected, &error)
    }
}

impl From<ProvenanceError> for Finding {
    fn from(error: ProvenanceError) -> Self {
        let (id, cure) = (error.id(), error.cure());
        let finding = Self::new(id, &error, cure);
        match &error {
            ProvenanceError::Subject { named, image } => finding.told(image, named),
            ProvenanceError::Unsigned { key_ids } => finding.told(
                "a good signature by a build key of the root",
                key_ids.join(", "),
            ),
            _ => finding.told("a DSSE envelope around an in-toto statement", &error),
        }
    }
}

/// A companion that the manifest binds to another digest, or to none.
pub(super) fn unbound(
    id: &'static str,
    what: &str,
    bound: Option<impl Display>,
    found: impl Display,
) -> Finding {
    let cause = format!("the {what} isn't the one that the manifest binds");
    let cure = "Give the file that was given to `mainstay artifact pack`.";
    let expected = bound.map_or_else(|| format!("no {what}"), |digest| digest.to_string());
    Finding::new(id, &cause, cure).told(expected, found)
}
