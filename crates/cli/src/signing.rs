//! Options of the verbs that open a key, and the one way in which they open it.
//!
//! Which kind of key it is, an encrypted file or a token's, no verb needs to know. Read [`Signing`].

use std::path::{Path, PathBuf};

use clap::Args;
use mainstay_artifact::Signer;
use mainstay_keys::pkcs11::{OpenToken, Pin, TokenUri};
use mainstay_keys::{Opening, Passphrase, PinOf, SecretSource, UseLog};

use crate::failure::Failure;
use crate::passphrase::PassphraseSource;

/// Options of every verb that may need a secret, of a file or of a token.
#[derive(Debug, Clone, Args)]
pub struct Secrets {
    #[command(flatten)]
    pub passphrase: PassphraseSource,
    /// The PKCS#11 library that speaks to a token, where its URI names none.
    #[arg(long, env = "MAINSTAY_PKCS11_MODULE", value_name = "FILE")]
    pub pkcs11_module: Option<PathBuf>,
}

/// Options of every verb that signs.
#[derive(Debug, Clone, Args)]
pub struct Signing {
    #[command(flatten)]
    secrets: Secrets,
    /// Where each use of the key is recorded [default: beside the key, as KEY.uses].
    #[arg(long, env = "MAINSTAY_KEY_LOG", value_name = "FILE")]
    key_log: Option<PathBuf>,
}

impl Signing {
    /// The key in `key`, ready to sign; each use goes on record first.
    pub fn open(&self, key: &Path) -> Result<Box<dyn Signer>, Failure> {
        let module = self.secrets.pkcs11_module.as_deref();
        mainstay_keys::open(key, module, &self.secrets, self.uses(key))
    }

    /// As [`Signing::open`], without waiting for a key file: its secret is asked for, and it is
    /// opened beside whatever comes before the signature.
    pub fn begin(&self, key: &Path) -> Result<Opening, Failure> {
        let module = self.secrets.pkcs11_module.as_deref();
        mainstay_keys::begin(key, module, &self.secrets, self.uses(key))
    }

    fn uses(&self, key: &Path) -> UseLog {
        let beside = || UseLog::path_beside(key);
        let place = self.key_log.clone().unwrap_or_else(beside);
        let program = concat!("mainstay ", env!("CARGO_PKG_VERSION"));
        UseLog::at(place, now_s, program)
    }
}

impl Secrets {
    /// The opened token of a URI; a PIN is asked for only if the token needs one.
    pub fn unlock(&self, uri: &TokenUri, to_write: bool) -> Result<OpenToken, Failure> {
        mainstay_keys::unlock(uri, self.pkcs11_module.as_deref(), self, to_write)
    }
}

impl SecretSource for Secrets {
    type Error = Failure;

    fn passphrase(&self, key: &Path) -> Result<Passphrase, Failure> {
        self.passphrase
            .read(&format!("Passphrase of {}", key.display()))
    }

    fn pin(&self, of: &PinOf<'_>) -> Result<Pin, Failure> {
        self.passphrase.read_pin(of)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a use of a key is dated by the clock of who signs"
)]
fn now_s() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}
