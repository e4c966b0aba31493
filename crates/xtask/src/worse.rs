//! A copy of the sources that is worse in one small way: the test of a test.
//!
//! Each change is one text that is replaced, in a copy below `target/`, so that the product carries no switch for
//! sabotage. The text must be there exactly once: whoever moves it moves the change along. Read [`Worse`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::{campaign, shell};

/// One way to be worse.
pub struct Worse {
    /// What it does.
    pub name: &'static str,
    /// In which file, from the repository's root.
    pub file: &'static str,
    /// What stands there, once.
    pub from: &'static str,
    /// What stands there instead.
    pub to: &'static str,
}

impl Worse {
    /// Calls `look` while the copy at `tree` is worse in this way.
    ///
    /// # Errors
    /// If the text isn't there exactly once, or the file can't be written; else as `look`.
    pub fn in_copy<T>(
        &self,
        tree: &Path,
        look: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let path = tree.join(self.file);
        let whole = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        fs::write(&path, self.applied(&whole)?)?;
        let seen = look();
        fs::write(&path, whole)?;
        seen
    }

    /// The file's text with the change.
    fn applied(&self, whole: &str) -> anyhow::Result<String> {
        let times = whole.matches(self.from).count();
        ensure!(
            times == 1,
            "{}: its text stands {times} times in {}: move the change along",
            self.name,
            self.file
        );
        Ok(whole.replace(self.from, self.to))
    }
}

/// Copies all that the workspace is built from to `target/NAME`.
///
/// # Errors
/// If the disk refuses.
pub fn copy(name: &str) -> anyhow::Result<PathBuf> {
    let (root, tree) = (shell::root(), shell::root().join("target").join(name));
    // A workspace's members must all be there, with what they depend on.
    for folder in FOLDERS {
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

/// The sources, and what they include.
const FOLDERS: [&str; 5] = ["crates", "firmware", "fixtures", "plans", ".cargo"];

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

/// Exit code of a campaign that found something.
pub const BROKEN: i32 = 1;
/// Exit code of a campaign that can't begin: a scenario fails without any fault.
const CANT_BEGIN: i32 = 2;

/// Runs a campaign in the copy until it finds something. It must end with this code; returns the first thing that it
/// found.
///
/// # Errors
/// If it ends otherwise.
pub fn expect(tree: &Path, campaign: &str, options: &[&str], code: i32) -> anyhow::Result<String> {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", tree.join("target"));
    cargo.args(campaign::cargo(campaign)).arg("--until-broken");
    let output = cargo
        .args(options)
        .output()
        .context("cargo can't be started")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let found = said.lines().find(|line| line.starts_with("BROKEN"));
    match output.status.code() {
        Some(ended) if ended == code => Ok(found.unwrap_or("nothing").to_owned()),
        // What fails without any fault is caught all the more.
        Some(CANT_BEGIN) if code == BROKEN && errors.contains("without any fault") => {
            Ok(errors.trim().to_owned())
        }
        _ => bail!("{campaign} ended with {}\n{errors}", output.status),
    }
}

/// Looks at each way to be worse, and counts those that `look` doesn't catch.
///
/// `look` says by what a way was caught. Ends with two figures, `NAME_mutants` and `NAME_mutants_caught`.
///
/// # Errors
/// If one isn't caught.
pub fn each<'a>(
    name: &str,
    ways: impl IntoIterator<Item = &'a Worse>,
    mut look: impl FnMut(&'a Worse) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let (mut count, mut survivors) = (0, Vec::new());
    for way in ways {
        count += 1;
        match look(way) {
            Ok(by) => println!("caught: {}\n        by {by}", way.name),
            Err(error) => {
                println!("SURVIVED: {}: {error:#}", way.name);
                survivors.push(way.name);
            }
        }
    }
    println!("figure {name}_mutants {count} mutants");
    let caught = count - survivors.len();
    println!("figure {name}_mutants_caught {caught} mutants");
    ensure!(survivors.is_empty(), "not caught: {}", survivors.join("; "));
    Ok(())
}

/// Whether every text is where its change says: asked in every test run, so that whoever moves one learns of it
/// at once.
#[cfg(test)]
pub fn check_texts<'a>(ways: impl IntoIterator<Item = &'a Worse>) {
    for way in ways {
        let whole = fs::read_to_string(shell::root().join(way.file)).expect("the file is there");
        assert!(way.applied(&whole).is_ok(), "{}", way.name);
    }
}
