//! libFuzzer's program for the target `document_file` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("document_file", bytes));
