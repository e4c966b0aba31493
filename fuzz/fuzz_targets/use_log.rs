//! libFuzzer's program for the target `use_log` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("use_log", bytes));
