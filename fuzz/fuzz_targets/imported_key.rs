//! libFuzzer's program for the target `imported_key` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("imported_key", bytes));
