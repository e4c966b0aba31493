//! Signing keys on a host: made, kept in encrypted files, and used; and the host's own verifying
//! primitives.
//!
//! Nothing here decides what may be signed, or by whom: that is the root's business, in `trust`.
//! Secrets never leave this crate: they are wiped when dropped, never printed, and written only
//! under a passphrase. All cryptography is AWS-LC's, but for the file's own encryption (PKCS#8).
//!
//! Read [`fn@open`] first, the one door to a key, be it in a file or in a token; [`generate`] makes a
//! key, [`mod@file`] keeps it, [`pkcs11`] speaks to tokens, [`use_log`] records each use, [`host`]
//! verifies, [`sealing`] keeps secrets that a server uses again, and [`mod@module`] says whose cryptography it is.

pub mod error;
pub mod file;
pub mod generate;
pub mod host;
pub mod import;
pub mod module;
pub mod open;
mod opening;
mod pair;
pub mod passphrase;
pub mod pkcs11;
mod pkcs8_pem;
pub mod public_formats;
pub mod public_half;
pub mod sealing;
pub mod signer;
#[cfg(test)]
mod tests;
pub mod token_file;
pub mod use_log;

pub use error::KeyError;
pub use generate::SecretKey;
pub use host::HostPrimitives;
pub use module::Module;
pub use open::{PinOf, SecretSource, begin, open, open_for_service, unlock};
pub use opening::Opening;
pub use passphrase::Passphrase;
pub use public_half::PublicHalf;
pub use sealing::SealingKey;
pub use signer::FileSigner;
pub use token_file::TokenFile;
pub use use_log::{Recorded, UseLog, UseLogError};
