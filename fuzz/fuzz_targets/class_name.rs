//! libFuzzer's program for the target `class_name` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("class_name", bytes));
