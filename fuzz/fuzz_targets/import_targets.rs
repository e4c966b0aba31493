//! libFuzzer's program for the target `import_targets` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("import_targets", bytes));
