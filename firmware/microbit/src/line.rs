//! The serial line: bytes in, frames to the service, lines out.

use mainstay_device::config::TrialPolicy;
use mainstay_device::{Booted, Config, Device, OnFlash};
use mainstay_protocol::SelfTest;
use mainstay_serial::{Service, Staging};
use mainstay_smp::{Lines, Reassembler};
use mainstay_trust::{BootloaderVersion, RustCrypto};

use crate::board::{Clock, Uart, restart, stop};
use crate::factory::Factory;
use crate::map::{STAGING_BYTES, staging_grain};
use crate::mapped::{Mapped, factory};
use crate::services::{self, Poll};

/// Memory for one frame, with its length and checksum; the answer has as much.
const BUFFER_BYTES: usize = 512;

/// The trial of a new image ends by somebody's word on the line, or after five minutes, or with its third start.
const TRIAL: TrialPolicy = TrialPolicy {
    boots: 3,
    soak_ms: 0,
    deadline_ms: 300_000,
    look_every_ms: 1000,
};

type Served = Service<OnFlash<Mapped>, RustCrypto, &'static [u8], Mapped>;

/// Serves the line for what was `booted`, and restarts when it is due. `poll` is called again and again: see
/// [`services::serve`](crate::services::serve).
pub fn serve(region: OnFlash<Mapped>, staging: Mapped, booted: Booted, poll: Poll) -> ! {
    let mut clock = Clock::start();
    // Lent, not moved: a service is a tenth of all memory, and must not lie there twice.
    match &mut start(region, staging, booted, clock.now_ms()) {
        Some(service) => listen(service, &mut clock, poll),
        None => restart(),
    }
}

/// The service; none if flash fails.
#[inline(never)]
fn start(region: OnFlash<Mapped>, staging: Mapped, booted: Booted, now_ms: u64) -> Option<Served> {
    let Some(config) = config() else {
        // A device that knows nobody to trust can't be updated, only mended.
        Uart::start().text("mainstay: the factory's page is damaged\n");
        stop();
    };
    let device = Device::start(region, RustCrypto, config, booted, now_ms).ok()?;
    let staging = Staging::new(staging, STAGING_BYTES, staging_grain());
    Some(Service::new(device, staging, BUFFER_BYTES as u16))
}

fn config() -> Option<Config<&'static [u8]>> {
    let factory = Factory::read(factory())?;
    Some(Config {
        root: factory.root,
        device_id: factory.device_id,
        trusts_clock: false,
        image_per_slot: false,
        vendor_id: factory.vendor_id,
        class_id: factory.class_id,
        bootloader: BootloaderVersion {
            major: 1,
            minor: 0,
            patch: 0,
        },
        trial: TRIAL,
        fetch_bytes: BUFFER_BYTES as u32,
        checkpoint_bytes: 4096,
        retry_ms: 1000,
    })
}

fn listen(service: &mut Served, clock: &mut Clock, poll: Poll) -> ! {
    let mut uart = Uart::start();
    let mut memory = [0; BUFFER_BYTES];
    let mut reassembler = Reassembler::new(&mut memory);
    loop {
        // What can't be read is passed over: the client asks again.
        if let Some(byte) = uart.receive()
            && let Ok(Some(frame)) = reassembler.push(byte)
        {
            answer(service, frame, clock.now_ms(), &mut uart);
        }
        let ticked = service.tick(self_test(poll()), clock.now_ms());
        if ticked.is_err() || service.restarts() {
            restart();
        }
    }
}

fn self_test(said: u32) -> SelfTest {
    match said {
        services::PASSED => SelfTest::Passed,
        services::FAILED => SelfTest::Failed,
        _ => SelfTest::NotRun,
    }
}

#[inline(never)]
fn answer(service: &mut Served, frame: &[u8], now_ms: u64, uart: &mut Uart) {
    let mut buffer = [0; BUFFER_BYTES];
    let Some(length) = service.answer(frame, now_ms, &mut buffer) else {
        return;
    };
    if let Some(lines) = Lines::new(&buffer[..length]) {
        lines.for_each(|line| uart.send(line.as_ref()));
    }
}
