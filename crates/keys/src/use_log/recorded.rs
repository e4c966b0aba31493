//! A signer that leaves a record of each use. Read [`Recorded`].

use mainstay_artifact::{SignError, Signer};
use mainstay_trust::{KeyId, PublicKey};

use super::UseLog;

/// `signer`, each use of which is on disk before its signature is given out; if it can't be recorded,
/// nothing is signed.
#[derive(Debug)]
pub struct Recorded<S> {
    signer: S,
    uses: UseLog,
}

impl<S: Signer> Recorded<S> {
    /// Records the uses of `signer` in `uses`.
    pub fn new(signer: S, uses: UseLog) -> Self {
        Self { signer, uses }
    }
}

impl<S: Signer> Signer for Recorded<S> {
    fn key_id(&self) -> KeyId {
        self.signer.key_id()
    }

    fn public_key(&self) -> PublicKey<'_> {
        self.signer.public_key()
    }

    fn holder(&self) -> &str {
        self.signer.holder()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let recorded = self.uses.append(&self.signer, message);
        recorded.map_err(|error| {
            SignError::new(self.holder(), error.to_string()).with_advice(error.id(), error.cure())
        })?;
        self.signer.sign(message)
    }
}
