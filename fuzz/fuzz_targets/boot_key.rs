//! libFuzzer's program for the target `boot_key` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("boot_key", bytes));
