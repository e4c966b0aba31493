//! Where the passphrase of a key file, or the PIN of a token, comes from: a file, the environment, or
//! the keyboard; never an argument, which every process of the machine could read.

use std::path::{Path, PathBuf};

use clap::Args;
use mainstay_keys::pkcs11::{Pin, TokenError};
use mainstay_keys::{KeyError, Passphrase, PinOf};

use crate::failure::{Failure, at};

/// The environment variable that may hold the passphrase.
const VARIABLE: &str = "MAINSTAY_PASSPHRASE";

/// Options of every verb that opens a key.
#[derive(Debug, Clone, Args)]
pub struct PassphraseSource {
    /// A file with nothing but the key's passphrase, or the PIN of its token. Without it, the
    /// environment variable MAINSTAY_PASSPHRASE is used, or you are asked.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseSource {
    /// This file; without one, the environment or the keyboard.
    pub fn of(passphrase_file: Option<PathBuf>) -> Self {
        Self { passphrase_file }
    }

    /// The passphrase, from the first of the three that is there.
    pub fn read(&self, prompt: &str) -> Result<Passphrase, Failure> {
        let file = self.passphrase_file.as_deref();
        secret(file, prompt, Passphrase::from_file, Passphrase::from_text)
    }

    /// The PIN of a token. The file that its URI names comes after `--passphrase-file` and before
    /// the environment.
    pub fn read_pin(&self, of: &PinOf<'_>) -> Result<Pin, Failure> {
        let file = self.passphrase_file.as_deref().or(of.file);
        let warning = match of.last_try {
            true => " (the last try before it locks)",
            false => "",
        };
        let prompt = format!("PIN of token {}{warning}", of.token);
        secret(file, &prompt, Pin::from_file, Pin::from_text)
    }
}

fn secret<T>(
    file: Option<&Path>,
    prompt: &str,
    from_file: fn(&Path) -> Result<T, KeyError>,
    from_text: fn(&str) -> Result<T, KeyError>,
) -> Result<T, Failure> {
    if let Some(file) = file {
        return from_file(file).map_err(|error| named(error, file));
    }
    if let Ok(text) = std::env::var(VARIABLE) {
        return Ok(from_text(&text)?);
    }
    let typed = rpassword::prompt_password(format!("{prompt}: ")).map_err(|error| {
        let what = format!("no passphrase can be asked for here: {error}");
        let cure = format!("use --passphrase-file FILE, or set {VARIABLE}");
        Failure::usage("passphrase.no-terminal", what, cure)
    })?;
    Ok(from_text(&typed)?)
}

/// A wrong length doesn't say by itself which file has it.
fn named(error: KeyError, file: &Path) -> Failure {
    match error {
        KeyError::PassphraseLength(_) | KeyError::Token(TokenError::PinLength(_)) => {
            at(file)(error)
        }
        _ => error.into(),
    }
}
