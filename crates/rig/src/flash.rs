//! What is in a device's flash when it leaves the factory.

use anyhow::{Context as _, anyhow, ensure};
use mainstay_device::config::TrialPolicy;
use mainstay_device::{Config, Flash as _, OnFlash, provision};
use mainstay_microbit::factory::Factory;
use mainstay_microbit::map;
use mainstay_trust::RustCrypto;

use crate::house::{BOOTLOADER, House};

/// A release: what was signed, and what runs.
#[derive(Debug, Clone)]
pub struct Release {
    /// The signed envelope.
    pub envelope: Vec<u8>,
    /// The image.
    pub image: Vec<u8>,
}

const DEVICE_ID: &[u8] = b"mb-0001";

/// All 256 KB, with this boot loader, and with this release as the confirmed one; or with none, as a device is that
/// lost all it had.
///
/// # Errors
/// If something doesn't fit, or the release isn't one for this device.
pub fn from_factory(
    boot: &[u8],
    house: &House,
    release: Option<&Release>,
) -> anyhow::Result<Vec<u8>> {
    let (execution, end) = map::region_says();
    ensure!(
        execution == map::EXECUTION && end <= map::STAGING,
        "by the device's layout images run from {execution:#x} and the region ends at {end:#x}: \
         change firmware/microbit/src/map.rs, and app.x with it"
    );
    let mut flash = vec![0xff; map::FLASH_BYTES as usize];
    let room = flash
        .get_mut(..boot.len())
        .filter(|_| boot.len() <= map::FACTORY as usize);
    room.context("the boot loader is too large")?
        .copy_from_slice(boot);
    put_factory(&mut flash, house)?;
    if let Some(release) = release {
        put_region(&mut flash, house, release)?;
    }
    Ok(flash)
}

fn put_factory(flash: &mut [u8], house: &House) -> anyhow::Result<()> {
    let class = house.class()?;
    let factory = Factory {
        vendor_id: class.vendor_id(),
        class_id: class.class_id(),
        device_id: DEVICE_ID,
        root: house.first_root(),
    };
    let start = map::FACTORY as usize;
    let page = &mut flash[start..start + map::FACTORY_BYTES as usize];
    factory.write(page).context("the root is too large")?;
    Ok(())
}

fn put_region(flash: &mut [u8], house: &House, release: &Release) -> anyhow::Result<()> {
    let layout = map::region();
    let mut storage = OnFlash::simulated(layout);
    let Release { envelope, image } = release;
    provision(&mut storage, &config(house)?, &RustCrypto, envelope, image)
        .map_err(|error| anyhow!("the factory: {error}"))?;
    let start = map::REGION as usize;
    let region = &mut flash[start..start + layout.total_bytes() as usize];
    storage
        .flash()
        .read(0, region)
        .map_err(|error| anyhow!("the region: {error}"))
}

/// As much of a device's facts as its first image is measured by.
fn config(house: &House) -> anyhow::Result<Config<Vec<u8>>> {
    let class = house.class()?;
    Ok(Config {
        root: house.first_root().to_vec(),
        device_id: DEVICE_ID.to_vec(),
        trusts_clock: false,
        image_per_slot: false,
        vendor_id: class.vendor_id(),
        class_id: class.class_id(),
        bootloader: BOOTLOADER,
        trial: TrialPolicy::within(3, 300_000),
        fetch_bytes: 512,
        checkpoint_bytes: 4096,
        retry_ms: 1000,
    })
}
