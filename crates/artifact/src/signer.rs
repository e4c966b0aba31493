//! The one narrow door to a private key.
//!
//! A [`Signer`] signs bytes; it never chooses what they mean. The `keys` crate implements it for
//! encrypted files and PKCS#11 tokens. The fake beside the trait (feature `fake`) is for tests only:
//! its keys follow from their names.

use mainstay_trust::{KeyId, PublicKey};

/// Something that can sign as one holder with one key.
pub trait Signer: Send + Sync {
    /// The key's id, as it stands in the `kid` of every block this signer makes.
    fn key_id(&self) -> KeyId;

    /// The public half.
    fn public_key(&self) -> PublicKey<'_>;

    /// The person or service that holds the key, as the root names them.
    fn holder(&self) -> &str;

    /// Signs `message` (the encoded `Sig_structure`; whatever hash the algorithm has is applied
    /// inside) and returns the signature in the form of [`mainstay_trust::key`]'s table: for ECDSA
    /// the raw `r || s`.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Why a key would not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key of {holder} did not sign: {cause}")]
pub struct SignError {
    /// Whose key it is.
    pub holder: String,
    /// What the key store said, in plain words.
    pub cause: String,
    advice: Option<Advice>,
}

/// The id and the cure that a key store knows better than we do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Advice {
    id: &'static str,
    cure: &'static str,
}

impl SignError {
    /// The key of `holder` did not sign, because of `cause`.
    pub fn new(holder: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            holder: holder.into(),
            cause: cause.into(),
            advice: None,
        }
    }

    /// As it is, under the key store's own stable id and with its own cure.
    #[must_use]
    pub fn with_advice(self, id: &'static str, cure: &'static str) -> Self {
        let advice = Some(Advice { id, cure });
        Self { advice, ..self }
    }

    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        self.advice
            .map_or("artifact.key-did-not-sign", |advice| advice.id)
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        self.advice.map_or(
            "Open the key file or token again; if it still fails, replace the key through a new root.",
            |advice| advice.cure,
        )
    }
}

#[cfg(any(test, feature = "fake"))]
pub use fake::FakeSigner;

#[cfg(any(test, feature = "fake"))]
mod fake {
    use super::{KeyId, PublicKey, SignError, Signer};
    use crate::PublicKeyBuf;
    use mainstay_trust::{Algorithm, Primitives, rustcrypto::RustCrypto};
    use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};

    /// A signer whose key is derived from its holder's name. For tests: anyone can make it.
    #[derive(Clone)]
    pub struct FakeSigner {
        holder: String,
        key: SigningKey,
        public: PublicKeyBuf,
        id: KeyId,
    }

    impl FakeSigner {
        /// The signer of `holder`; the same name always gives the same key.
        pub fn new(holder: &str) -> Self {
            let seed = RustCrypto.digest(holder.as_bytes());
            let key = SigningKey::from_slice(&seed.0).expect("a SHA-256 is below the group order");
            let point = key.verifying_key().to_sec1_point(false);
            let public = PublicKeyBuf::new(Algorithm::Esp256, point.as_bytes())
                .expect("an uncompressed point of P-256");
            let id = KeyId::of(&public.as_key(), &RustCrypto);
            Self {
                holder: holder.to_owned(),
                key,
                public,
                id,
            }
        }
    }

    impl Signer for FakeSigner {
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
            let signature: Signature = self.key.sign(message);
            Ok(signature.to_bytes().to_vec())
        }
    }
}
