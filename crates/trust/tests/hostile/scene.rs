//! What stands in a `case.toml`: what is told of the attack, what the device knows, what it is
//! handed.
//!
//! Documents are named by their files: `good/NAME` lies in `fixtures/good/trust`, any other name
//! beside the `case.toml`. Read [`Scene`] first.

use mainstay_trust::{Bank, BootloaderVersion, Counters, Digest, Mark};
use serde::{Deserialize, Serialize};

/// What is told of a case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Told {
    /// What happens, in a line.
    pub title: String,
    /// Who describes this attack: TUF, an advisory, SUIT, RFC 8949, or Mainstay.
    pub list: String,
    /// What the attacker has.
    pub attacker: String,
    /// The id of the refusal.
    pub expected: String,
    /// Why a device says so.
    pub why: String,
}

/// A device, what it has accepted before, and what it is handed now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scene {
    pub device: Device,
    pub given: Given,
    pub attack: Attack,
}

/// The device's own facts. A mark is written `epoch/number`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Device {
    pub id: String,
    pub vendor: String,
    pub class: String,
    pub bootloader: String,
    pub slot_bytes: u64,
    /// `A` or `B`, on a device that starts images where they lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank: Option<String>,
    pub nonce: Option<String>,
    pub clock: Option<u64>,
    pub confirmed: String,
    pub returns_to: Vec<String>,
    pub status_mark: String,
    pub release_mark: String,
    pub floor_mark: String,
    pub time: u64,
}

/// What the device has accepted before: it must be acceptable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Given {
    /// The pinned root, then those that followed.
    pub roots: Vec<String>,
    pub revocations: Option<String>,
}

/// What the device is handed, in this order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Attack {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<String>,
    pub revocations: Option<String>,
    pub envelope: Option<String>,
    pub status: Option<String>,
    /// In place of a status.
    pub bundle: Option<String>,
    pub schedule: Option<String>,
    pub image: Option<String>,
}

/// [`Device`], read.
pub struct Facts {
    pub id: Vec<u8>,
    pub vendor: [u8; 16],
    pub class: [u8; 16],
    pub bootloader: BootloaderVersion,
    pub slot_bytes: u64,
    pub bank: Option<Bank>,
    pub nonce: Option<[u8; 16]>,
    pub clock: Option<u64>,
    pub confirmed: Digest,
    pub returns_to: Vec<Digest>,
    pub counters: Counters,
}

impl Device {
    pub fn read(&self) -> Facts {
        Facts {
            id: self.id.clone().into_bytes(),
            vendor: array(&self.vendor),
            class: array(&self.class),
            bootloader: version(&self.bootloader),
            slot_bytes: self.slot_bytes,
            bank: self.bank.as_deref().map(bank),
            nonce: self.nonce.as_deref().map(array),
            clock: self.clock,
            confirmed: Digest(array(&self.confirmed)),
            returns_to: self
                .returns_to
                .iter()
                .map(|hex| Digest(array(hex)))
                .collect(),
            counters: Counters {
                status: mark(&self.status_mark),
                confirmed: mark(&self.release_mark),
                floor: mark(&self.floor_mark),
                time: self.time,
            },
        }
    }
}

fn array<const N: usize>(hex: &str) -> [u8; N] {
    bytes(hex)
        .try_into()
        .expect("as many bytes as the field has")
}

fn bank(name: &str) -> Bank {
    match name {
        "A" => Bank::A,
        "B" => Bank::B,
        // What a repair takes away is written as an empty text.
        other => panic!("{other:?} is no bank"),
    }
}

fn version(text: &str) -> BootloaderVersion {
    let parts: Vec<u16> = text.split('.').map(|part| part.parse().unwrap()).collect();
    let [major, minor, patch] = parts[..] else {
        panic!("{text} isn't a version")
    };
    BootloaderVersion {
        major,
        minor,
        patch,
    }
}

fn mark(text: &str) -> Mark {
    let (epoch, number) = text.split_once('/').expect("epoch/number");
    Mark {
        epoch: epoch.parse().unwrap(),
        number: number.parse().unwrap(),
    }
}

/// Reads hexadecimal digits; whatever else there is only separates.
pub fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Writes lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
