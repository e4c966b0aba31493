//! Where a key's passphrase comes from: a file, the environment, or the keyboard; never an argument,
//! which every process of the machine could read.

use std::path::{Path, PathBuf};

use clap::Args;
use mainstay_keys::{KeyError, Passphrase};

use crate::failure::{Failure, at};

/// The environment variable that may hold the passphrase.
const VARIABLE: &str = "MAINSTAY_PASSPHRASE";

/// Options of every verb that opens a key.
#[derive(Debug, Clone, Args)]
pub struct PassphraseSource {
    /// A file with nothing but the key's passphrase. Without it, the environment variable
    /// MAINSTAY_PASSPHRASE is used, or you are asked.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseSource {
    /// The passphrase, from the first of the three that is there.
    pub fn read(&self, prompt: &str) -> Result<Passphrase, Failure> {
        if let Some(file) = &self.passphrase_file {
            return Passphrase::from_file(file).map_err(|error| named(error, file));
        }
        if let Ok(text) = std::env::var(VARIABLE) {
            return Ok(Passphrase::from_text(&text)?);
        }
        let typed = rpassword::prompt_password(format!("{prompt}: ")).map_err(|error| {
            let what = format!("no passphrase can be asked for here: {error}");
            let cure = format!("use --passphrase-file FILE, or set {VARIABLE}");
            Failure::usage("passphrase.no-terminal", what, cure)
        })?;
        Ok(Passphrase::from_text(&typed)?)
    }
}

/// A wrong length doesn't say by itself which file has it.
fn named(error: KeyError, file: &Path) -> Failure {
    match error {
        KeyError::PassphraseLength(_) => at(file)(error),
        _ => error.into(),
    }
}
