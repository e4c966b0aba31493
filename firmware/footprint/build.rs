//! Hands the linker script to the linker, and the golden documents, as bytes, to the programs.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The documents of `fixtures/good/trust` that the programs verify.
const DOCUMENTS: [&str; 3] = ["root", "envelope", "status"];

fn main() {
    let here = PathBuf::from(
        env::var("CARGO_MANIFEST_DIR").expect("cargo sets the package's folder for build scripts"),
    );
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        println!("cargo::rustc-link-arg-bins=-T{}/link.x", here.display());
    }
    println!("cargo::rerun-if-changed=link.x");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it for build scripts"));
    for name in DOCUMENTS {
        let source = here.join(format!("../../fixtures/good/trust/{name}.hex"));
        println!("cargo::rerun-if-changed={}", source.display());
        fs::write(out.join(format!("{name}.bin")), bytes_in(&source)).expect("cargo's own folder");
    }
}

fn bytes_in(source: &Path) -> Vec<u8> {
    let text = fs::read_to_string(source).expect("a golden document, committed beside this folder");
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let byte = |pair: &[u32]| (pair[0] << 4 | pair[1]) as u8;
    digits.chunks_exact(2).map(byte).collect()
}
