//! Tests across the crate's modules.

mod key_files;
mod opening;
mod profiles;
mod rust_signer;
mod two_libraries;
mod use_log;
mod wycheproof;
