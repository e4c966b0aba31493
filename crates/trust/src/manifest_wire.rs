//! The manifest's bytes: draft-ietf-suit-manifest-37, in a profile without choices.
//!
//! ```text
//! { 1: 1,                                  manifest version
//!   2: sequence,
//!   3: << { 2: [[h'00']],                  one component: the image
//!           4: << [ 20, { 1: vendor id, 2: class id, 3: << [-16, image digest] >>,
//!                         ? 4: use before, 14: image size,
//!                         -257: version, -258: security floor, -259: [major, minor, patch],
//!                         -260: [* returns to], ? -261: SBOM, ? -262: provenance,
//!                         ? -263: SHA-384 of the image,
//!                         ? -264: [image for bank A, image for bank B] },
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
//! bootloader. Images for two banks are one payload, and not two components with a condition on their slot
//! (suit-condition-component-slot): so one digest names what is stored, sent and tested. They and what has no registered label use labels of the private range (below -255).

use crate::banks::Banks;
use crate::cbor::{self, Canonical, write_wrapped};
use crate::decoder::Decoder;
use crate::digest::Digest;
use crate::digest384::Digest384;
use crate::encoder::Encoder;
use crate::fields::Fields;
use crate::list::{Item, List};
use crate::manifest::{BootloaderVersion, MANIFEST_BYTES_MAX, Manifest, RETURNS_TO_MAX};
use crate::refusal::Refusal;
use crate::suit_digest::{read_suit_digest, suit_digest};

/// The command sequences that are the same in every manifest, encoded: a device carries their bytes and
/// no code that writes them. Each is drawn above.
const COMPONENTS: &[u8] = b"\xa2\x02\x81\x81\x41\x00";
/// Conditions vendor identifier and class identifier.
const CHECK_IDENTITY: &[u8] = b"\x01\x0f\x02\x0f";
/// Condition image match.
const VALIDATE: &[u8] = b"\x07\x43\x82\x03\x0f";
/// Parameter URI, directive fetch, condition image match. The payload is beside the envelope, whoever
/// delivers it; a fragment (`#payload`) would mean an integrated payload, which this profile never has.
const INSTALL: &[u8] = b"\x14\x50\x86\x14\xa1\x15\x67payload\x15\x02\x03\x0f";
/// The same, with condition use-before in front of the fetch.
const INSTALL_IN_TIME: &[u8] = b"\x14\x52\x88\x14\xa1\x15\x67payload\x04\x0f\x15\x02\x03\x0f";

const VERSION: i32 = -257;
const SECURITY_FLOOR: i32 = -258;
const BOOTLOADER_MIN: i32 = -259;
const RETURNS_TO: i32 = -260;
const SBOM: i32 = -261;
const PROVENANCE: i32 = -262;
const IMAGE_SHA384: i32 = -263;
const BANKS: i32 = -264;

/// Reads the facts. What carries none (fixed commands, policies) is left to the exact comparison
/// that [`Manifest::parse`] makes afterwards.
pub(crate) fn read(bytes: &[u8], digest: Digest) -> Result<Manifest<'_>, Refusal> {
    let mut d = cbor::decoder(bytes, MANIFEST_BYTES_MAX);
    let mut fields = Fields::open(&mut d);
    fields.need(1).u8();
    let sequence = fields.need(2).u64();
    let common = fields.need(3).bytes();
    d.verdict()?;
    read_parameters(shared_sequence(common)?, digest, sequence)
}

fn shared_sequence(common: &[u8]) -> Result<&[u8], Refusal> {
    let mut d = cbor::decoder(common, MANIFEST_BYTES_MAX);
    let mut fields = Fields::open(&mut d);
    read_components(fields.need(2));
    let sequence = fields.need(4).bytes();
    d.verdict()?;
    Ok(sequence)
}

/// `[[h'00']]`: the one component, the image.
fn read_components(d: &mut Decoder<'_>) {
    d.array();
    d.array();
    d.bytes();
}

fn read_parameters(sequence: &[u8], digest: Digest, number: u64) -> Result<Manifest<'_>, Refusal> {
    let mut d = cbor::decoder(sequence, MANIFEST_BYTES_MAX);
    d.array();
    d.u8();
    let mut fields = Fields::open(&mut d);
    let manifest = Manifest {
        digest,
        sequence: number,
        vendor_id: *fields.need(1).fixed(),
        class_id: *fields.need(2).fixed(),
        image_digest: read_suit_digest(fields.need(3)),
        use_before: fields.have(4).map(Decoder::u64),
        image_bytes: fields.need(14).u32(),
        version: fields.need(VERSION).str(),
        security_floor: fields.need(SECURITY_FLOOR).u64(),
        bootloader_min: read_bootloader(fields.need(BOOTLOADER_MIN)),
        returns_to: List::read(fields.need(RETURNS_TO), RETURNS_TO_MAX),
        sbom: fields.have(SBOM).map(Digest::read),
        provenance: fields.have(PROVENANCE).map(Digest::read),
        image_sha384: read_image_sha384(&mut fields),
        banks: read_banks(&mut fields),
    };
    fields.end();
    d.verdict()?;
    Ok(manifest)
}

/// To a build without such digests the label is a foreign one.
fn read_image_sha384(fields: &mut Fields<'_, '_>) -> Option<Digest384> {
    if Digest384::IS_KNOWN {
        fields.have(IMAGE_SHA384).and_then(Digest384::read)
    } else {
        None
    }
}

/// To a build without banks the label is a foreign one.
fn read_banks(fields: &mut Fields<'_, '_>) -> Option<Banks> {
    if Banks::IS_KNOWN {
        fields.have(BANKS).and_then(Banks::read)
    } else {
        None
    }
}

fn read_bootloader(d: &mut Decoder<'_>) -> BootloaderVersion {
    d.array();
    BootloaderVersion {
        major: d.u16(),
        minor: d.u16(),
        patch: d.u16(),
    }
}

impl Canonical for Manifest<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.map(5).int(1).int(1).int(2).uint(self.sequence).int(3);
        write_wrapped(e, &Common(self));
        e.fixed(VALIDATE);
        e.fixed(match self.use_before {
            Some(_) => INSTALL_IN_TIME,
            None => INSTALL,
        });
    }
}

struct Common<'m>(&'m Manifest<'m>);

impl Canonical for Common<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.fixed(COMPONENTS).int(4);
        write_wrapped(e, &Shared(self.0));
    }
}

struct Shared<'m>(&'m Manifest<'m>);

impl Canonical for Shared<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.array(6).int(20);
        write_parameters(e, self.0);
        e.fixed(CHECK_IDENTITY);
    }
}

fn write_parameters(e: &mut Encoder<'_>, m: &Manifest<'_>) {
    let optional = [
        m.use_before.is_some(),
        m.sbom.is_some(),
        m.provenance.is_some(),
        m.image_sha384.is_some(),
        m.banks.is_some(),
    ];
    e.map(8 + optional.iter().filter(|present| **present).count());
    e.int(1)
        .bytes(&m.vendor_id)
        .int(2)
        .bytes(&m.class_id)
        .int(3);
    e.bytes(&suit_digest(&m.image_digest));
    if let Some(time) = m.use_before {
        e.int(4).uint(time);
    }
    e.int(14).uint(m.image_bytes.into());
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
    if let Some(digest) = m.image_sha384 {
        e.int(IMAGE_SHA384).bytes(digest.as_bytes());
    }
    if let Some(banks) = &m.banks {
        banks.write(e.int(BANKS));
    }
}
