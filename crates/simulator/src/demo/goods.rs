//! The releases of the story: packed, built, approved, and kept as artifact files.

use mainstay_artifact::{
    Approval, ClassName, PackRequest, add_approval, add_build_signature, container, pack::pack,
};
use mainstay_keys::HostPrimitives;
use mainstay_plan::{Class, Plan};
use mainstay_release::NO_EVIDENCE;
use mainstay_trust::{BootloaderVersion, Digest, DigestAlgorithm, verify};

use super::cast::Cast;
use super::error::DemoError;
use super::folder::Folder;

/// One release and its image.
#[derive(Debug, Clone)]
pub struct Release {
    /// The version that people read.
    pub version: String,
    /// Its place in the class's order.
    pub sequence: u64,
    /// The envelope, as far as it is signed.
    pub envelope: Vec<u8>,
    /// The image.
    pub image: Vec<u8>,
    /// The release's identity.
    pub manifest: Digest,
    /// The image's digest.
    pub image_digest: Digest,
}

/// What is to be packed.
pub struct Order<'a> {
    /// The class's full name, with environment and hardware group.
    pub class: ClassName,
    /// The version that people read.
    pub version: &'a str,
    /// Its place in the class's order.
    pub sequence: u64,
    /// The releases that devices may return to from it.
    pub returns_to: &'a [Digest],
    /// The image.
    pub image: &'a [u8],
}

/// The full name by which a plan's devices of a class know themselves.
///
/// # Errors
/// If the plan's names make none.
pub fn class_name(plan: &Plan, class: &Class) -> Result<ClassName, DemoError> {
    ClassName::parse(&class.group_name(plan.environment)).map_err(|error| DemoError::Options {
        what: error.to_string(),
        cure: "use shorter names in the plan",
    })
}

/// Packs a release; nobody has signed it yet.
///
/// # Errors
/// If the image can't be packed.
pub fn packed(order: &Order<'_>) -> Result<Release, DemoError> {
    let request = PackRequest {
        class: order.class.clone(),
        version: order.version.to_owned(),
        sequence: order.sequence,
        security_floor: 0,
        use_before: None,
        bootloader_min: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        returns_to: order.returns_to.to_vec(),
        sbom: None,
        provenance: None,
        digest: DigestAlgorithm::Sha256,
        bank_a_bytes: None,
    };
    let packed = pack(&request, &mut &*order.image, &HostPrimitives)?;
    Ok(Release {
        version: order.version.to_owned(),
        sequence: order.sequence,
        envelope: packed.envelope,
        image: order.image.to_vec(),
        manifest: packed.manifest_digest,
        image_digest: packed.image_digest,
    })
}

impl Release {
    /// The release, signed by its builder.
    ///
    /// # Errors
    /// If the key doesn't sign.
    pub fn built(mut self, cast: &Cast) -> Result<Self, DemoError> {
        let root = verify::pinned_root(&cast.root, &HostPrimitives)?;
        let (signer, root) = (&cast.engineer, Some(&root));
        self.envelope = add_build_signature(&self.envelope, signer, root, &HostPrimitives)?;
        Ok(self)
    }

    /// The release, approved under a plan.
    ///
    /// # Errors
    /// If it isn't built, or the key doesn't sign.
    pub fn approved(mut self, cast: &Cast, plan: &Plan) -> Result<Self, DemoError> {
        let root = verify::pinned_root(&cast.root, &HostPrimitives)?;
        let approval = Approval {
            plan: Digest(plan.digest.0),
            evidence: NO_EVIDENCE,
        };
        let signer = &cast.release_manager;
        self.envelope = add_approval(&self.envelope, signer, approval, &root, &HostPrimitives)?;
        Ok(self)
    }

    /// The artifact file's bytes.
    ///
    /// # Errors
    /// If the release is over a bound.
    pub fn file(&self) -> Result<Vec<u8>, DemoError> {
        container::to_bytes(&self.envelope, &self.image).map_err(|error| DemoError::Step {
            id: error.id().to_owned(),
            cause: error.to_string(),
            cure: error.cure().to_owned(),
        })
    }

    /// Keeps the artifact in the demonstration's folder.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn keep(&self, folder: &Folder) -> Result<(), DemoError> {
        folder.write(
            &format!("artifacts/{}.mainstay", self.version),
            &self.file()?,
        )?;
        Ok(())
    }
}
