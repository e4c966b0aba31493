//! libFuzzer's program for the target `token_uri` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("token_uri", bytes));
