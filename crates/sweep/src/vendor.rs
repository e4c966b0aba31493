//! The vendor of a campaign: keys, roots, revocations, releases and statuses.

use mainstay_artifact::{
    Approval, ClassName, Member, PackRequest, RootDraft, add_approval, add_build_signature,
    document_file, pack::pack,
};
use mainstay_device::Slot;
use mainstay_trust::{
    BootloaderVersion, Digest, DigestAlgorithm, Envelope, List, Primitives as _, Revocations, Role,
    Root, Status, verify,
};

use crate::seal::{Sealer, Seals};

/// The instant at which every scenario begins, in Unix seconds.
pub const START_S: u64 = 1_780_000_000;
const MONTH_S: u64 = 30 * 86_400;

/// One release, and how it fares on a device.
#[derive(Clone)]
pub struct Release {
    /// Its signed envelope.
    pub envelope: Vec<u8>,
    /// What a server sends as its payload: its image, or that for slot A and behind it that for slot B.
    pub payload: Vec<u8>,
    /// Where in it the image for slot B begins, if that is another one.
    pub second: Option<usize>,
    /// SHA-256 of the payload that was signed.
    pub payload_digest: Digest,
    /// Its identity.
    pub manifest: Digest,
    /// Its sequence number.
    pub sequence: u64,
    /// Its security floor.
    pub floor: u64,
    /// Whether a device may ever run it: approved, for its class, and with the image that was signed.
    pub is_genuine: bool,
    /// What it does once it runs.
    pub manner: Manner,
}

impl Release {
    /// The image for a slot.
    #[must_use]
    pub fn image_for(&self, slot: Slot) -> &[u8] {
        let Some(second) = self.second else {
            return &self.payload;
        };
        match slot {
            Slot::A => &self.payload[..second],
            Slot::B => &self.payload[second..],
        }
    }

    /// Whether a device that wants the payload from `offset` on has half of its image.
    #[must_use]
    pub fn is_half_fetched(&self, offset: u32) -> bool {
        let offset = offset as usize;
        match self.second {
            Some(second) if offset >= second => {
                2 * (offset - second) >= self.image_for(Slot::B).len()
            }
            _ => 2 * offset >= self.image_for(Slot::A).len(),
        }
    }
}

/// What an image does once it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It passes its self-test.
    Healthy,
    /// It fails its self-test.
    Ill,
    /// It hangs at once, until a watchdog restarts the device.
    Hangs,
}

/// What is special about a release.
#[derive(Clone)]
pub struct Wish<'r> {
    /// Its sequence number.
    pub sequence: u64,
    /// Its security floor.
    pub floor: u64,
    /// What it does once it runs.
    pub manner: Manner,
    /// Which releases it may be taken back to.
    pub returns_to: &'r [&'r Release],
    /// Its hardware group; devices are of group "B".
    pub group: &'r str,
    /// How large its image is.
    pub size: Size,
}

/// How large an image is, and of what make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Its bytes.
    pub bytes: u32,
    /// Whether there is another one for slot B.
    pub per_slot: bool,
}

impl Size {
    /// A fifth more.
    #[must_use]
    pub fn longer(self) -> Self {
        Self {
            bytes: self.bytes + self.bytes / 5,
            ..self
        }
    }
}

impl Default for Wish<'_> {
    fn default() -> Self {
        Self {
            sequence: 1,
            floor: 0,
            manner: Manner::Healthy,
            returns_to: &[],
            group: "B",
            size: Size {
                bytes: 2500,
                per_slot: false,
            },
        }
    }
}

/// The vendor: its people, and what they have published.
#[derive(Clone)]
pub struct Vendor {
    /// Every root so far, signed; devices are made with the first one.
    pub roots: Vec<Vec<u8>>,
    /// Every revocations so far, signed.
    pub revocations: Vec<Vec<u8>>,
    draft: RootDraft,
    engineer: Sealer,
    manager: Sealer,
    server: Sealer,
    guardian: Sealer,
    custodian: Sealer,
}

/// The class of the devices' product in a hardware group.
pub fn class(group: &str) -> ClassName {
    ClassName::new("x.example", "production", "thermo", group).expect("a good class name")
}

impl Vendor {
    /// A vendor with its first root.
    #[must_use]
    pub fn founded() -> Self {
        let [engineer, manager, server, guardian, custodian] =
            ["ana", "sam", "server", "gil", "rae"].map(Sealer::new);
        let draft = RootDraft {
            version: 1,
            vendor: "x.example".to_owned(),
            environment: "production".to_owned(),
            issued: START_S - 1000,
            expires: START_S + 100 * MONTH_S,
            members: vec![
                Member::of(Role::Root, &custodian),
                Member::of(Role::Build, &engineer),
                Member::of(Role::Release, &manager),
                Member::of(Role::Status, &server),
            ],
            ..RootDraft::default()
        };
        let root = draft.signed(&[&custodian], &Seals).expect("a good root");
        Self {
            roots: vec![root],
            revocations: Vec::new(),
            draft,
            engineer,
            manager,
            server,
            guardian,
            custodian,
        }
    }

    /// Publishes the next root, changed; `heir` is one more keeper who signs it.
    fn next_root(&mut self, heir: Option<&Sealer>, change: impl FnOnce(&mut RootDraft)) {
        self.draft.version += 1;
        change(&mut self.draft);
        let mut signed = self.draft.unsigned(&Seals).expect("a good root");
        for keeper in [Some(&self.custodian), heir].into_iter().flatten() {
            signed = document_file::add_signature::<Root<'_>>(&signed, keeper, &Seals)
                .expect("a keeper signs once");
        }
        self.roots.push(signed);
    }

    /// Publishes a root in which a guardian may revoke.
    pub fn appoint_guardian(&mut self) {
        let guardian = Member::of(Role::Revocation, &self.guardian);
        self.next_root(None, |draft| draft.members.push(guardian));
    }

    /// Publishes roots in which the keeper, the engineer and the manager have heirs.
    pub fn rotate(&mut self) {
        for (role, name) in [
            (Role::Root, "heir-root"),
            (Role::Build, "heir-build"),
            (Role::Release, "heir-release"),
        ] {
            let heir = Sealer::new(name);
            let keeper = (role == Role::Root).then_some(&heir);
            self.next_root(keeper, |draft| {
                draft.members.retain(|member| member.role != role);
                draft.members.push(Member::of(role, &heir));
            });
            match role {
                Role::Root => self.custodian = heir,
                Role::Build => self.engineer = heir,
                _ => self.manager = heir,
            }
        }
    }

    /// Publishes revocations that withdraw these releases.
    pub fn revoke(&mut self, releases: &[&Release]) {
        let seq = self.revocations.len() as u64 + 1;
        let digests: Vec<Digest> = releases.iter().map(|release| release.manifest).collect();
        let revocations = Revocations {
            digest: Digest::ZERO,
            epoch: 0,
            seq,
            issued: START_S - 500,
            next_update: START_S + MONTH_S,
            keys: List::default(),
            releases: List::from(&digests[..]),
            minimums: List::default(),
        };
        let signed = document_file::sign(&revocations, &[&self.guardian], &Seals);
        self.revocations.push(signed.expect("good revocations"));
    }

    /// A release that is built and approved.
    pub fn release(&self, wish: &Wish<'_>) -> Release {
        let built = self.build(wish);
        let root = self.roots.last().expect("there is a first one");
        let root = verify::pinned_root(root, &Seals).expect("a good root");
        let approval = Approval {
            plan: Digest([1; 32]),
            evidence: Digest([2; 32]),
        };
        let approved = add_approval(&built.envelope, &self.manager, approval, &root, &Seals);
        Release {
            envelope: approved.expect("the manager approves"),
            is_genuine: wish.group == "B",
            ..built
        }
    }

    /// A release that only its builder has signed.
    pub fn build(&self, wish: &Wish<'_>) -> Release {
        let first = image(wish, Slot::A);
        let second = wish.size.per_slot.then_some(first.len());
        let payload = match second {
            Some(_) => [first, image(wish, Slot::B)].concat(),
            None => first,
        };
        let request = PackRequest {
            bank_a_bytes: second.map(|bytes| bytes as u64),
            ..request(wish)
        };
        let packed = pack(&request, &mut &payload[..], &Seals).expect("a good request");
        let manifest = Envelope::parse(&packed.envelope)
            .expect("just packed")
            .identity(&Seals);
        let signed = add_build_signature(&packed.envelope, &self.engineer, None, &Seals);
        Release {
            envelope: signed.expect("the engineer signs"),
            payload_digest: Seals.digest(&payload),
            payload,
            second,
            manifest,
            sequence: wish.sequence,
            floor: wish.floor,
            is_genuine: false,
            manner: wish.manner,
        }
    }

    /// What the server's own key says at `now_s`, of so many published revocations.
    pub fn status(&self, nonce: [u8; 16], now_s: u64, standing: Standing) -> Vec<u8> {
        let newest = standing.revocations.checked_sub(1);
        let newest = newest.and_then(|index| self.revocations.get(index));
        let status = Status {
            seq: now_s,
            issued: now_s,
            expires: now_s + 3600,
            root_version: standing.root_version,
            revocations: newest.map(|signed| {
                verify::revocations_digest(signed, &Seals).expect("the guardian's own")
            }),
            held: List::default(),
            nonce: Some(&nonce),
        };
        document_file::sign(&status, &[&self.server], &Seals).expect("a good status")
    }
}

/// Which of the vendor's papers are out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The newest root's version, which is how many are out.
    pub root_version: u32,
    /// How many revocations are out.
    pub revocations: usize,
}

fn request(wish: &Wish<'_>) -> PackRequest {
    let returns_to = wish.returns_to.iter().map(|release| release.manifest);
    PackRequest {
        class: class(wish.group),
        version: format!("{}.0.0", wish.sequence),
        sequence: wish.sequence,
        security_floor: wish.floor,
        use_before: None,
        bootloader_min: BootloaderVersion {
            major: 1,
            minor: 0,
            patch: 0,
        },
        returns_to: returns_to.collect(),
        sbom: None,
        provenance: None,
        digest: DigestAlgorithm::Sha256,
        bank_a_bytes: None,
    }
}

/// An image that no other sequence number and no other slot has, and no two pages of which are the same. The one for
/// slot B is shorter.
fn image(wish: &Wish<'_>, slot: Slot) -> Vec<u8> {
    let seed = (wish.sequence as u32 + 64 * slot.number()) << 24;
    let bytes = wish.size.bytes - 90 * slot.number();
    let byte = |index: u32| {
        let mixed = (index + 1).wrapping_mul(0x9e37_79b1) ^ seed;
        (mixed >> 13) as u8 ^ (mixed >> 24) as u8
    };
    (0..bytes).map(byte).collect()
}
