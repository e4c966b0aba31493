//! `mainstay key list`: the keys of a folder, or of a token.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use mainstay_keys::pkcs11::{PublicObject, Token, TokenUri};
use mainstay_keys::{HostPrimitives, KeyError, PublicHalf};
use mainstay_trust::KeyId;
use serde::Serialize;

use super::place::{KeyFile, Place};
use super::standing::{Standing, judged};
use crate::failure::Failure;
use crate::output::Output;
use crate::signing::Secrets;

/// Keys that are listed of one folder: more than any team has.
const LISTED_MAX: usize = 1000;

/// What to list.
#[derive(Debug, Args)]
pub struct List {
    /// A folder with key files, or the URI of a token. No secret is asked for.
    place: OsString,
    /// A root, to say what it lets each key do.
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    #[command(flatten)]
    secrets: Secrets,
}

/// One key, as far as it can be read.
#[derive(Serialize, Default)]
#[serde(rename_all = "kebab-case")]
struct Listed {
    /// The `.pub` file, or the label in the token.
    name: String,
    /// Hexadecimal CKA_ID of a key in a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    kept: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    standing: Option<Standing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

type Judge<'a> = &'a dyn Fn(KeyId) -> Option<Standing>;

impl List {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let place = Place::of(&self.place)?;
        let listed = judged(self.root.as_deref(), |judge| match &place {
            Place::Path(folder) => in_folder(folder, judge),
            Place::Token(uri) => self.in_token(uri, judge),
        })?;
        output.list(&listed, "No keys here.", line);
        Ok(())
    }

    fn in_token(&self, uri: &TokenUri, judge: Judge<'_>) -> Result<Vec<Listed>, Failure> {
        let token = Token::find(uri, self.secrets.pkcs11_module.as_deref());
        let objects = token.and_then(|token| token.public_objects());
        let objects = objects.map_err(KeyError::from)?;
        Ok(objects
            .into_iter()
            .map(|object| of_object(object, judge))
            .collect())
    }
}

fn of_object(object: PublicObject, judge: Judge<'_>) -> Listed {
    let listed = Listed {
        name: object.label,
        id: Some(hex(&object.id)),
        kept: "token",
        ..Listed::default()
    };
    match object.key {
        Err(kind) => Listed {
            problem: Some(format!("not for Mainstay: {kind}")),
            ..listed
        },
        Ok(key) => {
            let kid = KeyId::of(&key.as_key(), &HostPrimitives);
            Listed {
                algorithm: Some(key.algorithm().id()),
                kid: Some(kid.to_string()),
                standing: judge(kid),
                ..listed
            }
        }
    }
}

fn in_folder(folder: &Path, judge: Judge<'_>) -> Result<Vec<Listed>, Failure> {
    let unreadable = |error: std::io::Error| {
        let what = format!("{} can't be listed: {error}", folder.display());
        Failure::usage(
            "key.folder",
            what,
            "name a folder with key files, or the URI of a token",
        )
    };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "pub") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths
        .iter()
        .take(LISTED_MAX)
        .map(|path| of_file(path, judge))
        .collect())
}

fn of_file(path: &Path, judge: Judge<'_>) -> Listed {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let half = match PublicHalf::open(path) {
        Ok(half) => half,
        Err(error) => {
            let problem = Some(error.to_string());
            return Listed {
                name,
                kept: "elsewhere",
                problem,
                ..Listed::default()
            };
        }
    };
    let private = path.with_extension("");
    let (kept, problem) = match private.exists().then(|| KeyFile::open(&private)) {
        None => ("elsewhere", None),
        Some(Ok(file)) => (file.kept(), None),
        Some(Err(error)) => ("file", Some(error.what)),
    };
    Listed {
        name,
        algorithm: Some(half.public_key.algorithm().id()),
        kid: Some(half.key_id.to_string()),
        standing: judge(half.key_id),
        holder: Some(half.holder),
        kept,
        problem,
        id: None,
    }
}

fn line(listed: &Listed) -> String {
    let kid = listed.kid.as_deref().unwrap_or("-");
    let algorithm = listed.algorithm.unwrap_or("-");
    let whose = listed.holder.as_deref().unwrap_or("-");
    let mut line = format!(
        "{kid:<32}  {algorithm:<9}  {:<9}  {whose}  {}",
        listed.kept, listed.name
    );
    let standing = listed.standing.as_ref().map(ToString::to_string);
    let id = listed.id.as_ref().map(|id| format!("id {id}"));
    for more in [id, standing, listed.problem.clone()].into_iter().flatten() {
        line += &format!("  ({more})");
    }
    line
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
