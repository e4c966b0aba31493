//! libFuzzer's program for the target `public_half` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("public_half", bytes));
