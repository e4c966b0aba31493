//! A vendor, its bundles, and a device whose images are swapped, as on a Cortex-M0.

#![expect(
    clippy::unwrap_used,
    reason = "a world that can't be built fails its test"
)]

use mainstay_artifact::bundle_file::{BundleParts, write};
use mainstay_artifact::signer::FakeSigner;
use mainstay_artifact::{
    Approval, ClassName, Member, PackRequest, RootDraft, add_approval, add_build_signature,
    document_file, pack::pack,
};
use mainstay_device::config::TrialPolicy;
use mainstay_device::{
    Config, Device, FlashError, Grain, Layout, OnFlash, SimulatedNor, Strategy, provision,
};
use mainstay_serial::{Service, Staging};
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{
    BootloaderVersion, BundleStatement, Digest, DigestAlgorithm, Envelope, Mark, Role, verify,
};

pub type TestService = Service<OnFlash<SimulatedNor>, RustCrypto, Vec<u8>, SimulatedNor>;

pub const START_S: u64 = 1_780_000_000;
pub const PAGE_BYTES: u32 = 1024;
pub const STAGING_PAGES: u32 = 9;
/// A trial that nobody ends lasts a minute.
pub const DEADLINE_MS: u64 = 60_000;
/// As little as a client can work with, so that documents come in many parts.
pub const BUFFER_BYTES: u16 = 256;

/// The two parts of flash that a device has.
#[derive(Clone)]
pub struct Flashes {
    pub region: SimulatedNor,
    pub staging: SimulatedNor,
}

pub struct World {
    engineer: FakeSigner,
    manager: FakeSigner,
    operator: FakeSigner,
    root: Vec<u8>,
}

fn grain() -> Grain {
    Grain {
        image_bytes: 0,
        page_bytes: PAGE_BYTES,
        write_bytes: 4,
        single_slot: false,
    }
}

impl World {
    pub fn new() -> Self {
        let [engineer, manager, operator, custodian, server] =
            ["ana", "sam", "kim", "rae", "server"].map(FakeSigner::new);
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
                Member::of(Role::Operations, &operator),
                Member::of(Role::Status, &server),
            ],
            ..RootDraft::default()
        };
        let root = draft.signed(&[&custodian], &RustCrypto).unwrap();
        Self {
            engineer,
            manager,
            operator,
            root,
        }
    }

    fn class(group: &str) -> ClassName {
        ClassName::new("x.example", "production", "thermo", group).unwrap()
    }

    pub fn config(&self) -> Config<Vec<u8>> {
        let class = Self::class("B");
        Config {
            root: self.root.clone(),
            device_id: b"th-0042".to_vec(),
            trusts_clock: false,
            image_per_slot: false,
            vendor_id: class.vendor_id(),
            class_id: class.class_id(),
            bootloader: BootloaderVersion {
                major: 1,
                minor: 0,
                patch: 0,
            },
            trial: TrialPolicy {
                boots: 3,
                soak_ms: 0,
                deadline_ms: DEADLINE_MS,
                look_every_ms: 1000,
            },
            fetch_bytes: 256,
            checkpoint_bytes: PAGE_BYTES,
            retry_ms: 1000,
        }
    }

    /// An envelope over this image, signed by two people, for the hardware group.
    pub fn envelope(&self, group: &str, sequence: u64, image: &[u8]) -> Vec<u8> {
        let request = PackRequest {
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
            returns_to: Vec::new(),
            sbom: None,
            provenance: None,
            digest: DigestAlgorithm::Sha256,
            bank_a_bytes: None,
        };
        let packed = pack(&request, &mut &*image, &RustCrypto).unwrap().envelope;
        let built = add_build_signature(&packed, &self.engineer, None, &RustCrypto).unwrap();
        let root = verify::pinned_root(&self.root, &RustCrypto).unwrap();
        let approval = Approval {
            plan: Digest([1; 32]),
            evidence: Digest([2; 32]),
        };
        add_approval(&built, &self.manager, approval, &root, &RustCrypto).unwrap()
    }

    /// A bundle of a release, signed by operations.
    pub fn bundle(&self, envelope: &[u8], image: &[u8]) -> Vec<u8> {
        self.bundle_of(envelope, envelope, image)
    }

    /// A bundle whose statement is about the release `stated`.
    pub fn bundle_of(&self, stated: &[u8], envelope: &[u8], image: &[u8]) -> Vec<u8> {
        let statement = BundleStatement {
            release: Envelope::parse(stated).unwrap().identity(&RustCrypto),
            revocations: Mark::default(),
            issued: START_S,
            expires: START_S + 86_400,
        };
        let statement = document_file::sign(&statement, &[&self.operator], &RustCrypto).unwrap();
        let parts = BundleParts {
            roots: std::slice::from_ref(&self.root),
            revocations: None,
            statement: &statement,
            envelope,
        };
        let mut file = Vec::new();
        write(&mut file, &parts, &mut &*image, image.len() as u64).unwrap();
        file
    }

    pub fn layout() -> Layout {
        let layout = Layout::new(PAGE_BYTES, 4, 6 * PAGE_BYTES).unwrap();
        layout.with(Strategy::Swap).unwrap()
    }

    /// A device with release 1 from the factory.
    pub fn factory(&self) -> Flashes {
        let image = image(1);
        let mut region = OnFlash::simulated(Self::layout());
        let envelope = self.envelope("B", 1, &image);
        provision(&mut region, &self.config(), &RustCrypto, &envelope, &image).unwrap();
        Flashes {
            region: region.into_flash(),
            staging: SimulatedNor::new(STAGING_PAGES * PAGE_BYTES, PAGE_BYTES, 4),
        }
    }

    /// Switches the device on, again and again until the power stays.
    pub fn boot(&self, mut flashes: Flashes, now_ms: u64) -> TestService {
        flashes.region.restore_power();
        flashes.staging.restore_power();
        self.boot_planned(flashes, now_ms)
    }

    /// The same with a cut planned, which may come while it starts, and is over then.
    pub fn boot_planned(&self, mut flashes: Flashes, now_ms: u64) -> TestService {
        loop {
            match self.try_boot(flashes.region, now_ms) {
                Ok(device) => {
                    let staging = STAGING_PAGES * PAGE_BYTES;
                    let staging = Staging::new(flashes.staging, staging, grain());
                    return Service::new(device, staging, BUFFER_BYTES);
                }
                Err(region) => flashes.region = region,
            }
            flashes.region.restore_power();
        }
    }

    #[expect(
        clippy::result_large_err,
        reason = "a flash is handed back, which is all that is left"
    )]
    fn try_boot(
        &self,
        flash: SimulatedNor,
        now_ms: u64,
    ) -> Result<Device<OnFlash<SimulatedNor>, RustCrypto, Vec<u8>>, SimulatedNor> {
        let given_back = |(storage, _): (OnFlash<SimulatedNor>, FlashError)| storage.into_flash();
        let storage = OnFlash::open(flash, Self::layout()).map_err(|(flash, _)| flash)?;
        Device::power_on(storage, RustCrypto, self.config(), now_ms).map_err(given_back)
    }
}

/// The image of a release: not a whole number of pages or of writes.
pub fn image(sequence: u8) -> Vec<u8> {
    (0..4_331u32)
        .map(|at| (at as u8).wrapping_mul(sequence))
        .collect()
}

/// What stays when a device is switched off.
pub fn off(service: TestService) -> Flashes {
    let (device, staging) = service.power_off();
    let (storage, ..) = device.power_off();
    Flashes {
        region: storage.into_flash(),
        staging: staging.into_flash(),
    }
}
