//! A device for the desk, made as its factory would: from the plan, the root and a first release.

use std::sync::Arc;

use jiff::Timestamp;
use mainstay_artifact::ClassName;
use mainstay_artifact::identity::NameError;
use mainstay_device::config::TrialPolicy;
use mainstay_device::layout::LayoutError;
use mainstay_device::{Config, Layout, ProvisionError, Strategy, provision};
use mainstay_plan::class::InstallStrategy;
use mainstay_plan::{Class, Plan};
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{Bank, BootloaderVersion, Envelope, Refusal};

use crate::behaviour::Behaviours;
use crate::body::Region;
use crate::dice::Dice;
use crate::link::{Link, LinkError};
use crate::population::{Hardship, Home};
use crate::simulated_device::{Circumstances, SimulatedDevice};

/// Sizes of a common microcontroller's flash.
const PAGE_BYTES: u32 = 4096;
const WRITE_BYTES: u32 = 8;
const FETCH_BYTES: u32 = 32 * 1024;
const RETRY_MS: u64 = 5000;
const RESTART_MS: u64 = 1000;

/// What kind of device it is.
#[derive(Debug, Clone, Copy)]
pub struct Kind<'a> {
    /// The plan that declares its class.
    pub plan: &'a Plan,
    /// Its class.
    pub class: &'a Class,
    /// The signed root from its factory.
    pub root: &'a [u8],
    /// Whether somebody vouches for its clock.
    pub trusts_clock: bool,
}

impl Kind<'_> {
    /// What it was built with.
    ///
    /// # Errors
    /// If the plan's names are too long for a class.
    pub fn config(&self) -> Result<Config<Arc<[u8]>>, NameError> {
        let name = ClassName::parse(&self.class.group_name(self.plan.environment))?;
        let (major, minor, patch) = self.class.bootloader.min;
        let within = self.class.revert.confirm_within.as_millis();
        Ok(Config {
            root: Arc::from(self.root),
            device_id: Arc::from(&[][..]), // Its own, see `SimulatedDevice::new`.
            trusts_clock: self.trusts_clock,
            image_per_slot: self.class.install == InstallStrategy::DualBankXip,
            vendor_id: name.vendor_id(),
            class_id: name.class_id(),
            bootloader: BootloaderVersion {
                major,
                minor,
                patch,
            },
            trial: TrialPolicy::within(
                self.class.revert.boots,
                u64::try_from(within).unwrap_or(u64::MAX),
            ),
            fetch_bytes: FETCH_BYTES,
            checkpoint_bytes: FETCH_BYTES,
            retry_ms: RETRY_MS,
        })
    }

    /// Its flash, with room for images of so many bytes, used as the plan says.
    ///
    /// # Errors
    /// If so much fits no part.
    pub fn layout(&self, image_bytes_max: u32) -> Result<Layout, LayoutError> {
        let strategy = match self.class.install {
            InstallStrategy::DualBank | InstallStrategy::DualBankXip => Strategy::DualBank,
            InstallStrategy::Swap => Strategy::Swap,
            InstallStrategy::Overwrite => Strategy::Overwrite,
        };
        Layout::new(PAGE_BYTES, WRITE_BYTES, image_bytes_max)?.with(strategy)
    }

    /// An erased flash with this release from the factory, of whose payload it gets what belongs into slot A.
    ///
    /// # Errors
    /// If the release isn't for this device.
    pub fn provisioned(
        &self,
        layout: Layout,
        config: &Config<Arc<[u8]>>,
        envelope: &[u8],
        payload: &[u8],
    ) -> Result<Region, ProvisionError> {
        let mut region = Region::simulated(layout);
        let part = Envelope::parse(envelope)?.open(&RustCrypto)?.part(Bank::A);
        let range = part.offset as usize..(part.offset + part.image.bytes) as usize;
        let image = payload.get(range).ok_or(Refusal::PayloadSize)?;
        provision(&mut region, config, &RustCrypto, envelope, image)?;
        Ok(region)
    }
}

/// The device, to be switched on at `now`; `seed` is its luck.
pub fn device(
    home: Home,
    token: String,
    config: Config<Arc<[u8]>>,
    region: Region,
    seed: u64,
    now: Timestamp,
) -> SimulatedDevice {
    SimulatedDevice::new(home, token, Dice::new(seed, 1), config, region, now)
}

/// A desk on which all is well, with a line to the server at `base`.
///
/// # Errors
/// If the HTTP client can't be made.
pub fn surroundings(base: &str) -> Result<Circumstances, LinkError> {
    Ok(Circumstances {
        link: Link::new(base)?,
        behaviours: Arc::new(Behaviours::default()),
        hardship: Hardship::NONE,
        restart_ms: RESTART_MS,
        offline_from: Timestamp::MAX,
    })
}
