//! `mainstay key show`: whose key it is, and what its token says of it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use mainstay_keys::pkcs11::{TokenKey, TokenUri};
use mainstay_keys::{HostPrimitives, KeyError, PublicHalf};
use mainstay_trust::KeyId;
use serde::Serialize;

use super::list::hex;
use super::place::{KeyFile, Place};
use super::standing::{Standing, judged};
use crate::failure::Failure;
use crate::output::Output;
use crate::signing::Secrets;

/// What to show.
#[derive(Debug, Args)]
pub struct Show {
    /// A key file, a `.pub` file, or the URI of a key in a token. Only a token asks for its PIN.
    key: OsString,
    /// A root, to say what it lets the key do.
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    #[command(flatten)]
    secrets: Secrets,
}

/// All that is known of a key.
#[derive(Serialize)]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    algorithm: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    kept: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    standing: Option<Standing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<InToken>,
}

/// What the token says.
#[derive(Serialize)]
struct InToken {
    token: String,
    label: String,
    id: String,
    sensitive: bool,
    extractable: bool,
}

impl Show {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let shown = match Place::of(&self.key)? {
            Place::Token(uri) => self.of_token(&uri, None, output)?,
            Place::Path(path) => match KeyFile::open(&path)? {
                KeyFile::InToken(file, half) => self.of_token(&file.uri, Some(half), output)?,
                file => self.of_file(&file)?,
            },
        };
        output.say(|| sentence(&shown), &shown);
        Ok(())
    }

    fn of_file(&self, file: &KeyFile) -> Result<Shown, Failure> {
        let half = file.public();
        Ok(Shown {
            holder: Some(half.holder.clone()),
            algorithm: half.public_key.algorithm().id(),
            kid: Some(half.key_id.to_string()),
            kept: file.kept(),
            standing: self.standing(half.key_id)?,
            token: None,
        })
    }

    fn of_token(
        &self,
        uri: &TokenUri,
        half: Option<PublicHalf>,
        output: &Output,
    ) -> Result<Shown, Failure> {
        let token = self.secrets.unlock(uri, false)?;
        let key = token.key(uri).map_err(KeyError::from)?;
        warn_of(&key, output);
        let kid = key
            .public
            .as_ref()
            .map(|key| KeyId::of(&key.as_key(), &HostPrimitives));
        Ok(Shown {
            holder: half.map(|half| half.holder),
            algorithm: key.algorithm.id(),
            kid: kid.map(|kid| kid.to_string()),
            kept: "token",
            standing: kid.map_or(Ok(None), |kid| self.standing(kid))?,
            token: Some(InToken {
                token: token.token().label().to_owned(),
                label: key.label,
                id: hex(&key.id),
                sensitive: key.sensitive,
                extractable: key.extractable,
            }),
        })
    }

    fn standing(&self, key: KeyId) -> Result<Option<Standing>, Failure> {
        judged(self.root.as_deref(), |judge| Ok(judge(key)))
    }
}

/// Warns of a key that can leave its token.
pub fn warn_of(key: &TokenKey, output: &Output) {
    if key.extractable || !key.sensitive {
        output.note(|| {
            format!(
                "warning: the key {:?} can be taken out of its token; a key for releases should be \
                 made inside one, by `mainstay key new --token`",
                key.label
            )
        });
    }
}

fn sentence(shown: &Shown) -> String {
    let kid = shown.kid.as_deref().unwrap_or("A key without public half");
    let mut text = match &shown.holder {
        Some(holder) => format!("{kid} is held by {holder}"),
        None => kid.to_owned(),
    };
    text += &format!(
        "\n  algorithm    {}\n  kept in      {}",
        shown.algorithm, shown.kept
    );
    if let Some(token) = &shown.token {
        let yes = |yes| if yes { "yes" } else { "no" };
        text += &format!(
            "\n  token        {}\n  label        {}\n  id           {}\n  sensitive    {}\n  extractable  {}",
            token.token,
            token.label,
            token.id,
            yes(token.sensitive),
            yes(token.extractable)
        );
    }
    if let Some(standing) = &shown.standing {
        text += &format!("\n  in the root  {standing}");
    }
    text
}
