//! Everything that can go wrong with a key file, each with its id, its place and its cure.
//!
//! No variant ever carries key material or a passphrase.

use std::path::{Path, PathBuf};

use crate::file::KEY_FILE_BYTES_MAX;
use crate::passphrase::{PASSPHRASE_BYTES_MAX, PASSPHRASE_BYTES_MIN};

/// Why a key could not be made, kept or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No such file.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// The file is there but can't be read.
    #[error("{} can't be read: {}", .path.display(), .cause)]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file can't be written.
    #[error("{} can't be written: {}", .path.display(), .cause)]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A file of that name is there already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// Other accounts of this machine may read the file.
    #[error("{} can be read by other accounts (mode {mode:o})", .path.display())]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Far larger than any key.
    #[error("{} has more than {KEY_FILE_BYTES_MAX} bytes", .0.display())]
    TooLarge(PathBuf),
    /// Not an encrypted private key in PEM.
    #[error("{} isn't a key file of Mainstay: {why}", .path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A private key that lies there unencrypted.
    #[error("{} holds a private key that isn't encrypted", .0.display())]
    NotEncrypted(PathBuf),
    /// Decryption failed.
    #[error("the passphrase doesn't open {}", .0.display())]
    WrongPassphrase(PathBuf),
    /// The key is sound but of another kind.
    #[error("{} holds a key of an algorithm that Mainstay doesn't sign with", .0.display())]
    Unsupported(PathBuf),
    /// Someone asks for a key with which no software should sign.
    #[error("HSS-LMS signatures are verified only: Mainstay never makes or keeps such a key")]
    HashBased,
    /// The public half beside it belongs to another key.
    #[error("{} doesn't belong to the private key beside it", .0.display())]
    Mismatch(PathBuf),
    /// The public half isn't readable as one.
    #[error("{} isn't the public half of a key: {why}", .path.display())]
    NotAPublicHalf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A public key that was made elsewhere isn't readable as one.
    #[error("{} isn't a public key that a root can list: {why}", .path.display())]
    NotAPublicKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Too short or too long a passphrase.
    #[error(
        "the passphrase has {0} bytes; it must have {PASSPHRASE_BYTES_MIN} to {PASSPHRASE_BYTES_MAX}"
    )]
    PassphraseLength(usize),
    /// The name of the holder is empty, too long, or holds capitals, spaces or other than ASCII.
    #[error("a key's holder can't be {0:?}")]
    Holder(String),
    /// The cryptographic library refused to work.
    #[error("the cryptographic library failed to {0}")]
    Library(&'static str),
}

impl KeyError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Missing(_) => "key.missing",
            Self::Unreadable { .. } => "key.unreadable",
            Self::Unwritable { .. } => "key.unwritable",
            Self::Exists(_) => "key.exists",
            Self::ReadableByOthers { .. } => "key.readable-by-others",
            Self::TooLarge(_) => "key.too-large",
            Self::NotAKey { .. } => "key.not-a-key",
            Self::NotEncrypted(_) => "key.not-encrypted",
            Self::WrongPassphrase(_) => "key.wrong-passphrase",
            Self::Unsupported(_) => "key.unsupported",
            Self::HashBased => "key.hash-based",
            Self::Mismatch(_) => "key.mismatch",
            Self::NotAPublicHalf { .. } => "key.not-a-public-half",
            Self::NotAPublicKey { .. } => "key.not-a-public-key",
            Self::PassphraseLength(_) => "key.passphrase-length",
            Self::Holder(_) => "key.holder",
            Self::Library(_) => "key.library",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Missing(_) => "Check the path, or make a key with `mainstay key new`.",
            Self::Unreadable { .. } => "Check the file's owner and permissions.",
            Self::Unwritable { .. } => "Check that the folder exists and that you may write there.",
            Self::Exists(_) => {
                "Choose another name. A key is never overwritten: what it signed would be orphaned."
            }
            Self::ReadableByOthers { .. } => {
                "Run `chmod 600` on it; if others may have copied it, replace the key in the root."
            }
            Self::TooLarge(_) | Self::NotAKey { .. } => {
                "Name the private key file that `mainstay key new` made."
            }
            Self::NotEncrypted(_) => {
                "Encrypt it: `openssl pkcs8 -topk8 -scrypt -v2 aes-256-cbc -in OLD -out NEW`."
            }
            Self::WrongPassphrase(_) => {
                "Type it again; a lost passphrase can't be recovered, only the key replaced."
            }
            Self::Unsupported(_) => {
                "Make one with `mainstay key new`: ESP256, Ed25519, ESP384, ML-DSA-65 or ML-DSA-87."
            }
            Self::HashBased => {
                "Sign in hardware that can't be restored from a copy, and list its `.pub` in the root."
            }
            Self::Mismatch(_) | Self::NotAPublicHalf { .. } => {
                "Put the .pub file that was made together with the key beside it again."
            }
            Self::NotAPublicKey { .. } => {
                "Export it as PEM (`BEGIN PUBLIC KEY`), or raw or in hexadecimal and name its algorithm."
            }
            Self::PassphraseLength(_) => "Choose a passphrase of several words.",
            Self::Holder(_) => {
                "Use the person's address in small letters, for example ana@northwind.example."
            }
            Self::Library(_) => {
                "Report it with the name of the system and processor; try another machine meanwhile."
            }
        }
    }

    pub(crate) fn reading(path: &Path, cause: std::io::Error) -> Self {
        match cause.kind() {
            std::io::ErrorKind::NotFound => Self::Missing(path.to_owned()),
            _ => Self::Unreadable {
                path: path.to_owned(),
                cause,
            },
        }
    }

    pub(crate) fn writing(path: &Path, cause: std::io::Error) -> Self {
        match cause.kind() {
            std::io::ErrorKind::AlreadyExists => Self::Exists(path.to_owned()),
            _ => Self::Unwritable {
                path: path.to_owned(),
                cause,
            },
        }
    }
}
