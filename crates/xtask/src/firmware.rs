//! Remakes the fixture images from `firmware/`, or proves that the committed ones are those bytes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::{setup, shell};

/// Set by rustup or a person, each of these can change the bytes (see the fixtures' README).
const UNSET: &[&str] = &[
    "RUSTUP_TOOLCHAIN",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
];

/// `fixtures/good/firmware/manifest.toml`.
#[derive(Deserialize)]
struct Images {
    rustc: String,
    target: String,
    #[serde(rename = "image")]
    images: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    binary: String,
    file: String,
}

/// Builds every image, then writes or compares it.
///
/// A machine without the pinned compiler can't say anything about the bytes: it says so and goes
/// on when it only checks, and fails when it should write.
///
/// # Errors
/// If the build fails, a file can't be read or written, or an image differs.
pub fn run(check: bool) -> anyhow::Result<()> {
    let fixtures = shell::root().join("fixtures/good/firmware");
    let text = fs::read_to_string(fixtures.join("manifest.toml")).context("manifest.toml")?;
    let images: Images = toml::from_str(&text).context("manifest.toml")?;
    if let Err(reason) = ready(&images) {
        if !check {
            bail!("{reason}");
        }
        setup::loud(&format!("the fixture images were NOT rebuilt: {reason}"));
        return Ok(());
    }
    build()?;
    let built = shell::root()
        .join("firmware/target")
        .join(&images.target)
        .join("release");
    for image in &images.images {
        settle(
            &built.join(&image.binary),
            &fixtures.join(&image.file),
            check,
        )?;
    }
    Ok(())
}

fn ready(images: &Images) -> Result<(), String> {
    let output = in_firmware("rustc").arg("--version").output();
    let version = output
        .map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
        .unwrap_or_default();
    if !version.contains(&images.rustc) {
        return Err(format!("they need rustc {}", images.rustc));
    }
    if !setup::has_target(&images.target) {
        return Err(format!("target {} isn't installed", images.target));
    }
    Ok(())
}

fn in_firmware(program: &str) -> Command {
    let mut command = untouched(program);
    command.current_dir(shell::root().join("firmware"));
    command
}

/// A command without the settings of this shell that change what a compiler writes.
pub fn untouched(program: &str) -> Command {
    let mut command = Command::new(program);
    for name in UNSET {
        command.env_remove(name);
    }
    command
}

fn build() -> anyhow::Result<()> {
    println!("\n$ cargo build --release (in firmware/)");
    let arguments = [
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--target-dir",
        "target",
    ];
    shell::finish(in_firmware("cargo").args(arguments))
}

fn settle(built: &PathBuf, committed: &PathBuf, check: bool) -> anyhow::Result<()> {
    let bytes = fs::read(built).with_context(|| built.display().to_string())?;
    if !check {
        return fs::write(committed, bytes).with_context(|| committed.display().to_string());
    }
    let kept = fs::read(committed).with_context(|| committed.display().to_string())?;
    if bytes != kept {
        bail!(
            "{} isn't what firmware/ builds; run `cargo xtask firmware`",
            committed.display()
        );
    }
    println!(
        "{} is byte for byte what firmware/ builds",
        committed.display()
    );
    Ok(())
}
