//! `mainstay verify-envelope`: a device's verdict on a release, for updaters that check less.
//!
//! SWUpdate, RAUC and Mender check one signature of their own format. As their pre-install hook this
//! verb asks what a device of ours asks, with the same code (`mainstay_trust::admit`), from what the
//! options say of the device. It writes nothing and remembers nothing: the caller keeps the counters.

use std::path::{Path, PathBuf};

use mainstay_artifact::container::MAGIC;
use mainstay_artifact::{ArtifactFile, ClassName, pack::measure};
use mainstay_keys::HostPrimitives;
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use mainstay_trust::signed::SIGNED_BYTES_MAX;
use mainstay_trust::{
    Admitted, Authority, Bank, BootloaderVersion, Counters, DeviceFacts, Digest, DigestAlgorithm,
    Freshness, Image, List, Mark, Offer, Refusal, Root, Verified, admit, check_payload, verify,
};
use serde_json::json;

use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::verbs::root::RootFile;

/// The release, what vouches for the moment, and the device that it is for.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mainstay verify-envelope --root root.cbor --envelope thermo-1.1.0.mainstay \\\n    --status status.cbor --class northwind.example/production/thermo-v2/B+C --bootloader 1.4.0 \\\n    --sequence-confirmed 1"
)]
pub struct VerifyEnvelope {
    /// The root that the device has accepted.
    #[arg(long)]
    root: PathBuf,
    /// The release's envelope, or the whole artifact that holds it.
    #[arg(long)]
    envelope: PathBuf,
    /// The server's signed status. Without it (or a bundle statement) every device refuses.
    #[arg(long, conflicts_with = "bundle")]
    status: Option<PathBuf>,
    /// The signed statement of an offline bundle, in place of a status.
    #[arg(long)]
    bundle: Option<PathBuf>,
    /// The signed revocations that the device has accepted.
    #[arg(long)]
    revocations: Option<PathBuf>,
    /// The signed schedule, for classes that need one.
    #[arg(long)]
    schedule: Option<PathBuf>,
    /// The image that would be installed: its size and digests must be those of the manifest.
    #[arg(long)]
    payload: Option<PathBuf>,
    #[command(flatten)]
    device: Device,
}

/// What the device is, and what it remembers.
#[derive(Debug, clap::Args)]
struct Device {
    /// Its class in full: vendor/environment/class/hardware-group.
    #[arg(long)]
    class: String,
    /// The bootloader that it runs, such as 1.4.0.
    #[arg(long, default_value = "0.0.0")]
    bootloader: String,
    /// Sequence number of the release that it has confirmed; 0 if none.
    #[arg(long, default_value_t = 0)]
    sequence_confirmed: u64,
    /// Manifest digest of the release that it has confirmed.
    #[arg(long, value_name = "DIGEST")]
    confirmed: Option<String>,
    /// A manifest digest that the confirmed release may return to. Repeat it for more.
    #[arg(long, value_name = "DIGEST")]
    returns_to: Vec<String>,
    /// The highest security floor of the releases that it has confirmed.
    #[arg(long, default_value_t = 0)]
    floor: u64,
    /// Number of the newest status that it installed by.
    #[arg(long, default_value_t = 0)]
    status_seen: u64,
    /// Its name, as the server knows it: decides on its place in a schedule's share.
    #[arg(long, default_value = "")]
    device_id: String,
    /// Bytes of the slot that would be written to.
    #[arg(long, default_value_t = u64::MAX)]
    slot_bytes: u64,
    /// The bank that would be written to, on a device that starts images where they lie; the payload is then the
    /// image for that bank.
    #[arg(long, value_enum)]
    bank: Option<BankName>,
    /// Its clock, if it isn't this machine's.
    #[arg(long, value_name = "INSTANT")]
    clock: Option<jiff::Timestamp>,
}

/// A bank, as options name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum BankName {
    /// The first.
    A,
    /// The second.
    B,
}

impl BankName {
    fn bank(self) -> Bank {
        match self {
            Self::A => Bank::A,
            Self::B => Bank::B,
        }
    }
}

/// The bytes that the options name, all unverified.
struct Given {
    envelope: Vec<u8>,
    status: Option<Vec<u8>>,
    bundle: Option<Vec<u8>>,
    revocations: Option<Vec<u8>>,
    schedule: Option<Vec<u8>>,
    /// The image's size and digests.
    payload: Option<Image>,
}

impl VerifyEnvelope {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let root = RootFile::read(&self.root)?;
        let root = root.open()?;
        let given = self.read()?;
        let device = self.device.parse()?;
        let verdict = judge(&given, &device, &root);
        output.say(|| sentence(&verdict), &value(&verdict));
        verdict.map(drop).map_err(at(&self.envelope))
    }

    fn read(&self) -> Result<Given, Failure> {
        let document = |path: &Option<PathBuf>, what: &str| {
            let path = path.as_deref();
            path.map(|path| files::read(path, what, SIGNED_BYTES_MAX as u64))
                .transpose()
        };
        Ok(Given {
            envelope: envelope(&self.envelope)?,
            status: document(&self.status, "status")?,
            bundle: document(&self.bundle, "bundle")?,
            revocations: document(&self.revocations, "revocations")?,
            schedule: document(&self.schedule, "schedule")?,
            payload: self.payload.as_deref().map(measured).transpose()?,
        })
    }
}

/// What a device would say, that is as the options describe it.
fn judge(
    given: &Given,
    device: &Described,
    root: &Verified<Root<'_>>,
) -> Result<Admitted, Refusal> {
    let revocations = given.revocations.as_deref();
    let revocations = revocations
        .map(|bytes| verify::revocations(bytes, root, &HostPrimitives))
        .transpose()?;
    let authority = Authority::new(root, revocations.as_ref());
    let freshness = match &given.bundle {
        Some(statement) => Freshness::Bundle(statement),
        None => Freshness::Status(given.status.as_deref().unwrap_or_default()),
    };
    let offer = Offer {
        envelope: &given.envelope,
        freshness,
        schedule: given.schedule.as_deref(),
    };
    let admitted = admit(&offer, &device.facts(authority), &HostPrimitives)?;
    if let Some(image) = &given.payload {
        check_payload(admitted, image)?;
    }
    Ok(admitted)
}

fn sentence(verdict: &Result<Admitted, Refusal>) -> String {
    match verdict {
        Ok(admitted) => format!(
            "accepted: sequence {}, manifest {}",
            admitted.release().number,
            admitted.manifest()
        ),
        Err(refusal) => format!("refused: {}: {refusal}", refusal.id()),
    }
}

fn value(verdict: &Result<Admitted, Refusal>) -> serde_json::Value {
    match verdict {
        Ok(admitted) => json!({
            "verdict": "accepted", "manifest": admitted.manifest(),
            "sequence": admitted.release().number, "image": admitted.payload_digest(),
            "image_bytes": admitted.image_bytes(),
        }),
        Err(refusal) => json!({
            "verdict": "refused", "id": refusal.id(), "cause": refusal.cause(),
            "cure": refusal.cure(),
        }),
    }
}

/// The envelope that a file is, or that an artifact file holds.
fn envelope(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut file = files::open(path, "envelope")?;
    match ArtifactFile::read(&mut file) {
        Ok(artifact) => Ok(artifact.envelope),
        Err(error) => {
            let bytes = files::read(path, "envelope", ENVELOPE_BYTES_MAX as u64)?;
            match bytes.starts_with(&MAGIC) {
                true => Err(at(path)(error)),
                false => Ok(bytes),
            }
        }
    }
}

/// By every digest that a manifest may name: which of them it does isn't known yet.
fn measured(path: &Path) -> Result<Image, Failure> {
    let mut file = files::open(path, "payload")?;
    measure(&mut file, DigestAlgorithm::Sha384, &HostPrimitives).map_err(at(path))
}

/// A device, read from the options.
struct Described<'a> {
    options: &'a Device,
    class: ClassName,
    bootloader: BootloaderVersion,
    confirmed: Digest,
    returns_to: Vec<Digest>,
    clock: u64,
}

impl Device {
    fn parse(&self) -> Result<Described<'_>, Failure> {
        let confirmed = self.confirmed.as_deref().map(digest).transpose()?;
        let returns_to = self.returns_to.iter().map(|text| digest(text));
        let clock = self.clock.unwrap_or_else(now);
        Ok(Described {
            options: self,
            class: ClassName::parse(&self.class)?,
            bootloader: bootloader(&self.bootloader)?,
            confirmed: confirmed.unwrap_or(Digest::ZERO),
            returns_to: returns_to.collect::<Result<_, _>>()?,
            clock: u64::try_from(clock.as_second()).unwrap_or(0),
        })
    }
}

impl Described<'_> {
    fn facts<'f>(&'f self, authority: Authority<'f, 'f>) -> DeviceFacts<'f> {
        let (options, root) = (self.options, authority.root());
        let counters = Counters {
            status: Mark::of_status(root, options.status_seen),
            confirmed: Mark::of_release(root, options.sequence_confirmed),
            floor: Mark::of_release(root, options.floor),
            time: authority.revocations().map_or(root.issued, |revocations| {
                revocations.issued.max(root.issued)
            }),
        };
        DeviceFacts {
            device_id: options.device_id.as_bytes(),
            vendor_id: self.class.vendor_id(),
            class_id: self.class.class_id(),
            bootloader: self.bootloader,
            authority,
            counters,
            confirmed: self.confirmed,
            returns_to: List::from(&self.returns_to[..]),
            nonce: None,
            clock: Some(self.clock),
            slot_bytes: options.slot_bytes,
            bank: options.bank.map(BankName::bank),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the hook runs on the device, and its clock is the device's"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

fn digest(text: &str) -> Result<Digest, Failure> {
    Digest::parse_hex(text).ok_or_else(|| {
        let what = format!("{text:?} isn't a manifest digest");
        Failure::usage("digest.malformed", what, "write its 64 hexadecimal digits")
    })
}

fn bootloader(text: &str) -> Result<BootloaderVersion, Failure> {
    let parts: Option<Vec<u16>> = text.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some(&[major, minor, patch]) => Ok(BootloaderVersion {
            major,
            minor,
            patch,
        }),
        _ => {
            let what = format!("{text:?} isn't a bootloader version");
            let cure = "write it like 1.4.0";
            Err(Failure::usage("bootloader.malformed", what, cure))
        }
    }
}
