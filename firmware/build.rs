//! Hands the linker script to the linker.
//!
//! It is done here, not in `.cargo/config.toml`, because a `RUSTFLAGS` variable in the environment
//! silently replaces the flags of that file, and an image linked without its script does not start.

use std::env;

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR")
        .expect("cargo always sets the package's folder for build scripts");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        println!("cargo::rustc-link-arg-bins=-T{root}/link.x");
    }
    println!("cargo::rerun-if-changed=link.x");
}
