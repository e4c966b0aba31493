//! Hands each program its linker script: the boot loader lies at the start of flash, applications where images run.

use std::env;

fn main() {
    let here =
        env::var("CARGO_MANIFEST_DIR").expect("cargo sets the package's folder for build scripts");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        println!("cargo::rustc-link-arg-bins=-L{here}");
        for loader in ["boot", "decision"] {
            println!("cargo::rustc-link-arg-bin={loader}=-T{here}/boot.x");
        }
        for application in ["app_1", "app_2"] {
            println!("cargo::rustc-link-arg-bin={application}=-T{here}/app.x");
        }
    }
    for script in ["boot.x", "app.x", "sections.x"] {
        println!("cargo::rerun-if-changed={script}");
    }
}
