//! Where a key is: named by a file, or by the URI of a token.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use mainstay_keys::file::{KEY_FILE_BYTES_MAX, read_bounded};
use mainstay_keys::pkcs11::TokenUri;
use mainstay_keys::{PublicHalf, TokenFile};

use crate::failure::Failure;

/// What was named on the command line.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file or folder.
    Path(PathBuf),
    /// A token, or a key in it.
    Token(Box<TokenUri>),
}

impl Place {
    /// Tells a URI from a path.
    pub fn of(text: &OsStr) -> Result<Self, Failure> {
        match text.to_str().filter(|text| TokenUri::is_meant(text)) {
            Some(text) => Ok(Self::Token(Box::new(uri(text)?))),
            None => Ok(Self::Path(PathBuf::from(text))),
        }
    }
}

/// The URI of a token.
pub fn uri(text: &str) -> Result<TokenUri, Failure> {
    Ok(TokenUri::parse(text).map_err(mainstay_keys::KeyError::from)?)
}

/// What a file turns out to be.
pub enum KeyFile {
    /// An encrypted private key; its public half is beside it.
    Encrypted(PublicHalf),
    /// A file that names a token; its public half is beside it.
    InToken(Box<TokenFile>, PublicHalf),
    /// A public half by itself.
    Public(PublicHalf),
}

impl KeyFile {
    /// Looks at a file. Nobody is asked for a secret.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let beside = || PublicHalf::open(&PublicHalf::path_beside(path));
        if let Some(file) = TokenFile::open(path)? {
            return Ok(Self::InToken(Box::new(file), beside()?));
        }
        match read_bounded(path, KEY_FILE_BYTES_MAX)?.starts_with("-----BEGIN ") {
            true => Ok(Self::Encrypted(beside()?)),
            false => Ok(Self::Public(PublicHalf::open(path)?)),
        }
    }

    /// Its public half.
    pub fn public(&self) -> &PublicHalf {
        match self {
            Self::Encrypted(public) | Self::InToken(_, public) | Self::Public(public) => public,
        }
    }

    /// In a word, where the private half is.
    pub fn kept(&self) -> &'static str {
        match self {
            Self::Encrypted(_) => "file",
            Self::InToken(..) => "token",
            Self::Public(_) => "elsewhere",
        }
    }
}
