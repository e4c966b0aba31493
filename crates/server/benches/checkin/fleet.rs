//! The devices that ask: what they are called, what they run, and what lets them in. Both processes know it from here.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::{ControllerId, Device, DeviceId, ReleaseDigest, Running};
use mainstay_server::{SeededEntropy, Token};
use mainstay_store::Registration;

/// What they run.
pub const RUNS: ReleaseDigest = ReleaseDigest([1; 32]);
/// See [`RUNS`].
pub const SEQUENCE: u64 = 7;
/// See [`RUNS`].
pub const VERSION: &str = "1.1.0";

/// They were heard of before the bench, long ago: whoever is heard of in it, and that isn't written, shows.
const HEARD_BEFORE: SignedDuration = SignedDuration::from_hours(1);

/// Those of so many that ask by the native protocol.
pub fn native(devices: u32) -> Range<u32> {
    0..devices / 2
}

/// Those that ask by hawkBit's: a device asks by one of the two.
pub fn with_clients(devices: u32) -> Range<u32> {
    devices / 2..devices
}

/// What registers a device.
pub fn registration(number: u32) -> Registration {
    Registration {
        device: device(number),
        token_hash: token(number).hash(),
        controller: ControllerId::parse(&name(number)).ok(),
    }
}

/// What a device is called, here and by its client.
pub fn name(number: u32) -> String {
    format!("dev-{number:06}")
}

fn device(number: u32) -> Device {
    let then = Timestamp::now() - HEARD_BEFORE;
    Device {
        id: DeviceId::new(name(number)).expect("letters and digits"),
        class: "thermo-v2".to_owned(),
        hardware: "B".to_owned(),
        zone: "America/Chicago".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: then,
        last_seen: Some(then),
        running: Some(Running {
            release: RUNS,
            version: VERSION.to_owned(),
            sequence: SEQUENCE,
            verified: true,
            last_resort: false,
            since: then,
        }),
        attributes: BTreeMap::new(),
    }
}

/// A device's token: drawn from its number, so that both processes know it.
pub fn token(number: u32) -> Token {
    Token::draw(&SeededEntropy::new(u64::from(number)))
}
