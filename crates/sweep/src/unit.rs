//! The unit under test: everything that a campaign does with the device core passes through here.
//!
//! A unit that is off is its flash alone. Switched on, its boot loader decides ([`boot`]), and what it decided for
//! starts ([`start`]); from then on [`serve`] does what it wants.

use mainstay_device::boot::power_up;
use mainstay_device::{
    Booted, Device, DeviceError, OnFlash, SimulatedNor, Slot, Strategy, Want, provision,
};
use mainstay_protocol::{Health, SelfTest};

use crate::scenario::Act;
use crate::seal::Seals;
use crate::server::Server;
use crate::set::Set;
use crate::vendor::Manner;

/// The flash of a unit, laid out.
pub type Region = OnFlash<SimulatedNor>;
/// A unit that is up.
pub type Unit = Device<Region, Seals, Vec<u8>>;

/// The flash of a unit as it leaves the factory: with its first image, or empty.
///
/// # Errors
/// If the factory refuses the image.
pub fn factory(set: &Set) -> anyhow::Result<SimulatedNor> {
    let mut region = OnFlash::simulated(set.layout);
    if set.geometry.corrects_errors {
        let flash = region.into_flash().with_error_correction();
        region = OnFlash::open(flash, set.layout).map_err(|(_, error)| error)?;
    }
    if let Some(index) = set.stage.factory {
        let release = &set.stage.releases[index];
        provision(
            &mut region,
            &set.config,
            &Seals,
            &release.envelope,
            release.image_for(Slot::A),
        )?;
    }
    Ok(region.into_flash())
}

/// Switches a unit on as far as its boot loader goes.
///
/// # Errors
/// The flash, given back: the power went away, or the part failed.
pub fn boot(
    set: &Set,
    flash: SimulatedNor,
    now_ms: u64,
) -> Result<(Region, Booted), Box<SimulatedNor>> {
    let mut region = OnFlash::open(flash, set.layout).map_err(|(flash, _)| Box::new(flash))?;
    match power_up(&mut region, &Seals, now_ms / 1000) {
        Ok(booted) => Ok((region, booted)),
        Err(_) => Err(Box::new(region.into_flash())),
    }
}

/// Starts what the boot loader has decided for.
///
/// # Errors
/// The flash, given back: the power went away, or the part failed.
pub fn start(
    set: &Set,
    region: Region,
    booted: Booted,
    now_ms: u64,
) -> Result<Unit, Box<SimulatedNor>> {
    Device::start(region, Seals, set.config.clone(), booted, now_ms)
        .map_err(|(region, _)| Box::new(region.into_flash()))
}

/// Switches a unit off.
#[must_use]
pub fn switch_off(unit: Unit) -> SimulatedNor {
    unit.power_off().0.into_flash()
}

/// Where the image lies that runs, if one does.
#[must_use]
pub fn image_address(region: &Region, booted: Booted) -> Option<u32> {
    let place = region.place(booted.slot?);
    Some(region.layout().image(place))
}

/// Whether a unit with this strategy has a recovery image, which no update touches.
#[must_use]
pub fn has_recovery_image(set: &Set) -> bool {
    set.strategy == Strategy::Overwrite
}

/// What a message of a check-in holds, before it is sent: for whoever wants to know what the unit says.
pub type Said = Vec<u8>;

/// Does the one thing that a unit wants, and returns what it said in a check-in, if that was it.
///
/// # Errors
/// Why it could not: the power is away, or flash failed.
pub fn serve(
    set: &Set,
    act: &Act,
    server: &mut Server,
    unit: &mut Unit,
    want: Want,
    now_ms: u64,
) -> Result<Option<Said>, DeviceError> {
    let mut buffer = vec![0; 8 * 1024];
    match want {
        Want::CheckIn => {
            let health = Health::default();
            let length = unit.check_in(server.nonce(), health, &mut buffer)?;
            buffer.truncate(length);
            let answer = server.answer(&set.stage, act, &buffer, now_ms / 1000);
            let answer = answer.expect("the device writes what a server reads");
            unit.take_directive(&answer, now_ms)?;
            return Ok(Some(buffer));
        }
        Want::Report => {
            let length = unit.reports(&mut buffer)?;
            let answer = server.take_reports(&buffer[..length]);
            let answer = answer.expect("the device writes what a server reads");
            unit.take_acknowledged(&answer, now_ms)?;
        }
        Want::Look => unit.looked(self_test(set, unit), now_ms)?,
        Want::Fetch {
            payload,
            offset,
            left,
        } => match part(set, payload.0, offset, left) {
            Some(bytes) => unit.take_image_bytes(bytes, now_ms)?,
            None => unit.exchange_failed(now_ms)?,
        },
        Want::Reboot | Want::Sleep { .. } => {}
    }
    Ok(None)
}

/// The bytes of the payload whose signed digest this is, as a server sends them.
fn part(set: &Set, digest: [u8; 32], offset: u32, left: u32) -> Option<&[u8]> {
    let is_it = |release: &&crate::vendor::Release| release.payload_digest.0 == digest;
    let release = set.stage.releases.iter().find(is_it)?;
    release
        .payload
        .get(offset as usize..(offset + left) as usize)
}

fn self_test(set: &Set, unit: &Unit) -> SelfTest {
    let running = unit.running_release();
    let releases = &set.stage.releases;
    let release = releases.iter().find(|one| Some(one.manifest) == running);
    match release.map(|release| release.manner) {
        Some(Manner::Healthy) => SelfTest::Passed,
        _ => SelfTest::Failed,
    }
}
