//! A house with its keys and its root, which makes releases and bundles for the rig's device.

use anyhow::Context as _;
use mainstay_artifact::bundle_file::{BundleParts, write};
use mainstay_artifact::signer::FakeSigner;
use mainstay_artifact::{
    Approval, ClassName, Member, PackRequest, RootDraft, add_approval, add_build_signature,
    document_file, pack::pack,
};
use mainstay_trust::{
    BootloaderVersion, BundleStatement, Digest, DigestAlgorithm, Envelope, List, Mark, Revocations,
    Role, Root, RustCrypto, verify,
};

use crate::flash::Release;

/// When everything here was signed, in Unix seconds. The device has no clock to compare it with.
const SIGNED_AT: u64 = 1_780_000_000;

/// The oldest boot loader that releases ask for: the rig's own.
pub(crate) const BOOTLOADER: BootloaderVersion = BootloaderVersion {
    major: 1,
    minor: 0,
    patch: 0,
};

/// People with keys, and the root that names them.
pub struct House {
    engineer: FakeSigner,
    manager: FakeSigner,
    operator: FakeSigner,
    guardian: FakeSigner,
    custodian: FakeSigner,
    draft: RootDraft,
    /// Signed roots, oldest first. Devices leave the factory with the first one.
    roots: Vec<Vec<u8>>,
    revocations: Option<Vec<u8>>,
}

impl House {
    /// A new one; its keys follow from the people's names.
    ///
    /// # Errors
    /// If the root can't be signed.
    pub fn new() -> anyhow::Result<Self> {
        let people = ["ana", "sam", "kim", "rae", "gil", "server"];
        let [engineer, manager, operator, custodian, guardian, server] =
            people.map(FakeSigner::new);
        let draft = RootDraft {
            version: 1,
            vendor: "company.example".to_owned(),
            environment: "production".to_owned(),
            issued: SIGNED_AT - 1000,
            expires: SIGNED_AT + 100_000_000,
            members: vec![
                Member::of(Role::Root, &custodian),
                Member::of(Role::Build, &engineer),
                Member::of(Role::Release, &manager),
                Member::of(Role::Operations, &operator),
                Member::of(Role::Status, &server),
            ],
            ..RootDraft::default()
        };
        let root = draft
            .signed(&[&custodian], &RustCrypto)
            .context("the root")?;
        Ok(Self {
            engineer,
            manager,
            operator,
            guardian,
            custodian,
            draft,
            roots: vec![root],
            revocations: None,
        })
    }

    /// The signed root that devices leave the factory with.
    #[must_use]
    pub fn first_root(&self) -> &[u8] {
        &self.roots[0]
    }

    /// Lets the next root follow, which has somebody to revoke, and their first word, which withdraws nothing.
    ///
    /// # Errors
    /// If something can't be signed.
    pub fn change_root(&mut self) -> anyhow::Result<()> {
        self.draft.version += 1;
        self.draft
            .members
            .push(Member::of(Role::Revocation, &self.guardian));
        let unsigned = self.draft.unsigned(&RustCrypto)?;
        let signed =
            document_file::add_signature::<Root<'_>>(&unsigned, &self.custodian, &RustCrypto)?;
        self.roots.push(signed);
        let revocations = Revocations {
            digest: Digest::ZERO,
            epoch: 0,
            seq: 1,
            issued: SIGNED_AT,
            next_update: SIGNED_AT + 30 * 86_400,
            keys: List::default(),
            releases: List::default(),
            minimums: List::default(),
        };
        let signed = document_file::sign(&revocations, &[&self.guardian], &RustCrypto)?;
        self.revocations = Some(signed);
        Ok(())
    }

    fn root(&self) -> &[u8] {
        &self.roots[self.roots.len() - 1]
    }

    /// The class of the rig's devices.
    ///
    /// # Errors
    /// Never for these names.
    pub fn class(&self) -> anyhow::Result<ClassName> {
        Ok(ClassName::new(
            "company.example",
            "production",
            "microbit",
            "v1",
        )?)
    }

    /// A release of this image, signed by two people; its number is its sequence and its version.
    ///
    /// # Errors
    /// If it can't be packed or signed.
    pub fn release(&self, number: u64, image: Vec<u8>) -> anyhow::Result<Release> {
        let request = PackRequest {
            class: self.class()?,
            version: format!("{number}.0.0"),
            sequence: number,
            security_floor: 0,
            use_before: None,
            bootloader_min: BOOTLOADER,
            returns_to: Vec::new(),
            sbom: None,
            provenance: None,
            digest: DigestAlgorithm::Sha256,
            bank_a_bytes: None,
        };
        let packed = pack(&request, &mut &*image, &RustCrypto)?.envelope;
        let built = add_build_signature(&packed, &self.engineer, None, &RustCrypto)?;
        let root = verify::pinned_root(self.root(), &RustCrypto)?;
        let approval = Approval {
            plan: Digest([1; 32]),
            evidence: Digest([2; 32]),
        };
        let envelope = add_approval(&built, &self.manager, approval, &root, &RustCrypto)?;
        Ok(Release { envelope, image })
    }

    /// The bundle file of a release, signed by operations.
    ///
    /// # Errors
    /// If it can't be signed or written.
    pub fn bundle(&self, release: &Release) -> anyhow::Result<Vec<u8>> {
        let statement = BundleStatement {
            release: Envelope::parse(&release.envelope)?.identity(&RustCrypto),
            revocations: self.revocations_mark()?,
            issued: SIGNED_AT,
            expires: SIGNED_AT + 86_400,
        };
        let statement = document_file::sign(&statement, &[&self.operator], &RustCrypto)?;
        let parts = BundleParts {
            roots: &self.roots,
            revocations: self.revocations.as_deref(),
            statement: &statement,
            envelope: &release.envelope,
        };
        let mut file = Vec::new();
        let image = &release.image;
        write(&mut file, &parts, &mut image.as_slice(), image.len() as u64)?;
        Ok(file)
    }

    fn revocations_mark(&self) -> anyhow::Result<Mark> {
        match &self.revocations {
            Some(signed) => Ok(document_file::read::<Revocations<'_>>(signed)?.mark()),
            None => Ok(Mark::default()),
        }
    }
}
