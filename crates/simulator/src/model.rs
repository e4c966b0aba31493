//! The model of every simulated device: its flash, its boot loader, its patience.
//!
//! Those of a common microcontroller. Read [`provisioned`].

use std::sync::Arc;

use mainstay_device::config::TrialPolicy;
use mainstay_device::{Config, Layout, OnFlash, provision};
use mainstay_plan::{Class, Plan};
use mainstay_trust::BootloaderVersion;
use mainstay_trust::rustcrypto::RustCrypto;

use crate::body::Region;
use crate::demo::DemoError;
use crate::demo::goods::{Release, class_name};

/// Sizes of the simulated flash.
const PAGE_BYTES: u32 = 4096;
const WRITE_BYTES: u32 = 8;
/// Bytes that a device asks for at once.
const FETCH_BYTES: u32 = 16 * 1024;
/// A request that brought no answer is sent again after this long.
const RETRY_MS: u64 = 10_000;
/// The boot loader of every device.
pub const BOOTLOADER: BootloaderVersion = BootloaderVersion {
    major: 1,
    minor: 4,
    patch: 2,
};

/// A device as it leaves the factory.
#[derive(Clone)]
pub struct Provisioned {
    /// Its configuration, still without a name.
    pub config: Config<Arc<[u8]>>,
    /// Its flash, with the factory's release.
    pub region: Region,
}

/// Makes the device that all others are copies of.
///
/// # Errors
/// If no flash of this model holds an image of `image_bytes_max` bytes, or the factory's release is refused.
pub fn provisioned(
    plan: &Plan,
    class: &Class,
    root: &[u8],
    factory: &Release,
    image_bytes_max: usize,
) -> Result<Provisioned, DemoError> {
    let config = config(plan, class, root)?;
    let mut region = OnFlash::simulated(layout(image_bytes_max)?);
    let (envelope, image) = (&factory.envelope, &factory.image);
    provision(&mut region, &config, &RustCrypto, envelope, image)?;
    Ok(Provisioned { config, region })
}

fn layout(image_bytes_max: usize) -> Result<Layout, DemoError> {
    let too_large = |_| DemoError::Options {
        what: format!("an image of {image_bytes_max} bytes fits no simulated flash"),
        cure: "give a smaller image",
    };
    let image_bytes = u32::try_from(image_bytes_max).map_err(|_| too_large(()))?;
    Layout::new(PAGE_BYTES, WRITE_BYTES, image_bytes).map_err(|_| too_large(()))
}

fn config(plan: &Plan, class: &Class, root: &[u8]) -> Result<Config<Arc<[u8]>>, DemoError> {
    let name = class_name(plan, class)?;
    let within_ms = u64::try_from(class.revert.confirm_within.as_millis()).unwrap_or(u64::MAX);
    Ok(Config {
        root: Arc::from(root),
        device_id: Arc::from(&[][..]), // Each device's own, see `SimulatedDevice::new`.
        trusts_clock: false,
        image_per_slot: false,
        vendor_id: name.vendor_id(),
        class_id: name.class_id(),
        bootloader: BOOTLOADER,
        trial: TrialPolicy::within(class.revert.boots, within_ms),
        fetch_bytes: FETCH_BYTES,
        checkpoint_bytes: FETCH_BYTES,
        retry_ms: RETRY_MS,
    })
}
