//! Why an authority's certificate and key can't be used to issue. Read [`IssuerError`].

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use mainstay_artifact::SignError;

use super::unopened::{Passes, Unopened};

/// Why nothing can be issued with a certificate and its key.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The file can't be read.
    #[error("{} can't be read: {cause}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// It holds no certificate, or one that can't be read, or is too large to hold certificates.
    #[error("{} holds no certificates in PEM that can all be read", .0.display())]
    NoCertificate(PathBuf),
    /// Its first certificate is nobody's who may issue others.
    #[error("the first certificate in {} isn't one of an authority: {why}", path.display())]
    NoAuthority {
        /// The file.
        path: PathBuf,
        /// What is missing.
        why: &'static str,
    },
    /// It isn't good yet.
    #[error("the certificate in {} is good only from {begins} on", path.display())]
    NotYet {
        /// The file.
        path: PathBuf,
        /// From when on.
        begins: Timestamp,
    },
    /// It has ended.
    #[error("the issuer's certificate ended at {0}")]
    Ended(Timestamp),
    /// Nobody signs certificates by such a key.
    #[error("a key for {0} signs no certificates that devices' connections can be opened with")]
    Algorithm(&'static str),
    /// The key is another certificate's.
    #[error("the key isn't that of the first certificate in {}", .0.display())]
    Mismatch(PathBuf),
    /// What it issues would let no device in.
    #[error("none of the authorities that this server takes vouches for what is issued with it")]
    Unvouched,
    /// The key can't be opened.
    #[error("the issuer's key can't be opened: {0}")]
    Unopened(Unopened),
    /// Whoever opens the key hasn't said anything yet.
    #[error("the issuer's key isn't open yet: what holds it doesn't answer")]
    Silent,
    /// The key was open, and didn't sign.
    #[error(transparent)]
    Unsigned(SignError),
    /// A certificate can't be made.
    #[error("no certificate can be made: {0}")]
    Unmade(String),
}

impl IssuerError {
    /// The setting that it is about.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Algorithm(_)
            | Self::Mismatch(_)
            | Self::Unopened(_)
            | Self::Silent
            | Self::Unsigned(_)
            | Self::Unmade(_) => "device_issuer_key",
            Self::Unvouched => "device_ca",
            _ => "device_issuer_certificate",
        }
    }

    /// The stable id.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "issuer.unreadable",
            Self::NoCertificate(_) => "issuer.no-certificate",
            Self::NoAuthority { .. } => "issuer.no-authority",
            Self::NotYet { .. } => "issuer.not-yet",
            Self::Ended(_) => "issuer.ended",
            Self::Algorithm(_) => "issuer.algorithm",
            Self::Mismatch(_) => "issuer.mismatch",
            Self::Unvouched => "issuer.unvouched",
            Self::Unopened(_) => "issuer.unopened",
            Self::Silent => "issuer.silent",
            Self::Unsigned(_) => "issuer.unsigned",
            Self::Unmade(_) => "issuer.unmade",
        }
    }

    /// Whether it passes without anybody having changed what the server was told, but for the file that has another certificate some day. It keeps no server from
    /// starting.
    pub fn passes(&self) -> bool {
        match self {
            Self::NotYet { .. } | Self::Ended(_) | Self::Silent | Self::Unsigned(_) => true,
            Self::Unopened(unopened) => unopened.passes == Passes::ByItself,
            _ => false,
        }
    }

    /// What whoever asks is told of it: neither where files are nor how tokens are called.
    pub(super) fn told(&self) -> &'static str {
        match self {
            Self::NotYet { .. } => "its issuer's certificate isn't good yet",
            Self::Ended(_) => "its issuer's certificate has ended",
            Self::Unopened(_) => "its issuer's key can't be opened",
            Self::Silent => "its issuer's key isn't open yet",
            Self::Unsigned(_) => "its issuer's key doesn't sign",
            Self::Unvouched => "what it gave would let no device in",
            _ => "its issuer's certificate and key can't be used",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &str {
        match self {
            Self::Unreadable { .. } => {
                "check the path, and that the user of this server may read the file"
            }
            Self::NoCertificate(_) => {
                "name a file with the issuer's certificate first and those above it behind it, each from -----BEGIN CERTIFICATE----- on"
            }
            Self::NoAuthority { .. } => {
                "bring a certificate whose basic constraints say CA:TRUE and whose key usage, if it has one, allows signing certificates"
            }
            Self::NotYet { .. } => {
                "set this machine's clock, or bring a certificate that is good now"
            }
            Self::Ended(_) => {
                "bring a new certificate for the issuer's key into the same file, and put it into that of device_ca, too; a server that runs takes it by itself"
            }
            Self::Algorithm(_) => "make a key for ESP256, ESP384 or Ed25519: `mainstay key new`",
            Self::Mismatch(_) => {
                "bring the certificate and the key that belong together; the issuer's own certificate stands first in its file"
            }
            Self::Unvouched => {
                "put the issuer's own certificate into the file of device_ca, beside those that are there"
            }
            Self::Unopened(unopened) => &unopened.cure,
            Self::Silent => "look at the token; the server takes the key by itself once it answers",
            Self::Unsigned(why) => why.cure(),
            Self::Unmade(_) => "look at the key or its token; if it signs, report it",
        }
    }
}
