//! What an artifact says of itself, and who vouches for it, as one typed report.
//!
//! Showing is not believing: without a root the report repeats what the envelope claims.
//! [`check`](mod@crate::check) answers whether any of it is true. Read [`Report`] first; what is in
//! the file beside the envelope is told by [`Measured`].

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use mainstay_trust::cose::{Approval, Block};
use mainstay_trust::{
    Digest, Digest384, Envelope, Hasher, Manifest, Measuring, Primitives, Refusal, Role, Root,
    SuitDigest, Verified,
};
use serde::Serialize;

use crate::blocks::{self, SeenBlock};
use crate::container::{ArtifactFile, ContainerError, PIECE_BYTES};
use crate::identity::{ClassName, uuid_text};

/// An artifact, field by field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The release's identity.
    pub manifest_digest: Digest,
    /// What binds signatures, manifest and image: `sha256` or `sha384`.
    pub digest: &'static str,
    /// SHA-384 of the manifest, which the signatures cover if the release is bound by it.
    pub manifest_sha384: Option<Digest384>,
    /// The version that people read.
    pub version: String,
    /// Its place in the order of its class's releases.
    pub sequence: u64,
    /// Vendor id, as a hyphenated UUID.
    pub vendor_id: String,
    /// Class id, as a hyphenated UUID.
    pub class_id: String,
    /// SHA-256 of the image, as the manifest says.
    pub image_digest: Digest,
    /// SHA-384 of the image, as the manifest says, if the release is bound by it.
    pub image_sha384: Option<Digest384>,
    /// Bytes of the image, as the manifest says.
    pub image_bytes: u64,
    /// What the payload is made of, if there is an image for each of two banks: first A, then B. The image above
    /// is then all of it.
    pub banks: Option<[BankReport; 2]>,
    /// Bytes of the envelope.
    pub envelope_bytes: u64,
    /// Bytes of the manifest within it.
    pub manifest_bytes: u64,
    /// Once confirmed, nothing with a lower sequence is installed again.
    pub security_floor: u64,
    /// The moment by which installing must begin, in Unix seconds.
    pub use_before: Option<u64>,
    /// The oldest bootloader that may start it, as `major.minor.patch`.
    pub bootloader_min: String,
    /// The releases that a device may go back to, by manifest digest.
    pub returns_to: Vec<Digest>,
    /// SHA-256 of the bill of materials.
    pub sbom: Option<Digest>,
    /// SHA-256 of the statement of how it was built.
    pub provenance: Option<Digest>,
    /// Who signed.
    pub signers: Vec<SignerReport>,
}

/// The image for one bank, as the manifest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BankReport {
    /// Its SHA-256.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: u64,
}

/// One signature block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignerReport {
    /// The key that it names, as 32 hexadecimal digits.
    pub key_id: String,
    /// Who holds that key; null without a root, or if the root doesn't list it.
    pub holder: Option<String>,
    /// The roles of that key by the root: `build`, `release`, ...
    pub roles: Vec<&'static str>,
    /// For an approval, the plan revision that it rests on.
    pub plan: Option<Digest>,
    /// For an approval, the set of evidence that it rests on.
    pub evidence: Option<Digest>,
    /// `good`, `not-checked` (no root was given), or the id of the refusal that it would meet.
    pub verdict: &'static str,
}

impl Report {
    /// Whether the release is for this class, by both ids.
    pub fn is_for(&self, class: &ClassName) -> bool {
        let ids = (uuid_text(&class.vendor_id()), uuid_text(&class.class_id()));
        (&self.vendor_id, &self.class_id) == (&ids.0, &ids.1)
    }
}

/// What an artifact file holds, found by reading it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// SHA-256 of the whole file, as `sha256sum` prints it.
    pub file_digest: Digest,
    /// Bytes of the whole file.
    pub file_bytes: u64,
    /// SHA-256 of the image that is in it, whatever the manifest says.
    pub image_found: Digest,
    /// Its SHA-384, if the release is bound by that.
    pub image_found_sha384: Option<Digest384>,
    /// Bytes of the image that is in it.
    pub image_found_bytes: u64,
}

/// Reads an artifact file once, from its start; `file` is its frame.
pub fn measure(
    file: &ArtifactFile,
    source: &mut (impl Read + Seek),
    primitives: &impl Primitives,
) -> Result<Measured, ContainerError> {
    let bound_by = Envelope::parse(&file.envelope).map(|envelope| envelope.digest.algorithm());
    let image = Measuring::new(bound_by.unwrap_or_default(), primitives);
    let mut whole = primitives.hasher();
    source.seek(SeekFrom::Start(0))?;
    let mut prefix = Vec::new();
    let prefix_bytes = source.take(file.payload_offset).read_to_end(&mut prefix)? as u64;
    whole.update(&prefix);
    let mut both = Both { whole, image };
    let mut pieces = BufReader::with_capacity(PIECE_BYTES, source.take(file.payload_len));
    io::copy(&mut pieces, &mut both)?;
    let image = both.image.finish();
    Ok(Measured {
        file_digest: both.whole.finish(),
        file_bytes: prefix_bytes + image.bytes,
        image_found: image.digest,
        image_found_sha384: image.sha384,
        image_found_bytes: image.bytes,
    })
}

/// Hashes what is written to it for the whole file and for its image.
struct Both<P: Primitives> {
    whole: P::Hasher,
    image: Measuring<P>,
}

impl<P: Primitives> io::Write for Both<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.whole.update(bytes);
        self.image.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reports on an envelope that is whole; with a root, its blocks are judged, each alone.
pub fn inspect(
    envelope: &[u8],
    root: Option<&Verified<Root<'_>>>,
    primitives: &impl Primitives,
) -> Result<Report, Refusal> {
    let (opened, manifest) = blocks::open(envelope, primitives)?;
    let signers = match root {
        Some(root) => blocks::seen(envelope, root, primitives)?
            .into_iter()
            .map(judged)
            .collect(),
        None => opened
            .blocks
            .iter()
            .map(claimed)
            .collect::<Result<_, _>>()?,
    };
    Ok(report(&opened, &manifest, envelope.len(), signers))
}

fn report(
    envelope: &Envelope<'_>,
    manifest: &Manifest<'_>,
    envelope_bytes: usize,
    signers: Vec<SignerReport>,
) -> Report {
    Report {
        manifest_digest: manifest.digest,
        digest: envelope.digest.algorithm().id(),
        manifest_sha384: match envelope.digest {
            SuitDigest::Sha256(_) => None,
            SuitDigest::Sha384(digest) => Some(digest),
        },
        version: manifest.version.to_owned(),
        sequence: manifest.sequence,
        vendor_id: uuid_text(&manifest.vendor_id),
        class_id: uuid_text(&manifest.class_id),
        image_digest: manifest.image_digest,
        image_sha384: manifest.image_sha384,
        image_bytes: manifest.image_bytes.into(),
        banks: manifest.banks.map(|banks| {
            banks.images().map(|image| BankReport {
                digest: image.digest,
                bytes: image.bytes,
            })
        }),
        envelope_bytes: envelope_bytes as u64,
        manifest_bytes: envelope.manifest.len() as u64,
        security_floor: manifest.security_floor,
        use_before: manifest.use_before,
        bootloader_min: manifest.bootloader_min.to_string(),
        returns_to: manifest.returns_to.iter().collect(),
        sbom: manifest.sbom,
        provenance: manifest.provenance,
        signers,
    }
}

fn judged(block: SeenBlock) -> SignerReport {
    SignerReport {
        key_id: block.key_id.to_string(),
        holder: block.holder,
        roles: block.roles.into_iter().map(Role::id).collect(),
        plan: block.approval.map(|approval| approval.plan),
        evidence: block.approval.map(|approval| approval.evidence),
        verdict: block.verdict.map_or_else(Refusal::id, |()| "good"),
    }
}

fn claimed(bytes: &[u8]) -> Result<SignerReport, Refusal> {
    let protected = Block::parse(bytes)?.protected;
    let approval: Option<Approval> = protected.approval;
    Ok(SignerReport {
        key_id: protected.kid.to_string(),
        holder: None,
        roles: Vec::new(),
        plan: approval.map(|approval| approval.plan),
        evidence: approval.map(|approval| approval.evidence),
        verdict: "not-checked",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::{FakeSigner, Signer as _};
    use crate::tests::fixture;
    use mainstay_trust::{RustCrypto, verify};

    #[test]
    fn with_a_root_each_signer_has_a_name_and_a_verdict() {
        let document = fixture::root();
        let root = verify::pinned_root(&document, &RustCrypto).unwrap();
        let stranger = FakeSigner::new("stranger");
        let envelope = fixture::approved();
        let envelope = crate::add_build_signature(&envelope, &stranger, None, &RustCrypto).unwrap();
        let report = inspect(&envelope, Some(&root), &RustCrypto).unwrap();
        let found: Vec<_> = report
            .signers
            .iter()
            .map(|s| {
                (
                    s.holder.as_deref(),
                    s.roles.clone(),
                    s.plan.is_some(),
                    s.verdict,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                (Some("ana@northwind.example"), vec!["build"], false, "good"),
                (Some("mia@northwind.example"), vec!["release"], true, "good"),
                (None, vec![], false, "trust.unsigned"),
            ]
        );
        assert_eq!(report.signers[2].key_id, stranger.key_id().to_string());
        assert!(report.is_for(&fixture::request().class));
    }

    #[test]
    fn without_a_root_it_repeats_claims_and_judges_nothing() {
        let report = inspect(&fixture::approved(), None, &RustCrypto).unwrap();
        assert!(
            report
                .signers
                .iter()
                .all(|s| s.verdict == "not-checked" && s.holder.is_none())
        );
        assert_eq!((report.version.as_str(), report.sequence), ("1.1.0", 2));
        assert_eq!(report.image_bytes, fixture::PAYLOAD.len() as u64);
        let staging = ClassName::parse("northwind.example/staging/thermo-v2/B+C").unwrap();
        assert!(!report.is_for(&staging));
    }

    #[test]
    fn a_changed_manifest_is_not_shown_as_if_it_were_whole() {
        let mut envelope = fixture::signed();
        let at = envelope.windows(5).position(|w| w == b"1.1.0").unwrap();
        envelope[at] = b'9';
        assert_eq!(
            inspect(&envelope, None, &RustCrypto),
            Err(Refusal::ManifestDigest)
        );
    }
}
