//! libFuzzer's program for the target `mcuboot` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("mcuboot", bytes));
