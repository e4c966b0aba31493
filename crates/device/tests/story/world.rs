//! A small world for one device: a vendor with keys, a server in a few lines, and a clock.

#![expect(
    clippy::unwrap_used,
    reason = "a world that can't be built fails its test"
)]

use mainstay_artifact::document_file;
use mainstay_device::config::TrialPolicy;
use mainstay_device::{
    Config, Device, DeviceError, Layout, OnFlash, SimulatedNor, Slot, Storage, Strategy, Want,
    provision,
};
use mainstay_protocol::{CheckIn, Directive, Event, Health, SelfTest, Todo, read, write};
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{BootloaderVersion, Digest, Revocations};

use crate::vendor::{Release, Vendor};

pub type TestDevice = Owned<Region>;
/// A device of this world, whatever it keeps things in.
pub type Owned<S> = Device<S, RustCrypto, Vec<u8>>;
pub type Region = OnFlash<SimulatedNor>;

/// The instant at which every story begins, in Unix seconds.
pub const START_S: u64 = 1_780_000_000;
const PAGE_BYTES: u32 = 1024;
/// A trial of a minute: half of it healthy is enough.
const CONFIRM_WITHIN_MS: u64 = 60_000;

/// What the server offers, what the image does, and the time.
pub struct World {
    pub vendor: Vendor,
    pub offered: Option<Release>,
    pub now_ms: u64,
    /// Whether no server can be reached.
    pub offline: bool,
    /// Whether its flash corrects errors, and refuses to read what was torn.
    pub corrects_errors: bool,
    /// How it gets from one image to the other.
    pub strategy: Strategy,
    /// Whether it starts images where they lie.
    pub image_per_slot: bool,
    /// Every report that arrived, in order, each once.
    pub events: Vec<Event>,
    /// Whether the running image's self-test passes: by manifest digest.
    pub broken: Vec<Digest>,
    acknowledged: u32,
    nonces: u8,
}

impl World {
    pub fn new() -> Self {
        Self {
            vendor: Vendor::new(),
            offered: None,
            now_ms: START_S * 1000,
            offline: false,
            corrects_errors: false,
            strategy: Strategy::DualBank,
            image_per_slot: false,
            events: Vec::new(),
            broken: Vec::new(),
            acknowledged: 0,
            nonces: 0,
        }
    }

    pub fn config(&self) -> Config<Vec<u8>> {
        let class = Vendor::class("B");
        Config {
            root: self.vendor.roots[0].clone(),
            device_id: b"th-0042".to_vec(),
            trusts_clock: false,
            image_per_slot: self.image_per_slot,
            vendor_id: class.vendor_id(),
            class_id: class.class_id(),
            bootloader: BootloaderVersion {
                major: 1,
                minor: 4,
                patch: 0,
            },
            trial: TrialPolicy::within(3, CONFIRM_WITHIN_MS),
            fetch_bytes: 512,
            checkpoint_bytes: PAGE_BYTES,
            retry_ms: 1000,
        }
    }

    pub fn layout(&self) -> Layout {
        let layout = Layout::new(PAGE_BYTES, 4, 3 * PAGE_BYTES).unwrap();
        layout.with(self.strategy).unwrap()
    }

    /// A flash with this release from the factory.
    pub fn factory(&self, release: &Release) -> Region {
        let layout = self.layout();
        let mut flash = SimulatedNor::new(layout.total_bytes(), PAGE_BYTES, 4);
        if self.corrects_errors {
            flash = flash.with_error_correction();
        }
        let mut region = OnFlash::open(flash, layout).unwrap();
        provision(
            &mut region,
            &self.config(),
            &RustCrypto,
            &release.envelope,
            release.image_for(Slot::A),
        )
        .unwrap();
        region
    }

    /// Switches a device on, again and again until the power stays.
    pub fn boot(&mut self, mut region: Region) -> TestDevice {
        loop {
            match Device::power_on(region, RustCrypto, self.config(), self.now_ms) {
                Ok(device) => return device,
                Err((dark, _)) => {
                    region = dark;
                    region.flash_mut().restore_power();
                }
            }
        }
    }

    /// Lets the device live until `until_ms`, through power cuts and reboots. Returns it and how often
    /// it booted.
    pub fn live(&mut self, mut device: TestDevice, until_ms: u64) -> (TestDevice, u32) {
        let mut boots = 0;
        while self.now_ms < until_ms {
            let want = device.wants(self.now_ms);
            let done = match want {
                Want::Sleep { until_ms } => {
                    self.now_ms = until_ms;
                    continue;
                }
                Want::Reboot => Err(()),
                other => self.serve(&mut device, other).map_err(|_| ()),
            };
            if done.is_err() {
                boots += 1;
                assert!(boots < 50, "the device reboots for ever");
                let (mut region, _, _) = device.power_off();
                region.flash_mut().restore_power();
                device = self.boot(region);
            }
        }
        (device, boots)
    }

    /// Does the one thing that the device wants, which must not be a reboot.
    pub fn serve_next(&mut self, device: &mut TestDevice) {
        self.serve_one(device).expect("the power stays");
    }

    /// The same, and tells whether the power stayed.
    pub fn serve_one<S: Storage>(&mut self, device: &mut Owned<S>) -> Result<(), DeviceError> {
        match device.wants(self.now_ms) {
            Want::Sleep { until_ms } => self.now_ms = until_ms,
            want => self.serve(device, want)?,
        }
        Ok(())
    }

    fn serve<S: Storage>(&mut self, device: &mut Owned<S>, want: Want) -> Result<(), DeviceError> {
        let mut buffer = [0; 16 * 1024];
        match want {
            Want::CheckIn if self.offline => device.exchange_failed(self.now_ms),
            Want::CheckIn => {
                self.nonces = self.nonces.wrapping_add(1);
                let health = Health {
                    self_test: SelfTest::Passed,
                    ..Health::default()
                };
                let length = device.check_in([self.nonces; 16], health, &mut buffer)?;
                let answer = self.answer(&buffer[..length]);
                device.take_directive(&answer, self.now_ms)
            }
            Want::Report => device.exchange_failed(self.now_ms),
            Want::Look => {
                let broken = device
                    .running_release()
                    .is_some_and(|r| self.broken.contains(&r));
                let self_test = if broken {
                    SelfTest::Failed
                } else {
                    SelfTest::Passed
                };
                device.looked(self_test, self.now_ms)
            }
            Want::Fetch { offset, left, .. } => {
                let image = &self.offered.as_ref().unwrap().image;
                let (from, to) = (offset as usize, (offset + left) as usize);
                device.take_image_bytes(&image[from..to], self.now_ms)
            }
            Want::Reboot | Want::Sleep { .. } => unreachable!("handled by the caller"),
        }
    }

    fn answer(&mut self, check_in: &[u8]) -> Vec<u8> {
        let message: CheckIn<'_> = read(check_in).unwrap();
        for report in message
            .reports
            .0
            .iter()
            .filter(|report| report.seq > self.acknowledged)
        {
            self.events.push(report.event);
        }
        let newest = message.reports.0.last().map_or(0, |report| report.seq);
        self.acknowledged = self.acknowledged.max(newest);
        // As the real server does, this one offers nothing that the device has given up.
        let given_up = |manifest: Digest| {
            let is_it =
                |event: &Event| event.kind() == "reverted" && event.manifest() == Some(manifest);
            self.events.iter().any(is_it)
        };
        let runs = message.running.manifest;
        let wanted = self
            .offered
            .as_ref()
            .filter(|o| o.manifest != runs && !given_up(o.manifest));
        // As the real server does, it brings a device to the newest papers before it offers anything.
        let root = self.vendor.roots.get(message.root_version as usize);
        let held = self.vendor.revocations.as_ref().filter(|signed| {
            let newest = document_file::read::<Revocations<'_>>(signed)
                .unwrap()
                .mark();
            root.is_none()
                && message.revocations.map(|held| (held.epoch, held.seq))
                    != Some((newest.epoch, newest.number))
        });
        let behind = root.is_some() || held.is_some();
        let wanted = wanted.filter(|_| !behind);
        let todo = wanted.map_or(Todo::Nothing, |offer| Todo::Install {
            envelope: &offer.envelope,
            image_digest: Digest::ZERO,
            image_bytes: offer.image.len() as u32,
            schedule: None,
        });
        let status = self.vendor.status(message.nonce, self.now_ms / 1000);
        let acknowledged = self.acknowledged;
        let directive = Directive {
            acknowledged,
            poll_after_s: if behind { 0 } else { 60 },
            status: &status,
            todo,
            root: root.map(Vec::as_slice),
            revocations: held.map(Vec::as_slice),
        };
        let mut buffer = [0; 16 * 1024];
        let length = write(&directive, &mut buffer).unwrap();
        buffer[..length].to_vec()
    }
}
