//! Options of the verbs that open a key, and the one way in which they open it. Read [`Signing`].

use std::path::Path;

use clap::Args;
use mainstay_artifact::Signer;
use mainstay_keys::file;

use crate::failure::Failure;
use crate::passphrase::PassphraseSource;

/// Options of every verb that signs.
#[derive(Debug, Clone, Args)]
pub struct Signing {
    #[command(flatten)]
    passphrase: PassphraseSource,
}

impl Signing {
    /// The key in `key`, ready to sign.
    pub fn open(&self, key: &Path) -> Result<Box<dyn Signer>, Failure> {
        let prompt = format!("Passphrase of {}", key.display());
        let passphrase = self.passphrase.read(&prompt)?;
        Ok(Box::new(file::open(key, &passphrase)?))
    }
}
