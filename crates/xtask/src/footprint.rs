//! What the device's verifier takes of a microcontroller: flash and stack, measured in QEMU.
//!
//! `firmware/footprint` has three programs: an empty one, one that checks one P-256 signature, and one
//! that does all that a device does before its first erase. Flash is what a program adds to the empty
//! one; stack is how far the paint is gone. Both follow from the compiler and the sources alone, so the
//! goals are asserted in every test run. Read [`Board`] first.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::device_footprint::Device;
use crate::{firmware, setup, shell};

/// Where the numbers are kept for readers.
const PAGE: &str = "docs/reference/footprint.md";

/// The most flash that verifying may add with P-256 alone: a part with 128 KB keeps three quarters of it
/// for its maker.
const FLASH_BYTES_MAX: u64 = 32 * 1024;

/// The most stack that it may take: with as much again for the application, and a slot's page in memory,
/// a part with 16 KB of RAM is enough.
const STACK_BYTES_MAX: u64 = 7 * 1024;

/// A page whose numbers are off by more than this is out of date; less isn't worth a commit.
const DRIFT_PERCENT_MAX: u64 = 5;

/// For one run in QEMU, which takes a second on an idle machine.
const DEADLINE: Duration = Duration::from_secs(120);

/// A processor, and the QEMU machine that has it.
struct Board {
    /// As figures name it.
    id: &'static str,
    processor: &'static str,
    target: &'static str,
    machine: &'static str,
}

const BOARDS: [Board; 2] = [
    Board {
        id: "thumbv6m",
        processor: "Cortex-M0",
        target: "thumbv6m-none-eabi",
        machine: "microbit",
    },
    Board {
        id: "thumbv7em",
        processor: "Cortex-M4F",
        target: "thumbv7em-none-eabihf",
        machine: "mps2-an386",
    },
];

/// What one program takes on one board.
struct Size {
    /// Added to the empty program.
    flash_bytes: u64,
    /// The whole image.
    image_bytes: u64,
    /// Below the function that starts it.
    stack_bytes: u64,
}

struct Row {
    board: &'static Board,
    p256: Size,
    verifier: Size,
}

/// Builds and measures; then writes the page, or with `check` compares it.
///
/// # Errors
/// If a program can't be built or run, doesn't verify what it should, or misses a goal; with `check`
/// also if the page is out of date.
pub fn run(check: bool) -> anyhow::Result<()> {
    if let Some(target) = BOARDS
        .iter()
        .map(|b| b.target)
        .find(|t| !setup::has_target(t))
    {
        ensure!(check, "target {target} isn't installed");
        setup::loud(&format!(
            "the footprint was NOT measured: target {target} isn't installed"
        ));
        return Ok(());
    }
    build()?;
    let rows = BOARDS.iter().map(measure).collect::<Result<Vec<_>, _>>()?;
    rows.iter().for_each(print);
    let path = shell::root().join(PAGE);
    let device = Device::measure(
        check
            .then(|| fs::read_to_string(&path).ok())
            .flatten()
            .as_deref(),
    )?;
    let page = device.written_into(&page(&rows));
    if check {
        let kept = fs::read_to_string(&path).context(PAGE)?;
        ensure!(
            is_close(&kept, &page),
            "{PAGE} is out of date; run `cargo xtask footprint`"
        );
    } else {
        fs::write(&path, page).context(PAGE)?;
    }
    rows.iter().try_for_each(keep_goals)
}

fn folder() -> PathBuf {
    shell::root().join("firmware/footprint")
}

fn build() -> anyhow::Result<()> {
    println!("\n$ cargo build --release (in firmware/footprint/)");
    let mut cargo = firmware::untouched("cargo");
    cargo
        .current_dir(folder())
        .args(["build", "--quiet", "--release", "--locked"]);
    cargo.args(["--target-dir", "target"]);
    for board in &BOARDS {
        cargo.args(["--target", board.target]);
    }
    shell::finish(&mut cargo)
}

fn measure(board: &'static Board) -> anyhow::Result<Row> {
    let empty = size(board, "empty", 0, "")?;
    Ok(Row {
        board,
        p256: size(board, "p256", empty.image_bytes, "verified")?,
        verifier: size(board, "verifier", empty.image_bytes, "admitted")?,
    })
}

/// Runs a program, which must say `word` before its stack; its image is compared with one of
/// `empty_bytes`.
fn size(board: &Board, program: &str, empty_bytes: u64, word: &str) -> anyhow::Result<Size> {
    let image = folder().join(format!("target/{}/release/{program}", board.target));
    let image_bytes = fs::metadata(&image)
        .with_context(|| image.display().to_string())?
        .len();
    let said = say(board, &image)?;
    let stack = said
        .strip_prefix(word)
        .and_then(|rest| rest.trim().strip_prefix("stack "))
        .with_context(|| format!("{program} on {} said {said:?}", board.machine))?;
    Ok(Size {
        flash_bytes: image_bytes.saturating_sub(empty_bytes),
        image_bytes,
        stack_bytes: stack.parse().context("the stack's bytes")?,
    })
}

/// All that a program says before it ends.
fn say(board: &Board, image: &PathBuf) -> anyhow::Result<String> {
    let mut qemu = Command::new("timeout");
    qemu.arg(DEADLINE.as_secs().to_string());
    qemu.args(["qemu-system-arm", "-M", board.machine, "-display", "none"]);
    qemu.args(["-monitor", "none", "-serial", "none"]);
    // Semihosting speaks on the error channel.
    qemu.args(["-semihosting-config", "enable=on,target=native", "-kernel"]);
    let output = qemu.arg(image).stdin(Stdio::null()).output();
    let output = output.context("qemu-system-arm can't be started")?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if !output.status.success() {
        bail!("{} ended with {}: {said}", image.display(), output.status);
    }
    Ok(said)
}

fn print(row: &Row) {
    for (name, size) in [("p256", &row.p256), ("verifier", &row.verifier)] {
        let name = format!("figure footprint_{}_{name}", row.board.id);
        println!("{name}_flash {} bytes", size.flash_bytes);
        println!("{name}_image {} bytes", size.image_bytes);
        println!("{name}_stack {} bytes", size.stack_bytes);
    }
}

fn keep_goals(row: &Row) -> anyhow::Result<()> {
    let Size {
        flash_bytes,
        stack_bytes,
        ..
    } = row.verifier;
    let processor = row.board.processor;
    ensure!(
        flash_bytes <= FLASH_BYTES_MAX,
        "the verifier adds {flash_bytes} bytes of flash on {processor}; the goal is {FLASH_BYTES_MAX}"
    );
    ensure!(
        stack_bytes <= STACK_BYTES_MAX,
        "the verifier takes {stack_bytes} bytes of stack on {processor}; the goal is {STACK_BYTES_MAX}"
    );
    Ok(())
}

/// Whether two pages have the same words, and numbers that are nearly the same.
fn is_close(one: &str, other: &str) -> bool {
    let words = |page: &str| {
        page.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let near = |(one, other): (&String, &String)| match (one.parse::<u64>(), other.parse::<u64>()) {
        (Ok(one), Ok(other)) => one.abs_diff(other) * 100 <= one * DRIFT_PERCENT_MAX,
        _ => one == other,
    };
    let (one, other) = (words(one), words(other));
    one.len() == other.len() && one.iter().zip(&other).all(near)
}

fn page(rows: &[Row]) -> String {
    let mut table = String::new();
    for row in rows {
        for (what, size) in [
            ("verifier", &row.verifier),
            ("one P-256 signature, no policy", &row.p256),
        ] {
            let Board {
                processor, target, ..
            } = row.board;
            let Size {
                flash_bytes,
                image_bytes,
                stack_bytes,
            } = size;
            writeln!(table, "| {processor} (`{target}`) | {what} | {flash_bytes} | {image_bytes} | {stack_bytes} |")
                .expect("writing to a string can't fail");
        }
    }
    include_str!("footprint.md").replace("<!-- table -->\n", &table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_drift_is_forgiven_and_new_words_are_not() {
        let page = "| Cortex-M0 | 20000 | 3000 |";
        assert!(is_close(page, page));
        assert!(is_close(page, "| Cortex-M0 | 20900 | 2900 |"));
        assert!(!is_close(page, "| Cortex-M0 | 21100 | 3000 |"));
        assert!(!is_close(page, "| Cortex-M4 | 20000 | 3000 |"));
        assert!(!is_close(page, "| Cortex-M0 | 20000 |"));
    }
}
