//! libFuzzer's program for the target `status_policy` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("status_policy", bytes));
