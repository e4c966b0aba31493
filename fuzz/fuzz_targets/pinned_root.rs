//! libFuzzer's program for the target `pinned_root` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("pinned_root", bytes));
