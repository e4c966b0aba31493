//! libFuzzer's program for the target `ddi_feedback` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("ddi_feedback", bytes));
