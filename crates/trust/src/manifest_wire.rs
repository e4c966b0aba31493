//! The manifest's bytes: draft-ietf-suit-manifest-37, in a profile without choices.
//!
//! ```text
//! { 1: 1,                                  manifest version
//!   2: sequence,
//!   3: << { 2: [[h'00']],                  one component: the image
//!           4: << [ 20, { 1: vendor id, 2: class id, 3: << [-16, image digest] >>,
//!                         ? 4: use before, 14: image size,
//!                         -257: version, -258: security floor, -259: [major, minor, patch],
//!                         -260: [* returns to], ? -261: SBOM, ? -262: provenance },
//!                   1, 15, 2, 15 ] >> } >>,    check vendor and class
//!   7: << [3, 15] >>,                      validate: image match
//!   20: << [ 20, {21: "payload"}, ? 4, 15, 21, 2, 3, 15 ] >> }   install: fetch, then image match
//! ```
//!
//! `<< >>` is a byte string with the encoding of its content. Label 4 and condition 4 are
//! suit-parameter-use-before and suit-condition-use-before of draft-ietf-suit-update-management-13;
//! the condition stands in *install*, because the shared sequence also runs before a boot, and no
//! expiry may keep a confirmed image from booting. Its suit-parameter-version (28) isn't used: it
//! tests the version of the component that is being replaced, while ours are the version *of* the
//! release, in the full form of Semantic Versioning, and a bound on another component, the
//! bootloader. They and what has no registered label use labels of the private range (below -255).

use crate::cbor::{self, Canonical, write_wrapped};
use crate::decoder::Decoder;
use crate::digest::Digest;
use crate::encoder::Encoder;
use crate::fields::{Fields, read_bytes};
use crate::list::{Item, List};
use crate::manifest::{BootloaderVersion, MANIFEST_BYTES_MAX, Manifest, RETURNS_TO_MAX};
use crate::refusal::Refusal;

/// COSE's number for SHA-256 (RFC 9054, section 2.1), as SUIT_Digest uses it.
pub(crate) const SHA_256: i64 = -16;

/// Where the payload is, as a relative reference: beside the envelope, whoever delivers it. A
/// fragment (`#payload`) would mean an integrated payload, which this profile never has.
const PAYLOAD_URI: &str = "payload";

const VERSION: i64 = -257;
const SECURITY_FLOOR: i64 = -258;
const BOOTLOADER_MIN: i64 = -259;
const RETURNS_TO: i64 = -260;
const SBOM: i64 = -261;
const PROVENANCE: i64 = -262;

/// Reads the facts. What carries none (fixed commands, policies) is left to the exact comparison
/// that [`Manifest::parse`] makes afterwards.
pub(crate) fn read(bytes: &[u8], digest: Digest) -> Result<Manifest<'_>, Refusal> {
    let mut d = cbor::decoder(bytes, MANIFEST_BYTES_MAX)?;
    let mut fields = Fields::open(&mut d)?;
    fields.need(1, Decoder::u8)?;
    let sequence = fields.need(2, Decoder::u64)?;
    let common = fields.need(3, Decoder::bytes)?;
    read_parameters(shared_sequence(common)?, digest, sequence)
}

fn shared_sequence(common: &[u8]) -> Result<&[u8], Refusal> {
    let mut d = cbor::decoder(common, MANIFEST_BYTES_MAX)?;
    let mut fields = Fields::open(&mut d)?;
    fields.need(2, read_components)?;
    fields.need(4, Decoder::bytes)
}

/// `[[h'00']]`: the one component, the image.
fn read_components(d: &mut Decoder<'_>) -> Result<(), Refusal> {
    d.array()?;
    d.array()?;
    d.bytes()?;
    Ok(())
}

fn read_parameters(sequence: &[u8], digest: Digest, number: u64) -> Result<Manifest<'_>, Refusal> {
    let mut d = cbor::decoder(sequence, MANIFEST_BYTES_MAX)?;
    d.array()?;
    d.u8()?;
    let mut fields = Fields::open(&mut d)?;
    let manifest = Manifest {
        digest,
        sequence: number,
        vendor_id: *fields.need(1, read_bytes)?,
        class_id: *fields.need(2, read_bytes)?,
        image_digest: fields.need(3, |d| read_suit_digest(d.bytes()?))?,
        use_before: fields.have(4, Decoder::u64)?,
        image_bytes: fields.need(14, Decoder::u32)?,
        version: fields.need(VERSION, Decoder::str)?,
        security_floor: fields.need(SECURITY_FLOOR, Decoder::u64)?,
        bootloader_min: fields.need(BOOTLOADER_MIN, read_bootloader)?,
        returns_to: fields.need(RETURNS_TO, |d| List::read(d, RETURNS_TO_MAX))?,
        sbom: fields.have(SBOM, Digest::read)?,
        provenance: fields.have(PROVENANCE, Digest::read)?,
    };
    fields.end()?;
    Ok(manifest)
}

fn read_bootloader(d: &mut Decoder<'_>) -> Result<BootloaderVersion, Refusal> {
    d.array()?;
    Ok(BootloaderVersion {
        major: d.u16()?,
        minor: d.u16()?,
        patch: d.u16()?,
    })
}

/// Reads `[-16, bstr .size 32]` (SUIT_Digest, section 10 of the SUIT draft).
pub(crate) fn read_suit_digest(bytes: &[u8]) -> Result<Digest, Refusal> {
    let mut d = cbor::decoder(bytes, MANIFEST_BYTES_MAX)?;
    d.array()?;
    d.i64()?;
    let digest = Digest::read(&mut d)?;
    if cbor::is_encoding_of(&SuitDigest(&digest), bytes) {
        Ok(digest)
    } else {
        Err(Refusal::ForeignProfile)
    }
}

pub(crate) struct SuitDigest<'a>(pub(crate) &'a Digest);

impl Canonical for SuitDigest<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.array(2).int(SHA_256).bytes(&self.0.0);
    }
}

impl Canonical for Manifest<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.map(5).uint(1).uint(1);
        e.uint(2).uint(self.sequence);
        e.uint(3);
        write_wrapped(e, &Common(self));
        e.uint(7);
        write_wrapped(e, &Validate);
        e.uint(20);
        write_wrapped(
            e,
            &Install {
                expires: self.use_before.is_some(),
            },
        );
    }
}

struct Common<'m>(&'m Manifest<'m>);

impl Canonical for Common<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.map(2).uint(2).array(1).array(1).bytes(&[0]).uint(4);
        write_wrapped(e, &Shared(self.0));
    }
}

struct Shared<'m>(&'m Manifest<'m>);

impl Canonical for Shared<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.array(6).uint(20);
        write_parameters(e, self.0);
        e.uint(1).uint(15).uint(2).uint(15);
    }
}

fn write_parameters(e: &mut Encoder<'_>, m: &Manifest<'_>) {
    let optional = [
        m.use_before.is_some(),
        m.sbom.is_some(),
        m.provenance.is_some(),
    ];
    e.map(8 + optional.iter().filter(|present| **present).count());
    e.uint(1)
        .bytes(&m.vendor_id)
        .uint(2)
        .bytes(&m.class_id)
        .uint(3);
    write_wrapped(e, &SuitDigest(&m.image_digest));
    if let Some(time) = m.use_before {
        e.uint(4).uint(time);
    }
    e.uint(14).uint(m.image_bytes.into());
    e.int(VERSION).str(m.version);
    e.int(SECURITY_FLOOR).uint(m.security_floor);
    let BootloaderVersion {
        major,
        minor,
        patch,
    } = m.bootloader_min;
    e.int(BOOTLOADER_MIN)
        .array(3)
        .uint(major.into())
        .uint(minor.into())
        .uint(patch.into());
    m.returns_to.write(e.int(RETURNS_TO));
    for (label, digest) in [(SBOM, m.sbom), (PROVENANCE, m.provenance)] {
        if let Some(digest) = digest {
            e.int(label).bytes(&digest.0);
        }
    }
}

struct Validate;

impl Canonical for Validate {
    fn write(&self, e: &mut Encoder<'_>) {
        e.array(2).uint(3).uint(15);
    }
}

struct Install {
    expires: bool,
}

impl Canonical for Install {
    fn write(&self, e: &mut Encoder<'_>) {
        e.array(if self.expires { 8 } else { 6 });
        e.uint(20).map(1).uint(21).str(PAYLOAD_URI);
        if self.expires {
            e.uint(4).uint(15);
        }
        e.uint(21).uint(2).uint(3).uint(15);
    }
}
