//! Packing: from what is said of a firmware image, and the image, to an unsigned envelope.
//!
//! The same request and the same payload give the same bytes on every machine: nothing of the
//! place, the time or the machine enters. Packing vouches for nothing; [`sign`](crate::sign) and
//! [`approve`](crate::approve) do. Read [`PackRequest`] first; [`pack`] makes an envelope,
//! [`into_file`](crate::pack_file::into_file) a whole artifact file in one pass over the image.

use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use mainstay_trust::envelope;
use mainstay_trust::manifest::{MANIFEST_BYTES_MAX, RETURNS_TO_MAX, VERSION_BYTES_MAX};
use mainstay_trust::{
    BootloaderVersion, Digest, DigestAlgorithm, EncodeError, Image, List, Manifest, Primitives,
    Refusal, SuitDigest,
};

use crate::blocks::BlockError;
use crate::container::{ContainerError, PAYLOAD_BYTES_MAX, PIECE_BYTES};
use crate::identity::ClassName;
use crate::payload::{MeasuringPayload, Payload};

/// Pieces that go round between the thread that reads and writes and the one that hashes: one in each
/// hand, and one between them so that neither waits for the other's every step.
const PIECES: usize = 3;

/// What a release says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackRequest {
    /// Whose devices, in which environment, of which class and hardware group it is for.
    pub class: ClassName,
    /// The version that people read: semantic versioning 2.0, at most 64 bytes.
    pub version: String,
    /// Rises with every release of a class, from 1.
    pub sequence: u64,
    /// Once this release is confirmed, nothing with a lower sequence is installed again; 0 forbids
    /// nothing, and it is never above `sequence`.
    pub security_floor: u64,
    /// Installing must begin before this moment, in Unix seconds.
    pub use_before: Option<u64>,
    /// The oldest bootloader that may start it.
    pub bootloader_min: BootloaderVersion,
    /// Manifest digests of the earlier releases that a device may go back to from this one.
    pub returns_to: Vec<Digest>,
    /// SHA-256 of the release's bill of materials.
    pub sbom: Option<Digest>,
    /// SHA-256 of the statement of how it was built.
    pub provenance: Option<Digest>,
    /// What binds the signatures to the manifest, and that to its image; names stay SHA-256.
    pub digest: DigestAlgorithm,
    /// For devices that start images where they lie: the payload is the image for bank A, of so many bytes,
    /// and behind it the one for bank B. None if it is one image, the same for every place.
    pub bank_a_bytes: Option<u64>,
}

/// An unsigned envelope and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The SUIT envelope, without any block.
    pub envelope: Vec<u8>,
    /// The release's identity.
    pub manifest_digest: Digest,
    /// SHA-256 of the payload.
    pub image_digest: Digest,
    /// Size of the payload in bytes.
    pub image_bytes: u64,
}

/// Why something can't be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The payload can't be read.
    #[error("the firmware image could not be read: {0}")]
    Stream(#[from] io::Error),
    /// The payload has no bytes.
    #[error("the firmware image is empty")]
    EmptyPayload,
    /// The payload is above the bound.
    #[error("the firmware image has more than {PAYLOAD_BYTES_MAX} bytes")]
    PayloadTooLarge,
    /// Not a semantic version, or too long.
    #[error("{0:?} isn't a semantic version of at most {VERSION_BYTES_MAX} bytes")]
    Version(String),
    /// Sequence zero.
    #[error("the sequence number is 0; a device that never updated stands at 0 already")]
    Sequence,
    /// Nothing is left for bank B.
    #[error("of a payload of {payload} bytes, {bank_a} are for bank A, and none for bank B")]
    BankEmpty {
        /// What was said to be for bank A.
        bank_a: u64,
        /// What there is.
        payload: u64,
    },
    /// Too many releases to return to, or one twice.
    #[error("{0} releases to return to; there may be {RETURNS_TO_MAX}, each once")]
    ReturnsTo(usize),
    /// The rules of the manifest itself refuse it.
    #[error("the manifest can't be written: {0}")]
    Manifest(#[from] EncodeError),
    /// The artifact file's frame can't be written.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// It can't be signed.
    #[error(transparent)]
    Block(#[from] BlockError),
}

impl PackError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Stream(_) => "artifact.stream",
            Self::EmptyPayload => "artifact.payload-empty",
            Self::PayloadTooLarge => "artifact.payload-too-large",
            Self::Version(_) => "artifact.version",
            Self::Sequence => "artifact.sequence",
            Self::BankEmpty { .. } => "artifact.bank-empty",
            Self::ReturnsTo(_) => "artifact.returns-to",
            Self::Container(error) => error.id(),
            Self::Block(error) => error.id(),
            Self::Manifest(EncodeError::Refused(refusal)) => refusal.id(),
            Self::Manifest(EncodeError::BufferTooSmall) => "artifact.manifest-size",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Stream(_) => "Check that the file exists and that you may read it.",
            Self::EmptyPayload => "Name the image that the build wrote; this one has no bytes.",
            Self::PayloadTooLarge => "Name a firmware image of at most 2 GiB less one byte.",
            Self::Version(_) => "Write the version like 1.4.0 or 1.4.0-rc.1+build.7.",
            Self::Sequence => "Count releases of a class from 1 upwards.",
            Self::BankEmpty { .. } => {
                "Name the image that the build wrote for each bank; one has no bytes."
            }
            Self::ReturnsTo(_) => "Name at most four releases, the newest that are still good.",
            Self::Container(error) => error.cure(),
            Self::Block(error) => error.cure(),
            Self::Manifest(EncodeError::Refused(refusal)) => refusal.cure(),
            Self::Manifest(EncodeError::BufferTooSmall) => "Shorten the version.",
        }
    }
}

/// Reads `payload` to its end and packs it.
pub fn pack(
    request: &PackRequest,
    payload: &mut dyn Read,
    primitives: &impl Primitives,
) -> Result<Packed, PackError> {
    check(request)?;
    let found = copy_measured(payload, &mut io::sink(), request.measuring(primitives))?;
    describe(request, &found, primitives)
}

/// The unsigned envelope of a payload that was measured.
pub(crate) fn describe(
    request: &PackRequest,
    payload: &Payload,
    primitives: &impl Primitives,
) -> Result<Packed, PackError> {
    let manifest = encode_manifest(request, payload)?;
    let digest = SuitDigest::of(&manifest, request.digest, primitives);
    let digest = digest.map_err(EncodeError::from)?;
    let envelope = crate::blocks::encode_envelope(&digest, &[], &manifest)?;
    Ok(Packed {
        envelope,
        manifest_digest: envelope::manifest_digest(&manifest, primitives),
        image_digest: payload.whole.digest,
        image_bytes: payload.whole.bytes,
    })
}

/// The length and the digests of a payload, read once to its end.
pub fn measure(
    payload: &mut dyn Read,
    algorithm: DigestAlgorithm,
    primitives: &impl Primitives,
) -> Result<Image, PackError> {
    let measuring = MeasuringPayload::new(algorithm, None, primitives);
    Ok(copy_measured(payload, &mut io::sink(), measuring)?.whole)
}

/// Reads a payload once to its end, and writes to `out` the very bytes that are hashed. A second thread
/// hashes what this one wrote, while this one reads and writes on, for neither work waits on the other.
pub(crate) fn copy_measured<P: Primitives>(
    payload: &mut dyn Read,
    out: &mut dyn Write,
    mut measuring: MeasuringPayload<P>,
) -> Result<Payload, PackError> {
    let mut bounded = payload.take(PAYLOAD_BYTES_MAX + 1);
    let total = thread::scope(|scope| {
        let (written, to_hash) = mpsc::sync_channel::<Vec<u8>>(PIECES);
        let (hashed, empty) = mpsc::sync_channel(PIECES);
        for _ in 0..PIECES {
            let _ = hashed.send(vec![0; PIECE_BYTES]); // There is room, and `empty` listens.
        }
        let measuring = &mut measuring;
        scope.spawn(move || {
            for piece in to_hash {
                measuring.update(&piece);
                let _ = hashed.send(piece); // Nobody waits for it after the last one.
            }
        });
        copy(&mut bounded, out, &empty, &written)
    })?;
    check_size(total)?;
    Ok(measuring.finish())
}

/// Fills one empty piece after the other, writes it and hands it on. The pieces go round: none is
/// filled anew before it came back.
fn copy(
    stream: &mut impl Read,
    out: &mut dyn Write,
    empty: &Receiver<Vec<u8>>,
    written: &SyncSender<Vec<u8>>,
) -> io::Result<u64> {
    let mut total = 0;
    for mut piece in empty {
        let len = read_piece(stream, &mut piece)?;
        if len == 0 {
            break;
        }
        piece.truncate(len);
        out.write_all(&piece)?;
        total += len as u64;
        let last = len < PIECE_BYTES;
        if written.send(piece).is_err() || last {
            break;
        }
    }
    Ok(total)
}

/// Fills `piece` as far as the stream goes.
fn read_piece(stream: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < piece.len() {
        match stream.read(&mut piece[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

pub(crate) fn check_size(image_bytes: u64) -> Result<(), PackError> {
    match image_bytes {
        0 => Err(PackError::EmptyPayload),
        1..=PAYLOAD_BYTES_MAX => Ok(()),
        _ => Err(PackError::PayloadTooLarge),
    }
}

/// Whether such a release can be packed: asked before its image is read or a key is used.
///
/// # Errors
/// What is wrong with the request itself.
pub fn check(request: &PackRequest) -> Result<(), PackError> {
    let version = &request.version;
    if version.len() > VERSION_BYTES_MAX || semver::Version::parse(version).is_err() {
        return Err(PackError::Version(
            version.chars().take(2 * VERSION_BYTES_MAX).collect(),
        ));
    }
    if request.sequence == 0 {
        return Err(PackError::Sequence);
    }
    if request.security_floor > request.sequence {
        return Err(EncodeError::from(Refusal::FloorAboveSequence).into());
    }
    let releases = &request.returns_to;
    let repeated = releases
        .iter()
        .enumerate()
        .any(|(i, digest)| releases[..i].contains(digest));
    if repeated || releases.len() > RETURNS_TO_MAX as usize {
        return Err(PackError::ReturnsTo(releases.len()));
    }
    Ok(())
}

impl PackRequest {
    /// What measures a payload of this make.
    pub(crate) fn measuring<P: Primitives>(&self, primitives: &P) -> MeasuringPayload<P> {
        MeasuringPayload::new(self.digest, self.bank_a_bytes, primitives)
    }
}

fn encode_manifest(request: &PackRequest, payload: &Payload) -> Result<Vec<u8>, PackError> {
    let image = &payload.whole;
    check_banks(payload)?;
    let manifest = Manifest {
        digest: Digest::ZERO, // Not part of the encoding; it is computed from it.
        sequence: request.sequence,
        vendor_id: request.class.vendor_id(),
        class_id: request.class.class_id(),
        image_digest: image.digest,
        image_bytes: u32::try_from(image.bytes).map_err(|_| PackError::PayloadTooLarge)?,
        version: &request.version,
        security_floor: request.security_floor,
        use_before: request.use_before,
        bootloader_min: request.bootloader_min,
        returns_to: List::from(&request.returns_to[..]),
        sbom: request.sbom,
        provenance: request.provenance,
        image_sha384: image.sha384,
        banks: payload.banks,
    };
    let mut bytes = vec![0; MANIFEST_BYTES_MAX];
    let len = manifest.encode(&mut bytes)?;
    bytes.truncate(len);
    Ok(bytes)
}

fn check_banks(payload: &Payload) -> Result<(), PackError> {
    let Some([a, b]) = payload.banks.map(|banks| banks.images()) else {
        return Ok(());
    };
    match a.bytes > 0 && b.bytes > 0 {
        true => Ok(()),
        false => Err(PackError::BankEmpty {
            bank_a: a.bytes,
            payload: payload.whole.bytes,
        }),
    }
}
