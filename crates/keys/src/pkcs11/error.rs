//! Everything that can go wrong with a token, each with its id and its cure.
//!
//! No variant ever carries a PIN. `explain.rs` turns a token's own codes into these.

use std::path::PathBuf;

use super::pin::PIN_BYTES_MAX;

/// Why a token, or a key in it, can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The URI isn't one.
    #[error("this isn't the URI of a token: {0}")]
    Uri(String),
    /// The URI holds a PIN.
    #[error("the URI holds a PIN (pin-value)")]
    PinInUri,
    /// A URI in the place of a key file.
    #[error("a URI doesn't say who holds the key, so it can't sign by itself")]
    UriAsKey,
    /// Other accounts of this machine may change the file that names the token.
    #[error("{} can be changed by other accounts (mode {mode:o})", .path.display())]
    FileWritableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The URI names a token, where a key is needed.
    #[error("{0} names no key: it has neither `object` nor `id`")]
    NamesNoKey(String),
    /// Nothing says which library speaks to the token.
    #[error("nothing says which PKCS#11 library speaks to the token")]
    ModuleUnnamed,
    /// No such library.
    #[error("there is no PKCS#11 library {}", .0.display())]
    ModuleMissing(PathBuf),
    /// The file is no such library, or won't start.
    #[error("{} can't be used as PKCS#11 library: {why}", .path.display())]
    ModuleUnloadable {
        /// The library.
        path: PathBuf,
        /// What the system or the library said.
        why: String,
    },
    /// No token fits.
    #[error("no token fits {wanted}; {}", there(.present))]
    Missing {
        /// The URI.
        wanted: String,
        /// The labels of the tokens that are there.
        present: Vec<String>,
    },
    /// Several tokens fit.
    #[error("{count} tokens fit {wanted}")]
    Ambiguous {
        /// The URI.
        wanted: String,
        /// How many.
        count: usize,
    },
    /// No key fits.
    #[error("token {token} holds no private key that fits {wanted}")]
    KeyMissing {
        /// The token's label.
        token: String,
        /// The URI.
        wanted: String,
    },
    /// Several keys fit.
    #[error("token {token} holds {count} private keys that fit {wanted}")]
    KeyAmbiguous {
        /// The token's label.
        token: String,
        /// The URI.
        wanted: String,
        /// How many.
        count: usize,
    },
    /// A new key would have the label of one that is there.
    #[error("token {token} holds a key {label:?} already")]
    KeyExists {
        /// The token's label.
        token: String,
        /// The key's label.
        label: String,
    },
    /// The token doesn't show the public half.
    #[error("token {token} shows no public half of the key")]
    PublicHalfMissing {
        /// The token's label.
        token: String,
    },
    /// The key in the token isn't the one of the `.pub` file.
    #[error("the key in token {token} isn't the one of {}", .public.display())]
    AnotherKey {
        /// The token's label.
        token: String,
        /// The `.pub` file.
        public: PathBuf,
    },
    /// Neither ECDSA on P-256 or P-384, nor Ed25519.
    #[error("token {token}: the key is of a kind that Mainstay doesn't sign with ({kind})")]
    KeyType {
        /// The token's label.
        token: String,
        /// What it is.
        kind: String,
    },
    /// The token has no such mechanism.
    #[error("token {token} can't sign with {mechanism}")]
    MechanismMissing {
        /// The token's label.
        token: String,
        /// The mechanism's name in PKCS#11.
        mechanism: String,
    },
    /// The key isn't allowed to sign.
    #[error("token {token} doesn't let this key sign (CKA_SIGN)")]
    MayNotSign {
        /// The token's label.
        token: String,
    },
    /// The key wants the PIN again for every signature.
    #[error("the key in token {token} wants the PIN again for every signature")]
    AsksEachTime {
        /// The token's label.
        token: String,
    },
    /// Wrong PIN.
    #[error("the PIN doesn't open token {token}{}", last(*.last_try))]
    WrongPin {
        /// The token's label.
        token: String,
        /// The next wrong one locks it.
        last_try: bool,
    },
    /// Locked after too many wrong PINs.
    #[error("the PIN of token {0} is locked after too many wrong ones")]
    PinLocked(String),
    /// The token has no PIN yet.
    #[error("token {0} has no PIN yet")]
    PinUnset(String),
    /// The PIN must be changed.
    #[error("the PIN of token {0} has expired")]
    PinExpired(String),
    /// Empty, or far too long.
    #[error("the PIN has {0} bytes; it must have 1 to {PIN_BYTES_MAX}")]
    PinLength(usize),
    /// Pulled out, or reset.
    #[error("token {0} isn't there any more")]
    Removed(String),
    /// Nothing can be written to it.
    #[error("token {0} is write-protected")]
    WriteProtected(String),
    /// No room.
    #[error("token {0} has no room for another key")]
    Full(String),
    /// Something else.
    #[error("token {token}: {why}")]
    Failed {
        /// The token's label.
        token: String,
        /// What it said.
        why: String,
    },
}

fn there(present: &[String]) -> String {
    match present {
        [] => "no token is there at all".to_owned(),
        labels => format!("there: {}", labels.join(", ")),
    }
}

fn last(last_try: bool) -> &'static str {
    match last_try {
        true => "; the next wrong one locks it",
        false => "",
    }
}

impl TokenError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Uri(_) => "token.uri",
            Self::PinInUri => "token.pin-in-uri",
            Self::UriAsKey => "token.uri-as-key",
            Self::FileWritableByOthers { .. } => "token.file-writable-by-others",
            Self::NamesNoKey(_) => "token.names-no-key",
            Self::ModuleUnnamed => "token.module-unnamed",
            Self::ModuleMissing(_) => "token.module-missing",
            Self::ModuleUnloadable { .. } => "token.module-unloadable",
            Self::Missing { .. } => "token.missing",
            Self::Ambiguous { .. } => "token.ambiguous",
            Self::KeyMissing { .. } => "token.key-missing",
            Self::KeyAmbiguous { .. } => "token.key-ambiguous",
            Self::KeyExists { .. } => "token.key-exists",
            Self::PublicHalfMissing { .. } => "token.public-half-missing",
            Self::AnotherKey { .. } => "token.another-key",
            Self::KeyType { .. } => "token.key-type",
            Self::MechanismMissing { .. } => "token.mechanism-missing",
            Self::MayNotSign { .. } => "token.may-not-sign",
            Self::AsksEachTime { .. } => "token.asks-each-time",
            Self::WrongPin { .. } => "token.wrong-pin",
            Self::PinLocked(_) => "token.pin-locked",
            Self::PinUnset(_) => "token.pin-unset",
            Self::PinExpired(_) => "token.pin-expired",
            Self::PinLength(_) => "token.pin-length",
            Self::Removed(_) => "token.removed",
            Self::WriteProtected(_) => "token.write-protected",
            Self::Full(_) => "token.full",
            Self::Failed { .. } => "token.failed",
        }
    }

    /// Whether it may be over without anybody having told this machine something else: the token isn't there, isn't let in at present, or doesn't do as it
    /// should.
    pub fn is_away(&self) -> bool {
        matches!(
            self,
            Self::ModuleUnloadable { .. }
                | Self::Missing { .. }
                | Self::Removed(_)
                | Self::PinLocked(_)
                | Self::PinExpired(_)
                | Self::Failed { .. }
        )
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Uri(_) => "Write it as in `pkcs11:token=LABEL;object=KEY` (RFC 7512).",
            Self::PinInUri => {
                "Leave pin-value out; the PIN comes from --passphrase-file, MAINSTAY_PASSPHRASE or a prompt. \
                 If others may have seen it, change the PIN."
            }
            Self::UriAsKey => {
                "Make a key file of it once: `mainstay key link FILE --token URI --holder EMAIL`; then use FILE."
            }
            Self::FileWritableByOthers { .. } => {
                "Run `chmod 600` on it, and check the library that it names: that library's code runs as you."
            }
            Self::NamesNoKey(_) => {
                "Add `object=LABEL` or `id=%XX`; `mainstay key list` shows both."
            }
            Self::ModuleUnnamed => {
                "Name it in the URI (`?module-path=/path/to/module.so`), by --pkcs11-module, or in \
                 MAINSTAY_PKCS11_MODULE."
            }
            Self::ModuleMissing(_) => {
                "Check the path; install the token's software if it isn't there."
            }
            Self::ModuleUnloadable { .. } => {
                "Name the library of the token's maker for this kind of machine; check its own settings."
            }
            Self::Missing { .. } => {
                "Plug it in, or correct the URI; `mainstay key list` shows what is there."
            }
            Self::Ambiguous { .. } => "Add `serial=` to the URI.",
            Self::KeyMissing { .. } => {
                "Correct `object` or `id`; `mainstay key list` shows the keys."
            }
            Self::KeyAmbiguous { .. } => "Add `id=` to the URI.",
            Self::KeyExists { .. } => {
                "Choose another `object=`, or use the key that is there: `mainstay key link`."
            }
            Self::PublicHalfMissing { .. } => {
                "Write the public key object into the token with its own software, under the key's CKA_ID."
            }
            Self::AnotherKey { .. } => {
                "Link the key again with `mainstay key link` under a new name."
            }
            _ => self.cure_in_the_token(),
        }
    }

    /// What to do once the key was found.
    fn cure_in_the_token(&self) -> &'static str {
        match self {
            Self::KeyType { .. } => {
                "Make a key with `mainstay key new FILE --token URI`: ESP256, ESP384 or Ed25519."
            }
            Self::MechanismMissing { .. } => "Use a key of another algorithm, or another token.",
            Self::MayNotSign { .. } => "Use a key that was made for signing.",
            Self::AsksEachTime { .. } => {
                "Use a key without CKA_ALWAYS_AUTHENTICATE (on PIV cards, another slot than 9c)."
            }
            Self::WrongPin { .. } => "Type it again; most tokens lock after a few wrong ones.",
            Self::PinLocked(_) => {
                "Unlock it with the security officer's PIN and the token's own software."
            }
            Self::PinUnset(_) | Self::PinExpired(_) => "Set one with the token's own software.",
            Self::PinLength(_) => "Give the PIN alone, on one line.",
            Self::Removed(_) => "Plug it in and run the command again; nothing was signed.",
            Self::WriteProtected(_) => {
                "Use another token, or lift its protection with its own software."
            }
            Self::Full(_) => "Delete what isn't needed there with the token's own software.",
            _ => "Try the token with its own software; if it works there, report this message.",
        }
    }
}
