//! `mainstay key`: make signing keys.

use std::path::PathBuf;

use clap::Subcommand;
use mainstay_artifact::Signer as _;
use mainstay_keys::{PublicHalf, file, generate};
use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;
use crate::passphrase::PassphraseSource;
use crate::verbs::root::change;

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
        #[command(flatten)]
        passphrase: PassphraseSource,
    },
    /// Show whose key a public half is.
    #[command(after_help = "Example:\n  mainstay key show ana.key.pub")]
    Show {
        /// The `.pub` file.
        file: PathBuf,
    },
    /// Let a key sign only what is numbered up to a last number: the same as `mainstay root retire`.
    #[command(
        after_help = "Example:\n  mainstay key retire ana.key.pub --after-sequence 41 --from root-1.cbor -o root-2.cbor"
    )]
    Retire(change::Retire),
    /// Refuse whatever a key has signed or signs: the same as `mainstay root revoke`.
    #[command(
        after_help = "Example:\n  mainstay key revoke ana.key.pub --compromised --from root-1.cbor -o root-2.cbor"
    )]
    Revoke(change::Revoke),
}

impl Key {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::New {
                file,
                holder,
                passphrase,
            } => new(&file, &holder, &passphrase, output),
            Self::Retire(verb) => verb.run(output),
            Self::Revoke(verb) => verb.run(output),
            Self::Show { file } => {
                let half = PublicHalf::open(&file)?;
                let value = json!({ "holder": half.holder, "kid": half.key_id.to_string() });
                output.say(
                    || format!("{} is held by {}", half.key_id, half.holder),
                    &value,
                );
                Ok(())
            }
        }
    }
}

fn new(
    path: &std::path::Path,
    holder: &str,
    passphrase: &PassphraseSource,
    output: &Output,
) -> Result<(), Failure> {
    let passphrase = passphrase.read("Passphrase for the new key")?;
    let key = generate::fresh(holder)?;
    file::create(path, &key, &passphrase)?;
    let kid = key.signer()?.key_id().to_string();
    let public = PublicHalf::path_beside(path).display().to_string();
    let value = json!({ "private": path, "public": public, "kid": kid, "holder": holder });
    let sentence = || {
        format!(
            "{} holds the private key of {holder}, encrypted.\n{public} is its public half; \
                 give it to whoever makes the root.",
            path.display()
        )
    };
    output.say(sentence, &value);
    Ok(())
}
