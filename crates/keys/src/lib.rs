//! Signing keys on a host: made, kept in encrypted files, and used; and the host's own verifying
//! primitives.
//!
//! Nothing here decides what may be signed, or by whom: that is the root's business, in `trust`.
//! Secrets never leave this crate: they are wiped when dropped, never printed, and written only
//! under a passphrase. All cryptography is AWS-LC's, but for the file's own encryption (PKCS#8).
//!
//! Read [`FileSigner`] first; [`generate`] makes a key, [`mod@file`] keeps it, [`host`] verifies,
//! [`module`] says whose cryptography it is.

pub mod error;
pub mod file;
pub mod generate;
pub mod host;
pub mod import;
pub mod module;
mod pair;
pub mod passphrase;
mod pkcs8_pem;
pub mod public_half;
pub mod signer;
#[cfg(test)]
mod tests;

pub use error::KeyError;
pub use generate::SecretKey;
pub use host::HostPrimitives;
pub use module::Module;
pub use passphrase::Passphrase;
pub use public_half::PublicHalf;
pub use signer::FileSigner;
