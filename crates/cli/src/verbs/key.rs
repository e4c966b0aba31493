//! `mainstay key`: make signing keys.

mod import;

use std::path::PathBuf;

use clap::Subcommand;
use mainstay_artifact::Signer as _;
use mainstay_keys::{PublicHalf, file, generate};
use mainstay_trust::Algorithm;
use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;
use crate::passphrase::PassphraseSource;

/// Make signing keys.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  mainstay key new ana.key --holder ana@northwind.example")]
pub enum Key {
    /// Make a key: an encrypted private file, and beside it the public half (`.pub`) for the root.
    #[command(after_help = "Example:\n  mainstay key new ana.key --holder ana@northwind.example")]
    New {
        /// The private key file to write; it must not exist.
        file: PathBuf,
        /// The person or service that holds it. One holder has one duty.
        #[arg(long)]
        holder: String,
        /// ESP256, ESP384, Ed25519, ML-DSA-65 or ML-DSA-87.
        #[arg(long, default_value = "ESP256", value_parser = algorithm)]
        algorithm: Algorithm,
        #[command(flatten)]
        passphrase: PassphraseSource,
    },
    /// Write the `.pub` file of a key that was made elsewhere, so that a root can list it.
    Import(import::Import),
    /// Show whose key a public half is.
    #[command(after_help = "Example:\n  mainstay key show ana.key.pub")]
    Show {
        /// The `.pub` file.
        file: PathBuf,
    },
}

impl Key {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::New {
                file,
                holder,
                algorithm,
                passphrase,
            } => new(&file, &holder, algorithm, &passphrase, output),
            Self::Import(verb) => verb.run(output),
            Self::Show { file } => {
                let half = PublicHalf::open(&file)?;
                let value = json!({ "holder": half.holder, "kid": half.key_id.to_string(), "algorithm": half.public_key.algorithm().id() });
                output.say(
                    || format!("{} is held by {}", half.key_id, half.holder),
                    &value,
                );
                Ok(())
            }
        }
    }
}

/// In any mixture of capitals; a name that can't sign is refused where keys are made.
fn algorithm(name: &str) -> Result<Algorithm, String> {
    let same = |algorithm: &Algorithm| algorithm.id().eq_ignore_ascii_case(name);
    let found = Algorithm::ALL.into_iter().find(same);
    found.ok_or_else(|| "use ESP256, ESP384, Ed25519, ML-DSA-65 or ML-DSA-87".to_owned())
}

fn new(
    path: &std::path::Path,
    holder: &str,
    algorithm: Algorithm,
    passphrase: &PassphraseSource,
    output: &Output,
) -> Result<(), Failure> {
    // Made first: what can't be made is refused before anyone types a passphrase.
    let key = generate::fresh(algorithm, holder)?;
    let passphrase = passphrase.read("Passphrase for the new key")?;
    file::create(path, &key, &passphrase)?;
    let kid = key.signer()?.key_id().to_string();
    let public = PublicHalf::path_beside(path).display().to_string();
    let value = json!({ "private": path, "public": public, "kid": kid, "holder": holder, "algorithm": algorithm.id() });
    let sentence = || {
        format!(
            "{} holds the private {} key of {holder}, encrypted.\n{public} is its public half; \
                 give it to whoever makes the root.",
            path.display(),
            algorithm.id()
        )
    };
    output.say(sentence, &value);
    Ok(())
}
