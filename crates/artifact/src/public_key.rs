//! A public key that owns its bytes, for whatever outlives the document or file it came from.

use mainstay_trust::key::KeyError;
use mainstay_trust::{Algorithm, PublicKey};

/// An owned [`PublicKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeyBuf {
    algorithm: Algorithm,
    bytes: Box<[u8]>,
}

impl PublicKeyBuf {
    /// Takes a public key in the form that its algorithm has in documents.
    ///
    /// # Errors
    /// As [`PublicKey::new`].
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        PublicKey::new(algorithm, bytes).map(Self::from)
    }

    /// The key, borrowed.
    pub fn as_key(&self) -> PublicKey<'_> {
        PublicKey::new(self.algorithm, &self.bytes).expect("it was one when it was taken")
    }

    /// The only algorithm that this key may be used with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl From<PublicKey<'_>> for PublicKeyBuf {
    fn from(key: PublicKey<'_>) -> Self {
        Self {
            algorithm: key.algorithm(),
            bytes: key.bytes().into(),
        }
    }
}
