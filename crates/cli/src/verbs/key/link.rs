//! `mainstay key link`: a key file for a key that is in a token already.

use std::path::PathBuf;

use clap::Args;
use mainstay_keys::pkcs11::TokenError;
use mainstay_keys::{KeyError, PublicHalf, TokenFile};

use super::show::warn_of;
use super::{new, place};
use crate::failure::Failure;
use crate::output::Output;
use crate::signing::Secrets;

/// What to link.
#[derive(Debug, Args)]
pub struct Link {
    /// The key file to write; it must not exist.
    file: PathBuf,
    /// The person or service that holds the key. One holder has one duty.
    #[arg(long)]
    holder: String,
    /// The token and the key in it, by `object` or `id`.
    #[arg(long, value_name = "URI")]
    token: String,
    #[command(flatten)]
    secrets: Secrets,
}

impl Link {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let uri = place::uri(&self.token)?;
        PublicHalf::check_holder(&self.holder)?;
        TokenFile::check_free(&self.file)?;
        let token = self.secrets.unlock(&uri, false)?;
        let key = token.key(&uri).map_err(KeyError::from)?;
        warn_of(&key, output);
        let label = token.token().label();
        let public = key.public.clone().ok_or_else(|| {
            let token = label.to_owned();
            KeyError::from(TokenError::PublicHalfMissing { token })
        })?;
        let public = PublicHalf::new(&self.holder, public)?;
        let uri = token.exact_uri(&uri, &key.label, &key.id);
        TokenFile { uri }.create(&self.file, &public)?;
        new::say(
            &self.file,
            &public,
            "names",
            &format!(" in token {label}"),
            output,
        );
        Ok(())
    }
}
