//! The programs of `firmware/microbit`, built for the processor.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

const TARGET: &str = "thumbv6m-none-eabi";

/// What a shell may have set, and what changes the bytes that a compiler writes.
const UNSET: [&str; 3] = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR"];

/// The flat images.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The boot loader.
    pub boot: Vec<u8>,
    /// Two versions of an application.
    pub applications: [Vec<u8>; 2],
}

impl Programs {
    /// Builds them, or finds them built.
    ///
    /// # Errors
    /// If they can't be built; the target `thumbv6m-none-eabi` must be installed.
    pub fn build() -> anyhow::Result<Self> {
        let folder = folder();
        let mut cargo = Command::new("cargo");
        UNSET.iter().for_each(|name| {
            cargo.env_remove(name);
        });
        cargo
            .current_dir(&folder)
            .args(["build", "--quiet", "--release", "--locked"]);
        cargo.args(["--target", TARGET, "--target-dir", "target"]);
        let status = cargo.status().context("cargo can't be started")?;
        ensure!(
            status.success(),
            "{} can't be built; is {TARGET} installed?",
            folder.display()
        );
        let read = |name: &str| {
            let path = folder.join(format!("target/{TARGET}/release/{name}"));
            fs::read(&path).with_context(|| path.display().to_string())
        };
        Ok(Self {
            boot: read("boot")?,
            applications: [read("app_1")?, read("app_2")?],
        })
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../firmware/microbit")
}

/// The image of a release: a program, and behind it data of so many bytes that follow from its number, as fonts or
/// tables would, since programs that do next to nothing are too small to be interrupted.
#[must_use]
pub fn image_of(program: &[u8], number: u64, data_bytes: usize) -> Vec<u8> {
    let data = (0..data_bytes as u64).map(|at| (at.wrapping_mul(2 * number + 1) >> 3) as u8);
    program.iter().copied().chain(data).collect()
}
