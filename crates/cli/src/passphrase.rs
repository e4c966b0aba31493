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
    /// Nobody is there to be asked.
    #[arg(skip)]
    unattended: bool,
}

impl PassphraseSource {
    /// This file; without one, the environment or the keyboard.
    pub fn of(passphrase_file: Option<PathBuf>) -> Self {
        Self {
            passphrase_file,
            unattended: false,
        }
    }

    /// The same, where nobody is asked: a server that runs waits for no keyboard.
    pub fn unattended(self) -> Self {
        Self {
            unattended: true,
            ..self
        }
    }

    /// Whether somebody has to type it, as far as is known before a token's URI is read.
    pub fn is_typed(&self) -> bool {
        self.passphrase_file.is_none() && std::env::var_os(VARIABLE).is_none()
    }

    /// The passphrase, from the first of the three that is there.
    pub fn read(&self, prompt: &str) -> Result<Passphrase, Failure> {
        let file = self.passphrase_file.as_deref();
        let asks = self.asks(prompt);
        secret(file, asks, Passphrase::from_file, Passphrase::from_text)
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
        secret(file, self.asks(&prompt), Pin::from_file, Pin::from_text)
    }

    /// What somebody is asked, if somebody is.
    fn asks<'a>(&self, prompt: &'a str) -> Option<&'a str> {
        (!self.unattended).then_some(prompt)
    }
}

fn secret<T>(
    file: Option<&Path>,
    prompt: Option<&str>,
    from_file: fn(&Path) -> Result<T, KeyError>,
    from_text: fn(&str) -> Result<T, KeyError>,
) -> Result<T, Failure> {
    if let Some(file) = file {
        return from_file(file).map_err(|error| named(error, file));
    }
    if let Ok(text) = std::env::var(VARIABLE) {
        return Ok(from_text(&text)?);
    }
    let Some(prompt) = prompt else {
        let what = "nobody is asked for a passphrase or a PIN while the server runs";
        let cure = "name a file with it in the settings, and start the server again";
        return Err(Failure::usage("passphrase.nobody-to-ask", what, cure));
    };
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
