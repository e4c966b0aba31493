//! The vendor of these stories: keys, roots, revocations, releases and statuses.

#![expect(
    clippy::unwrap_used,
    reason = "a vendor that can't be set up fails its test"
)]

use mainstay_artifact::signer::FakeSigner;
use mainstay_artifact::{
    Approval, ClassName, Member, PackRequest, RootDraft, add_approval, add_build_signature,
    document_file, pack::pack,
};
use mainstay_device::Slot;
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{
    BootloaderVersion, BundleStatement, Digest, DigestAlgorithm, Envelope, List, Minimum,
    Revocations, Role, Root, Status, verify,
};

use crate::world::START_S;

/// One release, ready to be served.
#[derive(Clone)]
pub struct Release {
    pub envelope: Vec<u8>,
    pub image: Vec<u8>,
    pub manifest: Digest,
}

impl Release {
    /// What of its payload belongs into this slot.
    pub fn image_for(&self, slot: Slot) -> &[u8] {
        let envelope = Envelope::parse(&self.envelope).unwrap();
        let part = envelope.open(&RustCrypto).unwrap().part(slot.bank());
        let (from, bytes) = (part.offset as usize, part.image.bytes as usize);
        &self.image[from..from + bytes]
    }
}

/// The vendor: its keys and its root.
pub struct Vendor {
    /// Every root so far, signed; devices are made with the first one.
    pub roots: Vec<Vec<u8>>,
    /// The newest revocations, signed.
    pub revocations: Option<Vec<u8>>,
    /// How far ahead of the time a thief of the status key dates it, in seconds.
    pub status_ahead_s: u64,
    /// The newest root, to be changed for the next one.
    pub draft: RootDraft,
    pub engineer: FakeSigner,
    pub manager: FakeSigner,
    pub server: FakeSigner,
    pub operator: FakeSigner,
    pub guardian: FakeSigner,
    pub custodian: FakeSigner,
}

/// Whoever has this name.
pub fn somebody(name: &str) -> FakeSigner {
    FakeSigner::new(name)
}

impl Vendor {
    pub fn new() -> Self {
        let [engineer, manager, server, custodian] =
            ["ana@x.example", "sam@x.example", "server", "rae@x.example"].map(FakeSigner::new);
        let [operator, guardian] = ["kim@x.example", "gil@x.example"].map(FakeSigner::new);
        let draft = RootDraft {
            version: 1,
            vendor: "x.example".to_owned(),
            environment: "production".to_owned(),
            issued: START_S - 1000,
            expires: START_S + 100_000_000,
            members: vec![
                Member::of(Role::Root, &custodian),
                Member::of(Role::Build, &engineer),
                Member::of(Role::Release, &manager),
                Member::of(Role::Status, &server),
                Member::of(Role::Operations, &operator),
            ],
            ..RootDraft::default()
        };
        let root = draft.signed(&[&custodian], &RustCrypto).unwrap();
        Self {
            roots: vec![root],
            revocations: None,
            status_ahead_s: 0,
            draft,
            engineer,
            manager,
            server,
            operator,
            guardian,
            custodian,
        }
    }

    /// The newest root.
    pub fn root(&self) -> &[u8] {
        self.roots.last().unwrap()
    }

    /// Publishes the next root, changed, signed by `keepers` of the old and of the new one.
    pub fn next_root(&mut self, keepers: &[&FakeSigner], change: impl FnOnce(&mut RootDraft)) {
        let mut next = self.draft.clone();
        next.version += 1;
        change(&mut next);
        let mut signed = next.unsigned(&RustCrypto).unwrap();
        for keeper in keepers {
            signed =
                document_file::add_signature::<Root<'_>>(&signed, *keeper, &RustCrypto).unwrap();
        }
        self.draft = next;
        self.roots.push(signed);
    }

    /// Publishes revocations, changed from those that withdraw nothing.
    pub fn revoke(
        &mut self,
        seq: u64,
        issued: u64,
        change: impl FnOnce(&mut Revocations<'static>),
    ) {
        let epochs = self.draft.epochs.iter();
        let epoch = epochs.filter(|(role, _)| *role == Role::Revocation);
        let mut revocations = Revocations {
            digest: Digest::ZERO,
            epoch: epoch.map(|(_, epoch)| *epoch).sum(),
            seq,
            issued,
            next_update: issued + 30 * 86_400,
            keys: List::default(),
            releases: List::default(),
            minimums: List::default(),
        };
        change(&mut revocations);
        self.revocations =
            Some(document_file::sign(&revocations, &[&self.guardian], &RustCrypto).unwrap());
    }

    /// The least sequence number of the ordinary class.
    pub fn minimum(sequence: u64) -> List<'static, Minimum> {
        let class = Self::class("B").class_id();
        List::from(&*vec![Minimum { class, sequence }].leak())
    }

    /// The statement of a bundle of `release`.
    pub fn statement(&self, release: &Release, issued: u64) -> Vec<u8> {
        let mark = |signed: &Vec<u8>| {
            document_file::read::<Revocations<'_>>(signed)
                .unwrap()
                .mark()
        };
        let statement = BundleStatement {
            release: release.manifest,
            revocations: self.revocations.as_ref().map(mark).unwrap_or_default(),
            issued,
            expires: issued + 90 * 86_400,
        };
        document_file::sign(&statement, &[&self.operator], &RustCrypto).unwrap()
    }

    pub fn class(group: &str) -> ClassName {
        ClassName::new("x.example", "production", "thermo", group).unwrap()
    }

    /// A release that is built and approved.
    pub fn release(&self, sequence: u64, returns_to: &[&Release], image: &[u8]) -> Release {
        let request = Self::request("B", sequence, returns_to);
        self.approve(self.build(&request, image))
    }

    /// A release with an image for each slot.
    pub fn release_per_slot(&self, sequence: u64, images: [&[u8]; 2]) -> Release {
        let request = PackRequest {
            bank_a_bytes: Some(images[0].len() as u64),
            ..Self::request("B", sequence, &[])
        };
        self.approve(self.build(&request, &images.concat()))
    }

    pub fn request(group: &str, sequence: u64, returns_to: &[&Release]) -> PackRequest {
        PackRequest {
            class: Self::class(group),
            version: format!("{sequence}.0.0"),
            sequence,
            security_floor: 0,
            use_before: None,
            bootloader_min: BootloaderVersion {
                major: 1,
                minor: 0,
                patch: 0,
            },
            returns_to: returns_to.iter().map(|release| release.manifest).collect(),
            sbom: None,
            provenance: None,
            digest: DigestAlgorithm::Sha256,
            bank_a_bytes: None,
        }
    }

    /// A release that only its builder has signed.
    pub fn build(&self, request: &PackRequest, image: &[u8]) -> Release {
        let packed = pack(request, &mut &*image, &RustCrypto).unwrap();
        self.sign(&packed.envelope, image.to_vec())
    }

    /// What was packed, with its builder's signature.
    pub fn sign(&self, envelope: &[u8], image: Vec<u8>) -> Release {
        let manifest = Envelope::parse(envelope).unwrap().identity(&RustCrypto);
        let signed = add_build_signature(envelope, &self.engineer, None, &RustCrypto);
        Release {
            envelope: signed.unwrap(),
            image,
            manifest,
        }
    }

    pub fn approve(&self, release: Release) -> Release {
        let root = verify::pinned_root(self.root(), &RustCrypto).unwrap();
        let approval = Approval {
            plan: Digest([1; 32]),
            evidence: Digest([2; 32]),
        };
        let envelope = add_approval(
            &release.envelope,
            &self.manager,
            approval,
            &root,
            &RustCrypto,
        );
        Release {
            envelope: envelope.unwrap(),
            ..release
        }
    }

    pub fn status(&self, nonce: [u8; 16], now_s: u64) -> Vec<u8> {
        let now_s = now_s + self.status_ahead_s;
        let status = Status {
            seq: now_s,
            issued: now_s,
            expires: now_s + 3600,
            root_version: self.draft.version,
            revocations: self
                .revocations
                .as_deref()
                .map(|signed| verify::revocations_digest(signed, &RustCrypto).unwrap()),
            held: List::default(),
            nonce: Some(&nonce),
        };
        document_file::sign(&status, &[&self.server], &RustCrypto).unwrap()
    }
}
