//! Seals: signatures that cost a hash, for campaigns in which a device boots a million times.
//!
//! Whether a signature holds is the subject of `trust`'s own tests; here it only matters *that* the device asks.
//! A seal is bound to its key and its message as a signature is, and anybody could make it.

use mainstay_artifact::{PublicKeyBuf, SignError, Signer};
use mainstay_trust::Hasher as _;
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{Algorithm, BadSignature, Digest, KeyId, Primitives, PublicKey};

/// Somebody with a key that follows from their name.
#[derive(Clone)]
pub struct Sealer {
    holder: String,
    public: PublicKeyBuf,
    id: KeyId,
}

impl Sealer {
    /// The one and only sealer of this name.
    pub fn new(holder: &str) -> Self {
        let name = Seals.digest(holder.as_bytes());
        // The form of an uncompressed point; nobody looks whether it is on the curve.
        let point = [&[4], &name.0[..], &Seals.digest(&name.0).0].concat();
        let public = PublicKeyBuf::new(Algorithm::Esp256, &point)
            .expect("65 bytes, of which the first is 4");
        let id = KeyId::of(&public.as_key(), &Seals);
        Self {
            holder: holder.to_owned(),
            public,
            id,
        }
    }
}

impl Signer for Sealer {
    fn key_id(&self) -> KeyId {
        self.id
    }

    fn public_key(&self) -> PublicKey<'_> {
        self.public.as_key()
    }

    fn holder(&self) -> &str {
        &self.holder
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(seal(&self.public.as_key(), &[message]).to_vec())
    }
}

/// The primitives under which seals are signatures: real SHA-256, and nothing else that is real.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seals;

impl Primitives for Seals {
    type Hasher = <RustCrypto as Primitives>::Hasher;
    type Hasher384 = core::convert::Infallible;

    fn hasher(&self) -> Self::Hasher {
        RustCrypto.hasher()
    }

    fn hasher384(&self) -> Option<Self::Hasher384> {
        None
    }

    fn supports(&self, algorithm: Algorithm) -> bool {
        algorithm == Algorithm::Esp256
    }

    fn verify(
        &self,
        key: &PublicKey<'_>,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        match signature == seal(key, message) {
            true => Ok(()),
            false => Err(BadSignature),
        }
    }
}

fn seal(key: &PublicKey<'_>, message: &[&[u8]]) -> [u8; 64] {
    let mut hasher = Seals.hasher();
    hasher.update(key.bytes());
    message.iter().for_each(|part| hasher.update(part));
    let Digest(half) = hasher.finish();
    let mut seal = [0; 64];
    seal[..32].copy_from_slice(&half);
    seal[32..].copy_from_slice(&half);
    seal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_holds_for_its_key_and_message_alone() {
        let (ana, sam) = (Sealer::new("ana"), Sealer::new("sam"));
        let seal = ana.sign(b"message").expect("it always does");
        let holds = |sealer: &Sealer, message: &[&[u8]]| {
            Seals.verify(&sealer.public_key(), message, &seal).is_ok()
        };
        assert!(holds(&ana, &[b"mess", b"age"]));
        assert!(!holds(&ana, &[b"massage"]));
        assert!(!holds(&sam, &[b"message"]));
    }
}
