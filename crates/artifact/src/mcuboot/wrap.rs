//! Wrapping: from a raw image to one that MCUboot starts.
//!
//! The same request and raw image give the same bytes up to the signature, which ECDSA may
//! randomise. The image is copied and hashed piece by piece; only an ECDSA signer makes this module
//! hold the bytes, since such a key signs bytes and not their hash. Read [`WrapRequest`] first.

use std::io::{self, Read, Write};

use mainstay_trust::{Digest, Hasher, Primitives};

use super::IMAGE_BYTES_MAX;
use super::header::{HEADER_BYTES, Header};
use super::room::{LOOK_BEHIND_BYTES, Room};
use super::signature::Scheme;
use super::spki;
use super::tlv::{self, Area, TlvType};
use super::version::ImageVersion;
use super::wrap_error::WrapError;
use crate::Signer;

/// Header and padding unless said otherwise: what Zephyr and most boards reserve, and a multiple of
/// every Cortex-M's alignment of the vector table behind it.
pub const HEADER_BYTES_DEFAULT: u16 = 0x200;

/// Bytes of the protected area: the security counter.
const PROTECTED_BYTES: u16 = tlv::area_bytes(&[size_of::<u32>()]) as u16;

/// What the header is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrapRequest {
    /// The program's version.
    pub version: ImageVersion,
    /// See [`counter_from_floor`](super::counter_from_floor).
    pub security_counter: u32,
    /// Bytes of header and padding: what the boot loader adds to a slot's start to find the program.
    pub header_bytes: u16,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrapped {
    /// Bytes of the whole image.
    pub bytes: u64,
    /// Its hash.
    pub hash: Digest,
    /// Where the header went.
    pub room: Room,
}

/// Wraps the raw image in `image`, which has `image_bytes`, and writes what MCUboot starts to `out`.
/// After an error, what was written is worthless; the caller writes to a temporary name.
pub fn wrap(
    request: &WrapRequest,
    image: &mut dyn Read,
    image_bytes: u64,
    signer: &dyn Signer,
    primitives: &impl Primitives,
    out: &mut dyn Write,
) -> Result<Wrapped, WrapError> {
    let algorithm = signer.public_key().algorithm();
    let scheme = Scheme::of(algorithm, primitives).ok_or(WrapError::Algorithm(algorithm))?;
    let mut hashed = Hashed {
        out,
        hasher: primitives.hasher(),
        message: scheme.signs_bytes().then(Vec::new),
    };
    let (header, room) = write_hashed(request, image, image_bytes, &mut hashed)?;
    let (hash, message) = (hashed.hasher.finish(), hashed.message);
    let message = message.unwrap_or_else(|| hash.0.to_vec());
    let signature = sign(scheme, signer, &message, primitives)?;
    let area = unprotected(scheme, signer, &hash, &signature, primitives);
    out.write_all(&area)?;
    let bytes = header.hashed_bytes() + area.len() as u64;
    Ok(Wrapped { bytes, hash, room })
}

/// Writes header, program and protected TLVs: all that the hash covers.
fn write_hashed(
    request: &WrapRequest,
    image: &mut dyn Read,
    image_bytes: u64,
    hashed: &mut impl Write,
) -> Result<(Header, Room), WrapError> {
    check_header_bytes(request.header_bytes)?;
    let look = u64::from(request.header_bytes) + LOOK_BEHIND_BYTES as u64;
    let mut beginning = Vec::new();
    (&mut *image).take(look).read_to_end(&mut beginning)?;
    let room = Room::of(&beginning, request.header_bytes)?;
    let skipped = room.bytes(request.header_bytes);
    let header = header(request, image_bytes.saturating_sub(skipped.into()))?;
    let padding = usize::from(request.header_bytes) - HEADER_BYTES;
    hashed.write_all(&header.encode())?;
    hashed.write_all(&vec![room.padding(); padding])?;
    let mut program = beginning
        .get(skipped.into()..)
        .unwrap_or_default()
        .chain(image);
    if !copy_exactly(&mut program, header.image_bytes.into(), hashed)? {
        return Err(WrapError::Changed {
            announced: image_bytes,
        });
    }
    let counter = request.security_counter.to_le_bytes();
    let protected = tlv::encode(Area::Protected, &[(TlvType::SEC_CNT, &counter)]);
    hashed.write_all(&protected)?;
    Ok((header, room))
}

fn check_header_bytes(header_bytes: u16) -> Result<(), WrapError> {
    match usize::from(header_bytes) {
        HEADER_BYTES.. if header_bytes.is_multiple_of(4) => Ok(()),
        _ => Err(WrapError::HeaderSize(header_bytes)),
    }
}

fn header(request: &WrapRequest, program_bytes: u64) -> Result<Header, WrapError> {
    /// More than hash, key and signature take.
    const UNPROTECTED_BYTES_MAX: u64 = 256;
    let image_bytes = match program_bytes {
        0 => Err(WrapError::Empty),
        bytes => u32::try_from(bytes).map_err(|_| WrapError::TooLarge),
    }?;
    let header = Header {
        load_address: 0,
        header_bytes: request.header_bytes,
        protected_bytes: PROTECTED_BYTES,
        image_bytes,
        flags: 0,
        version: request.version,
    };
    match header.hashed_bytes() + UNPROTECTED_BYTES_MAX {
        ..=IMAGE_BYTES_MAX => Ok(header),
        _ => Err(WrapError::TooLarge),
    }
}

/// Whether `from` held exactly `len` bytes, which are copied.
fn copy_exactly(from: &mut impl Read, len: u64, to: &mut impl Write) -> io::Result<bool> {
    let copied = io::copy(&mut from.take(len), to)?;
    let more = io::copy(&mut from.take(1), &mut io::sink())?;
    Ok(copied == len && more == 0)
}

/// The signature as it stands in its TLV, checked: a token that gives nonsense is found out here,
/// and not by a fleet.
fn sign(
    scheme: Scheme,
    signer: &dyn Signer,
    message: &[u8],
    primitives: &impl Primitives,
) -> Result<Vec<u8>, WrapError> {
    let bad = || WrapError::BadSignature(signer.holder().to_owned());
    let signature = signer.sign(message)?;
    let value = scheme.to_tlv(&signature).ok_or_else(bad)?;
    scheme
        .verify(&value, &signer.public_key(), message, primitives)
        .map_err(|_| bad())?;
    Ok(value)
}

fn unprotected(
    scheme: Scheme,
    signer: &dyn Signer,
    hash: &Digest,
    signature: &[u8],
    primitives: &impl Primitives,
) -> Vec<u8> {
    let der = spki::to_der(&signer.public_key()).expect("a key with a scheme has a DER");
    let key_hash = primitives.digest(&der);
    let entries: [(TlvType, &[u8]); 3] = [
        (TlvType::SHA256, &hash.0),
        (TlvType::KEYHASH, &key_hash.0),
        (scheme.tlv(), signature),
    ];
    tlv::encode(Area::Unprotected, &entries)
}

/// Hands on what the hash covers, and keeps it where the signer will want it.
struct Hashed<'a, H> {
    out: &'a mut dyn Write,
    hasher: H,
    message: Option<Vec<u8>>,
}

impl<H: Hasher> Write for Hashed<'_, H> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.hasher.update(bytes);
        if let Some(message) = &mut self.message {
            message.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
