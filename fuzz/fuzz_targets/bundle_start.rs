//! libFuzzer's program for the target `bundle_start` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("bundle_start", bytes));
