//! Tests across the crate's modules.

mod key_files;
mod two_libraries;
mod use_log;
