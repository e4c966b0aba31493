//! A key file whose key is in a token: a line of TOML that says where, and the public half beside it.
//!
//! So every verb that takes a key file takes a token's key too, and the holder's name, which no token
//! keeps, stands where it always stands. There is no secret in either file. Read [`TokenFile`].

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::file::{read_bounded, write_new};
use crate::pkcs11::{TokenError, TokenUri};
use crate::{KeyError, PublicHalf};

/// Room for a URI of [`URI_BYTES_MAX`](crate::pkcs11) and a comment.
const FILE_BYTES_MAX: usize = 4096;

const HEAD: &str =
    "# This key is in a token, which it never leaves. There is no secret in this file.\n";

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFile {
    /// The token, and the key in it.
    pub uri: TokenUri,
}

/// The file's shape.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    token: String,
}

impl TokenFile {
    /// Reads a file if it is of this kind: none if its text is something else.
    ///
    /// # Errors
    /// If it can't be read, others may change it, or the URI isn't one.
    pub fn open(path: &Path) -> Result<Option<Self>, KeyError> {
        let read = Self::parse(&read_bounded(path, crate::file::KEY_FILE_BYTES_MAX)?);
        if !matches!(read, Ok(None)) {
            check_unchanged_by_others(path)?;
        }
        Ok(read?)
    }

    /// Reads a file's text: none if it is something else.
    ///
    /// # Errors
    /// As [`TokenUri::parse`].
    pub fn parse(text: &str) -> Result<Option<Self>, TokenError> {
        if text.len() > FILE_BYTES_MAX {
            return Ok(None);
        }
        match toml::from_str::<Text>(text) {
            Ok(text) => TokenUri::parse(&text.token).map(|uri| Some(Self { uri })),
            Err(_) => Ok(None),
        }
    }

    /// Keeps this in `path`, and `public` beside it. Refuses if either file exists.
    ///
    /// # Errors
    /// If one exists or can't be written; then neither is there.
    pub fn create(&self, path: &Path, public: &PublicHalf) -> Result<(), KeyError> {
        Self::check_free(path)?;
        let public_path = PublicHalf::path_beside(path);
        write_new(&public_path, &public.to_text())?;
        write_new(path, &self.to_text()).inspect_err(|_| drop(std::fs::remove_file(&public_path)))
    }

    /// Whether [`create`](Self::create) could keep a key there, asked before one is made.
    ///
    /// # Errors
    /// If either file exists.
    pub fn check_free(path: &Path) -> Result<(), KeyError> {
        for taken in [path, &PublicHalf::path_beside(path)] {
            if taken.symlink_metadata().is_ok() {
                return Err(KeyError::Exists(taken.to_owned()));
            }
        }
        Ok(())
    }

    /// The text of its file.
    pub fn to_text(&self) -> String {
        let token = self.uri.to_string();
        let text = toml::to_string(&Text { token }).expect("one string is always TOML");
        HEAD.to_owned() + &text
    }
}

/// Refuses a file that other accounts may change: it can name a library, which runs as its reader.
#[cfg(unix)]
fn check_unchanged_by_others(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path).map_err(|cause| KeyError::reading(path, cause))?;
    let mode = metadata.permissions().mode() & 0o777;
    match mode & 0o022 {
        0 => Ok(()),
        _ => Err(TokenError::FileWritableByOthers {
            path: path.to_owned(),
            mode,
        }
        .into()),
    }
}

/// Windows keeps a user's own folders from other accounts; there are no mode bits to read.
#[cfg(not(unix))]
fn check_unchanged_by_others(_: &Path) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_artifact::signer::FakeSigner;

    fn id(path: &Path, text: &str) -> &'static str {
        std::fs::write(path, text).unwrap();
        match TokenFile::open(path) {
            Ok(None) => "something else",
            Ok(Some(_)) => "ok",
            Err(error) => error.id(),
        }
    }

    #[test]
    fn written_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ana.key");
        let uri = TokenUri::parse("pkcs11:token=a%20%22b;id=%01").unwrap();
        let (file, public) = (TokenFile { uri }, PublicHalf::of(&FakeSigner::new("ana")));
        file.create(&path, &public).unwrap();
        assert_eq!(TokenFile::open(&path).unwrap(), Some(file.clone()));
        assert_eq!(
            PublicHalf::open(&PublicHalf::path_beside(&path)).unwrap(),
            public
        );
        assert_eq!(file.create(&path, &public).unwrap_err().id(), "key.exists");
    }

    #[test]
    fn what_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ana.key");
        for (text, expected) in [
            ("", "something else"),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----", "something else"),
            ("holder = \"ana\"", "something else"),
            (
                "token = \"pkcs11:object=a\"\npin = \"4321\"",
                "something else",
            ),
            ("token = \"a\"", "token.uri"),
            ("token = \"pkcs11:?pin-value=4321\"", "token.pin-in-uri"),
            ("token = \"pkcs11:object=a\"", "ok"),
        ] {
            assert_eq!(id(&path, text), expected, "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_change_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ana.key");
        id(&path, "token = \"pkcs11:object=a\"");
        for (mode, expected) in [(0o644, "ok"), (0o664, "token.file-writable-by-others")] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(
                id(&path, "token = \"pkcs11:object=a\""),
                expected,
                "{mode:o}"
            );
        }
    }
}
