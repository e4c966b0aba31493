//! `mainstay key new`: a key in an encrypted file, or in a token.

use std::path::{Path, PathBuf};

use clap::Args;
use mainstay_keys::pkcs11::TokenUri;
use mainstay_keys::{KeyError, PublicHalf, TokenFile, file, generate};
use mainstay_trust::Algorithm;
use serde_json::json;

use super::place;
use crate::failure::Failure;
use crate::output::Output;
use crate::signing::Secrets;

/// What to make.
#[derive(Debug, Args)]
pub struct New {
    /// The private key file to write; it must not exist.
    file: PathBuf,
    /// The person or service that holds it. One holder has one duty.
    #[arg(long)]
    holder: String,
    /// Make the key inside this token instead, under the label that the URI gives as `object`. It
    /// never leaves the token; the file only names it.
    #[arg(long, value_name = "URI")]
    token: Option<String>,
    /// ESP256, ESP384, Ed25519, ML-DSA-65 or ML-DSA-87; tokens know the first three.
    #[arg(long, default_value = "ESP256", value_parser = super::algorithm)]
    algorithm: Algorithm,
    #[command(flatten)]
    secrets: Secrets,
}

impl New {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match &self.token {
            None => self.in_file(output),
            Some(token) => self.in_token(&place::uri(token)?, output),
        }
    }

    fn in_file(&self, output: &Output) -> Result<(), Failure> {
        // Made first: what can't be made is refused before anyone types a passphrase.
        let key = generate::fresh(self.algorithm, &self.holder)?;
        let passphrase = self.secrets.passphrase.read("Passphrase for the new key")?;
        let public = file::create(&self.file, &key, &passphrase)?;
        say(&self.file, &public, "holds", ", encrypted", output);
        Ok(())
    }

    fn in_token(&self, uri: &TokenUri, output: &Output) -> Result<(), Failure> {
        // What can be wrong without the token is said before anybody is asked for a PIN.
        PublicHalf::check_holder(&self.holder)?;
        TokenFile::check_free(&self.file)?;
        let token = self.secrets.unlock(uri, true)?;
        let made = token
            .generate(uri, self.algorithm)
            .map_err(KeyError::from)?;
        let file = TokenFile {
            uri: made.uri.clone(),
        };
        let kept = PublicHalf::new(&self.holder, made.public.clone())
            .and_then(|public| file.create(&self.file, &public).map(|()| public));
        match kept {
            Ok(public) => {
                let tail = format!(" in token {}, which it never leaves", token.token().label());
                say(&self.file, &public, "names", &tail, output);
                Ok(())
            }
            Err(error) => {
                made.discard();
                Err(error.into())
            }
        }
    }
}

/// What was made, or linked.
pub fn say(path: &Path, public: &PublicHalf, does: &str, tail: &str, output: &Output) {
    let public_path = PublicHalf::path_beside(path).display().to_string();
    let holder = &public.holder;
    let value = json!({
        "private": path, "public": public_path, "kid": public.key_id.to_string(), "holder": holder,
        "algorithm": public.public_key.algorithm().id(),
    });
    let sentence = || {
        format!(
            "{} {does} the private key of {holder}{tail}.\n{public_path} is its public half; \
             give it to whoever makes the root.",
            path.display()
        )
    };
    output.say(sentence, &value);
}
