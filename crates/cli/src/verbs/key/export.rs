//! `mainstay key export-public`: the public half, in a form that its reader takes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mainstay_artifact::PublicKeyBuf;
use mainstay_keys::pkcs11::{Token, TokenError, TokenUri};
use mainstay_keys::{KeyError, PublicHalf, public_formats};
use serde_json::json;

use super::place::{KeyFile, Place};
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::signing::Secrets;

/// What to export, and how.
#[derive(Debug, Args)]
pub struct ExportPublic {
    /// A key file, a `.pub` file, or the URI of a key in a token.
    key: OsString,
    /// Who holds the key, which no token knows. For a URI, unless the format is pem.
    #[arg(long)]
    holder: Option<String>,
    /// The form: Mainstay's own `.pub` file, or SubjectPublicKeyInfo in PEM as openssl reads it.
    #[arg(long, value_enum, default_value_t = Format::Mainstay)]
    format: Format,
    /// The file to write; it must not exist. Without it the text goes to standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    secrets: Secrets,
}

/// How a public key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Mainstay,
    Pem,
}

impl ExportPublic {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let text = match Place::of(&self.key)? {
            Place::Path(path) => self.of_half(KeyFile::open(&path)?.public())?,
            Place::Token(uri) => self.of_key(self.find(&uri)?)?,
        };
        match &self.output {
            None => output.say(|| text.trim_end().to_owned(), &json!({ "text": text })),
            Some(path) => {
                files::write_new(path, "key", text.as_bytes())?;
                let sentence = || format!("{} holds the public half.", path.display());
                output.say(sentence, &json!({ "public": path }));
            }
        }
        Ok(())
    }

    fn of_half(&self, half: &PublicHalf) -> Result<String, Failure> {
        if self
            .holder
            .as_ref()
            .is_some_and(|holder| *holder != half.holder)
        {
            let what = format!("the key is held by {}", half.holder);
            let cure = "leave --holder out: the file names the holder";
            return Err(Failure::usage("key.holder-differs", what, cure));
        }
        Ok(match self.format {
            Format::Mainstay => half.to_text(),
            Format::Pem => public_formats::to_pem(&half.public_key.as_key()),
        })
    }

    fn of_key(&self, key: PublicKeyBuf) -> Result<String, Failure> {
        match (&self.holder, self.format) {
            (_, Format::Pem) => Ok(public_formats::to_pem(&key.as_key())),
            (Some(holder), Format::Mainstay) => Ok(PublicHalf::new(holder, key)?.to_text()),
            (None, Format::Mainstay) => Err(Failure::usage(
                "key.holder-unknown",
                "a token doesn't say who holds the key",
                "add --holder EMAIL",
            )),
        }
    }

    /// The public key of a URI: from what the token shows to anybody, else with its PIN.
    fn find(&self, uri: &TokenUri) -> Result<PublicKeyBuf, Failure> {
        let token =
            Token::find(uri, self.secrets.pkcs11_module.as_deref()).map_err(KeyError::from)?;
        let label = token.label().to_owned();
        let shown = token.public_objects().map_err(KeyError::from)?;
        let fits = shown.into_iter().filter(|object| {
            uri.names_a_key()
                && uri
                    .object
                    .as_ref()
                    .is_none_or(|label| *label == object.label)
                && uri.id.as_ref().is_none_or(|id| *id == object.id)
        });
        let mut fits = fits.filter_map(|object| object.key.ok());
        if let (Some(key), None) = (fits.next(), fits.next()) {
            return Ok(key);
        }
        let key = self
            .secrets
            .unlock(uri, false)?
            .key(uri)
            .map_err(KeyError::from)?;
        let missing = TokenError::PublicHalfMissing { token: label };
        Ok(key.public.ok_or(KeyError::from(missing))?)
    }
}
