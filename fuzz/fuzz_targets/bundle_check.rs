//! libFuzzer's program for the target `bundle_check` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("bundle_check", bytes));
