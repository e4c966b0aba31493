//! libFuzzer's program for the target `sealed_key` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("sealed_key", bytes));
