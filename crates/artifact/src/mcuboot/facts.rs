//! What an image says of itself, for people and for machines.
//!
//! Showing is not believing: [`accept`](super::accept) says whether any of it is true.

use mainstay_trust::{Digest, Primitives};
use serde::Serialize;

use super::header::flag;
use super::read::Image;
use super::tlv::{Tlv, TlvType};
use super::version::ImageVersion;

/// An image, field by field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// `major.minor.revision`, or with `+build`.
    pub version: String,
    /// Below it no boot loader with rollback protection goes back, once this image is confirmed.
    pub security_counter: Option<u32>,
    /// Bytes of header and padding: the program's place in its slot.
    pub header_bytes: u16,
    /// Bytes of the program.
    pub program_bytes: u32,
    /// Where it is loaded to, or was built for; 0 if the header doesn't say.
    pub load_address: u32,
    /// Names of the header's flags.
    pub flags: Vec<&'static str>,
    /// SHA-256 of header, program and protected TLVs, as the image says.
    pub hash: Option<Digest>,
    /// Who signed, as the image says.
    pub signatures: Vec<SignatureFacts>,
    /// Other images that must be there.
    pub dependencies: Vec<Dependency>,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignatureFacts {
    /// `ecdsa`, `ed25519`, `rsa-2048` or `rsa-3072`.
    pub kind: &'static str,
    /// SHA-256 of the public key's DER; none if the image doesn't name its key so.
    pub key_hash: Option<Digest>,
}

/// Another image that must be in its slot for this one to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// Index of the other image, from 0.
    pub image: u8,
    /// Its least version.
    pub version_min: String,
}

impl Facts {
    /// The facts of an image.
    pub fn of(image: &Image, primitives: &impl Primitives) -> Self {
        let header = &image.header;
        let signatures = signatures(image).into_iter();
        Self {
            version: header.version.to_string(),
            security_counter: find(&image.protected, TlvType::SEC_CNT).map(u32::from_le_bytes),
            header_bytes: header.header_bytes,
            program_bytes: header.image_bytes,
            load_address: header.load_address,
            flags: flag::names(header.flags),
            hash: find(&image.unprotected, TlvType::SHA256).map(Digest),
            signatures: signatures.map(|signed| signed.facts(primitives)).collect(),
            dependencies: image.protected.iter().filter_map(dependency).collect(),
        }
    }
}

/// A signature and the entry before it that names the key, if any does.
pub struct Signed<'a> {
    /// `KEYHASH` or `PUBKEY`.
    pub key: Option<&'a Tlv>,
    /// The signature.
    pub signature: &'a Tlv,
}

impl Signed<'_> {
    fn facts(&self, primitives: &impl Primitives) -> SignatureFacts {
        let key_hash = self.key.and_then(|key| match key.kind {
            TlvType::KEYHASH => key.value.as_slice().try_into().map(Digest).ok(),
            _ => Some(primitives.digest(&key.value)),
        });
        let kind = signature_kind(self.signature.kind).unwrap_or("unknown");
        SignatureFacts { kind, key_hash }
    }
}

/// The signatures of an image. A key's entry counts for the next signature only, as it does to a
/// boot loader.
pub fn signatures(image: &Image) -> Vec<Signed<'_>> {
    let (mut found, mut key) = (Vec::new(), None);
    for entry in &image.unprotected {
        match entry.kind {
            TlvType::KEYHASH | TlvType::PUBKEY => key = Some(entry),
            kind if signature_kind(kind).is_some() => found.push(Signed {
                key: key.take(),
                signature: entry,
            }),
            _ => {}
        }
    }
    found
}

fn signature_kind(kind: TlvType) -> Option<&'static str> {
    match kind {
        TlvType::ECDSA_SIG => Some("ecdsa"),
        TlvType::ED25519 => Some("ed25519"),
        TlvType::RSA2048_PSS => Some("rsa-2048"),
        TlvType::RSA3072_PSS => Some("rsa-3072"),
        _ => None,
    }
}

/// The value of the first entry of a kind, if it has this length.
fn find<const N: usize>(entries: &[Tlv], kind: TlvType) -> Option<[u8; N]> {
    let entry = entries.iter().find(|entry| entry.kind == kind)?;
    entry.value.as_slice().try_into().ok()
}

/// `struct image_dependency`: the image's index, three bytes of padding, the version.
fn dependency(entry: &Tlv) -> Option<Dependency> {
    let bytes: [u8; 12] = entry.value.as_slice().try_into().ok()?;
    let [image, _, _, _, version @ ..] = bytes;
    (entry.kind == TlvType::DEPENDENCY).then(|| Dependency {
        image,
        version_min: ImageVersion::parse(version).to_string(),
    })
}
