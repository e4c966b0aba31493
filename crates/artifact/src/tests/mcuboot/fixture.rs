//! Keys on both curves, and small images signed by them.

use std::convert::Infallible;
use std::io::Cursor;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use mainstay_trust::{
    Algorithm, BadSignature, KeyId, Primitives, PublicKey, RustCrypto, rustcrypto::Sha256Hasher,
};

use crate::mcuboot::{
    Defect, Facts, ImageVersion, WrapError, WrapRequest, Wrapped, accept, spki, wrap,
};
use crate::signer::FakeSigner;
use crate::{PublicKeyBuf, SignError, Signer};

/// A program of no use, which begins as a Cortex-M's does: stack pointer, entry.
pub const PROGRAM: &[u8] = b"\x00\x00\x01\x20\x01\x02\x00\x00 and so on, for some bytes more";

/// RustCrypto, and Ed25519 beside it.
pub struct BothCurves;

impl Primitives for BothCurves {
    type Hasher = Sha256Hasher;
    type Hasher384 = Infallible;

    fn hasher(&self) -> Sha256Hasher {
        RustCrypto.hasher()
    }

    fn hasher384(&self) -> Option<Infallible> {
        None
    }

    fn supports(&self, algorithm: Algorithm) -> bool {
        algorithm == Algorithm::Ed25519 || RustCrypto.supports(algorithm)
    }

    fn verify(
        &self,
        key: &PublicKey<'_>,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        match key.algorithm() {
            Algorithm::Ed25519 => UnparsedPublicKey::new(&ED25519, key.bytes())
                .verify(&message.concat(), signature)
                .map_err(|_| BadSignature),
            _ => RustCrypto.verify(key, message, signature),
        }
    }
}

/// A signer on Curve25519.
pub struct EdSigner {
    pair: Ed25519KeyPair,
    public: PublicKeyBuf,
}

impl EdSigner {
    /// The key of this seed.
    pub fn new(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let public = PublicKeyBuf::new(Algorithm::Ed25519, pair.public_key().as_ref()).unwrap();
        Self { pair, public }
    }
}

impl Signer for EdSigner {
    fn key_id(&self) -> KeyId {
        KeyId::of(&self.public.as_key(), &RustCrypto)
    }

    fn public_key(&self) -> PublicKey<'_> {
        self.public.as_key()
    }

    fn holder(&self) -> &str {
        "boot-line"
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.pair.sign(message).as_ref().to_vec())
    }
}

/// One signer of each kind.
pub fn signers() -> [Box<dyn Signer>; 2] {
    [
        Box::new(FakeSigner::new("boot-line")),
        Box::new(EdSigner::new(1)),
    ]
}

pub fn request() -> WrapRequest {
    WrapRequest {
        version: ImageVersion::from_release("1.2.3+4").unwrap(),
        security_counter: 7,
        header_bytes: 64,
    }
}

/// Wraps `raw`; gives the image and what was said of it.
pub fn wrapped(
    request: &WrapRequest,
    raw: &[u8],
    signer: &dyn Signer,
) -> Result<(Vec<u8>, Wrapped), WrapError> {
    let mut out = Vec::new();
    let len = raw.len() as u64;
    let said = wrap(request, &mut &*raw, len, signer, &BothCurves, &mut out)?;
    Ok((out, said))
}

/// A small good image.
pub fn image(signer: &dyn Signer) -> Vec<u8> {
    wrapped(&request(), PROGRAM, signer).unwrap().0
}

/// Judges an image by the key of `signer`.
pub fn judged(image: &[u8], signer: &dyn Signer) -> Result<Facts, Vec<Defect>> {
    accept(
        &mut Cursor::new(image),
        Some(&signer.public_key()),
        &BothCurves,
    )
}

/// The ids of all defects; empty for a good image.
pub fn ids(judged: Result<Facts, Vec<Defect>>) -> Vec<&'static str> {
    let defects = judged.err().unwrap_or_default();
    defects.iter().map(Defect::id).collect()
}

/// The public half of `signer`, as MCUboot's tools read it.
pub fn pem(signer: &dyn Signer) -> String {
    spki::to_pem(&signer.public_key()).unwrap()
}
