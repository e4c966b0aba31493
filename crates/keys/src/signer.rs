//! A signer whose key was in an encrypted file (or was just made).
//!
//! ECDSA and ML-DSA are randomised by AWS-LC: the same bytes signed twice give two signatures, both
//! good. The key stays inside the library, which wipes its memory when it frees it.

use std::fmt;

use mainstay_artifact::{PublicKeyBuf, SignError, Signer};
use mainstay_trust::{KeyId, PublicKey};

use crate::pair::Pair;
use crate::{HostPrimitives, KeyError, SecretKey};

/// One holder's key, ready to sign.
pub struct FileSigner {
    holder: String,
    id: KeyId,
    public: PublicKeyBuf,
    pair: Pair,
}

impl FileSigner {
    pub(crate) fn new(key: &SecretKey) -> Result<Self, KeyError> {
        let refused = KeyError::Library("take a key");
        let Some(pair) = Pair::from_pkcs8(key.pkcs8()) else {
            return Err(refused);
        };
        let public = PublicKeyBuf::new(pair.algorithm(), pair.public_key()).map_err(|_| refused)?;
        let id = KeyId::of(&public.as_key(), &HostPrimitives);
        Ok(Self {
            holder: key.holder().to_owned(),
            id,
            public,
            pair,
        })
    }
}

impl Signer for FileSigner {
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
        self.pair.sign(message).ok_or_else(|| SignError {
            holder: self.holder.clone(),
            cause: "the cryptographic library refused to sign".to_owned(),
        })
    }
}

impl fmt::Debug for FileSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSigner")
            .field("holder", &self.holder)
            .field("key_id", &self.id)
            .finish_non_exhaustive()
    }
}
