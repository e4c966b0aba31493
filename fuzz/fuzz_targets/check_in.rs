//! libFuzzer's program for the target `check_in` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("check_in", bytes));
