//! libFuzzer's program for the target `import_table` of crates/fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_fuzz::run("import_table", bytes));
