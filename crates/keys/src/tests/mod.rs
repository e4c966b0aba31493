//! Tests across the crate's modules.

mod key_files;
mod profiles;
mod rust_signer;
mod two_libraries;
mod wycheproof;
