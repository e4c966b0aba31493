//! What a whole device takes: the programs of `firmware/microbit`, built; and its stack, as the story of an update in
//! `crates/rig` measures it.
//!
//! The story needs QEMU and a client and is part of every test run anyway, which bounds the stack there; so a check
//! compares the flash, and takes the stack from the page.

use std::fs;

use anyhow::{Context as _, ensure};

use crate::{firmware, shell};

const TARGET: &str = "thumbv6m-none-eabi";

/// How the row of the whole device begins in the page.
const ROW: &str = "| boot loader with safe mode and the core";

/// Sizes in bytes.
pub struct Device {
    decision: u64,
    boot: u64,
    stack: u64,
}

impl Device {
    /// Builds, and runs the story if no `page` says what it measured.
    ///
    /// # Errors
    /// If something can't be built, or the story fails.
    pub fn measure(page: Option<&str>) -> anyhow::Result<Self> {
        build()?;
        let device = Self {
            decision: size("decision")?,
            boot: size("boot")?,
            stack: match page.and_then(kept_stack) {
                Some(kept) => kept,
                None => stack()?,
            },
        };
        println!(
            "figure footprint_microbit_decision_flash {} bytes",
            device.decision
        );
        println!("figure footprint_microbit_boot_flash {} bytes", device.boot);
        println!("figure footprint_microbit_stack {} bytes", device.stack);
        Ok(device)
    }

    /// The page with this device's rows.
    pub fn written_into(&self, page: &str) -> String {
        let Self {
            decision,
            boot,
            stack,
        } = self;
        let rows = format!(
            "| boot decision alone, with swapping | {decision} | - |\n{ROW} | {boot} | {stack} |\n"
        );
        page.replace("<!-- device -->\n", &rows)
    }
}

fn build() -> anyhow::Result<()> {
    println!("\n$ cargo build --release (in firmware/microbit/)");
    let mut cargo = firmware::untouched("cargo");
    cargo.current_dir(shell::root().join("firmware/microbit"));
    cargo.args(["build", "--quiet", "--release", "--locked"]);
    shell::finish(cargo.args(["--target", TARGET, "--target-dir", "target"]))
}

fn size(program: &str) -> anyhow::Result<u64> {
    let image = shell::root().join(format!(
        "firmware/microbit/target/{TARGET}/release/{program}"
    ));
    let found = fs::metadata(&image).with_context(|| image.display().to_string())?;
    Ok(found.len())
}

/// The stack that a page speaks of.
fn kept_stack(page: &str) -> Option<u64> {
    let row = page.lines().find(|line| line.starts_with(ROW))?;
    let mut cells = row.trim_end_matches('|').rsplit('|');
    cells.next()?.trim().parse().ok()
}

/// The stack of a whole update.
fn stack() -> anyhow::Result<u64> {
    let test = [
        "test",
        "--locked",
        "-pmainstay-rig",
        "--test",
        "story",
        "--",
        "--nocapture",
    ];
    let mut cargo = shell::command("cargo", &[&test[..], &["tried_out_and_confirmed"]].concat());
    cargo.env(judges::FOLDER_VARIABLE, judges::folder());
    let output = cargo.output().context("cargo can't be started")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "the story of an update failed: {said}"
    );
    let (_, rest) = said
        .split_once("figure microbit_update_stack ")
        .context("no figure")?;
    let number = rest.split_whitespace().next().unwrap_or_default();
    number.parse().context("the stack's bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found_again() {
        let device = Device {
            decision: 16_000,
            boot: 77_000,
            stack: 12_800,
        };
        let page = device.written_into("before\n<!-- device -->\nafter\n");
        assert!(page.contains("| 77000 | 12800 |\nafter"), "{page}");
        assert_eq!(kept_stack(&page), Some(12_800));
        assert_eq!(kept_stack("nothing"), None);
    }
}
