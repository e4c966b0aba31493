//! The test of the sweep: a device core that is worse in one small way must be caught.
//!
//! Each mutant is one change to the text of `crates/device`, made in a copy of the sources below `target/`, so that
//! the product carries no switch for sabotage. The text that is changed must be there exactly once: whoever moves
//! it moves the mutant along. Read [`MUTANTS`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use crate::shell;

/// One way to be worse.
struct Mutant {
    /// What it does.
    name: &'static str,
    /// In which file of `crates/device/src`.
    file: &'static str,
    /// What stands there, once.
    from: &'static str,
    /// What stands there instead.
    to: &'static str,
    /// Where the sweep looks: the scenarios whose business it is.
    scenario: &'static str,
}

/// What the sweep must notice.
const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the journal's checksum is dropped",
        file: "record_wire.rs",
        from: "if bytes[..4] != MAGIC || crc != CRC.checksum(&bytes[..CRC_AT]) {",
        to: "if bytes[..4] != MAGIC || crc == 1 {",
        scenario: "confirm",
    },
    Mutant {
        name: "the floor is committed before the trial is confirmed",
        file: "install.rs",
        from: "    report(state, now_ms, Event::Installed { manifest });\n",
        to: "    report(state, now_ms, Event::Installed { manifest });\n    \
             let mark = admitted.release();\n    \
             state.record.counters.release_confirmed(state.record.counters.confirmed, mark);\n",
        scenario: "floor",
    },
    Mutant {
        name: "the new image is marked confirmed before its trial",
        file: "install.rs",
        from: "    report(state, now_ms, Event::Installed { manifest });\n",
        to: "    report(state, now_ms, Event::Installed { manifest });\n    \
             state.record.confirmed = Some(slot);\n",
        scenario: "revert",
    },
    Mutant {
        name: "the new image is marked confirmed before its slot is erased",
        file: "install.rs",
        from: "    state.record.counters.install_began(&admitted);\n",
        to: "    state.record.counters.install_began(&admitted);\n    \
             state.record.confirmed_manifest = manifest;\n",
        scenario: "update",
    },
    Mutant {
        name: "the journal's other copies are skipped",
        file: "journal.rs",
        from: "    let address = layout.journal(copy);\n    let mut bytes = [0xff; PADDED_BYTES];",
        to: "    let address = layout.journal(copy * 0);\n    let mut bytes = [0xff; PADDED_BYTES];",
        scenario: "update",
    },
    Mutant {
        name: "the second copy of the papers is skipped",
        file: "papers.rs",
        from: "    let copy = copy ^ 1;\n",
        to: "    let copy = copy & 0;\n",
        scenario: "root-rotation",
    },
    Mutant {
        name: "a record that was cut off is not written once more",
        file: "journal.rs",
        from: "survey.newest.filter(|(_, copy)| !survey.is_sealed(*copy))",
        to: "survey.newest.filter(|(_, copy)| false && !survey.is_sealed(*copy))",
        scenario: "update",
    },
    Mutant {
        name: "a trial costs no boots",
        file: "boot.rs",
        from: "boots_left: trial.boots_left.saturating_sub(1),",
        to: "boots_left: trial.boots_left,",
        scenario: "hang",
    },
    Mutant {
        name: "an image is booted without being compared",
        file: "on_flash.rs",
        from: "        Ok(image.digest.ct_eq(&head.image_digest))",
        to: "        Ok(image.digest.ct_eq(&head.image_digest) || head.image_bytes > 0)",
        scenario: "safe-mode",
    },
    Mutant {
        name: "a download goes on without erasing what was torn",
        file: "install.rs",
        from: "        return effects(&[Effect::Save, Effect::EraseImageFrom(slot, written)]);",
        to: "        return effects(&[Effect::Save]);",
        scenario: "update",
    },
    Mutant {
        name: "an unfinished download is taken for a last resort",
        file: "boot.rs",
        from: "        .find(|slot| intact(*slot) && unfinished != Some(*slot));",
        to: "        .find(|slot| intact(*slot) && unfinished.is_none_or(|_| true));",
        scenario: "fresh-install",
    },
];

/// Exit code of a sweep that found something.
const BROKEN: i32 = 1;

/// Makes every mutant, and lets the sweep look at it.
///
/// # Errors
/// If a mutant's text isn't there exactly once, one doesn't compile, or one isn't caught.
pub fn run() -> anyhow::Result<()> {
    let tree = copy()?;
    let mut survivors = Vec::new();
    expect(&tree, "update", 0).context("the unchanged core")?;
    for mutant in MUTANTS {
        let path = tree.join("crates/device/src").join(mutant.file);
        let whole = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        fs::write(&path, mutated(mutant, &whole)?)?;
        let outcome = expect(&tree, mutant.scenario, BROKEN);
        fs::write(&path, whole)?;
        match outcome {
            Ok(by) => println!("caught: {}\n        by {by}", mutant.name),
            Err(error) => {
                println!("SURVIVED: {}: {error:#}", mutant.name);
                survivors.push(mutant.name);
            }
        }
    }
    println!("figure sweep_mutants {} mutants", MUTANTS.len());
    println!(
        "figure sweep_mutants_caught {} mutants",
        MUTANTS.len() - survivors.len()
    );
    ensure!(survivors.is_empty(), "not caught: {}", survivors.join("; "));
    Ok(())
}

fn mutated(mutant: &Mutant, whole: &str) -> anyhow::Result<String> {
    let times = whole.matches(mutant.from).count();
    ensure!(
        times == 1,
        "{}: its text stands {times} times in crates/device/src/{}: move the mutant along",
        mutant.name,
        mutant.file
    );
    Ok(whole.replace(mutant.from, mutant.to))
}

/// Copies what the sweep is built from.
fn copy() -> anyhow::Result<PathBuf> {
    let (root, tree) = (shell::root(), shell::root().join("target/sweep-mutants"));
    // A workspace's members must all be there, with what they depend on.
    for folder in ["crates", "firmware"] {
        if tree.join(folder).exists() {
            fs::remove_dir_all(tree.join(folder)).context("the last run's copy")?;
        }
        copy_folder(&root.join(folder), &tree.join(folder))?;
    }
    for file in ["Cargo.toml", "Cargo.lock", "clippy.toml"] {
        fs::copy(root.join(file), tree.join(file)).with_context(|| file.to_owned())?;
    }
    Ok(tree)
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().context("an entry has a name")?;
        match path.is_dir() {
            true if name == "target" => {}
            true => copy_folder(&path, &to.join(name))?,
            false => {
                fs::copy(&path, to.join(name)).with_context(|| path.display().to_string())?;
            }
        }
    }
    Ok(())
}

/// Sweeps a scenario in the copy. It must end with this code; returns the first thing that it found.
fn expect(tree: &Path, scenario: &str, code: i32) -> anyhow::Result<String> {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", tree.join("target"));
    cargo.args(["run", "--release", "--quiet", "--locked"]);
    cargo.args(["--package", "mainstay-sweep", "--"]);
    cargo.args(["--until-broken", "--scenario", scenario]);
    cargo.stderr(Stdio::piped());
    let output = cargo.output().context("cargo can't be started")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = said.lines().find(|line| line.starts_with("BROKEN"));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(ended) if ended == code => Ok(found.unwrap_or("nothing").to_owned()),
        // A scenario that fails without any fault is caught all the more.
        Some(2) if code == BROKEN && errors.contains("without any fault") => {
            Ok(errors.trim().to_owned())
        }
        _ => bail!("the sweep ended with {}\n{errors}", output.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever moves a mutant's text learns of it in every test run, not once a release.
    #[test]
    fn every_mutant_finds_its_text() {
        for mutant in MUTANTS {
            let path = shell::root().join("crates/device/src").join(mutant.file);
            let whole = fs::read_to_string(path).expect("the file is there");
            assert!(mutated(mutant, &whole).is_ok(), "{}", mutant.name);
        }
    }
}
