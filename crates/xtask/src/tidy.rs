//! House rules that no compiler checks. Every finding is printed, then the run fails.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::{edges, licences, shell};

/// A source file longer than this hides a second noun (CONTRIBUTING.md, "Files").
const FILE_LINES_MAX: usize = 400;

/// Words that must not be left in a source file, spelled apart so that this file passes itself.
const LEFTOVERS: &[&str] = &[
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[ig", "nore"),
    concat!("FIX", "ME"),
];

/// The documents whose file names must exist.
const MAPS: &[&str] = &[
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
];

/// Runs all rules.
///
/// # Errors
/// If a rule is broken, or something can't be read.
pub fn run() -> anyhow::Result<()> {
    println!("\n$ tidy");
    let mut findings = edges::findings()?;
    findings.extend(licences::findings()?);
    findings.extend(source_findings()?);
    for map in MAPS {
        findings.extend(map_findings(map)?);
    }
    for finding in &findings {
        println!("tidy: {finding}");
    }
    if !findings.is_empty() {
        bail!("{} finding(s); each line above names one", findings.len());
    }
    Ok(())
}

fn source_findings() -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in rust_files(&shell::root().join("crates"))? {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        findings.extend(check_source(&path, &text));
    }
    Ok(findings)
}

fn check_source(path: &Path, text: &str) -> Vec<String> {
    let name = path.strip_prefix(shell::root()).unwrap_or(path).display();
    let lines = text.lines().count();
    let mut findings = Vec::new();
    if lines > FILE_LINES_MAX {
        findings.push(format!(
            "{name} has {lines} lines; look for the hidden noun"
        ));
    }
    if !text.starts_with("//!") && !text.starts_with("#!") {
        findings.push(format!("{name} doesn't open with its purpose (`//! ...`)"));
    }
    findings.extend(
        LEFTOVERS
            .iter()
            .filter(|w| text.contains(**w))
            .map(|w| format!("{name} holds `{w}`")),
    );
    findings
}

fn rust_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Every path in backticks that a map names must exist.
fn map_findings(map: &str) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(shell::root().join(map)).with_context(|| map.to_owned())?;
    let missing = paths_in(&text)
        .into_iter()
        .filter(|path| !shell::root().join(path).exists());
    Ok(missing
        .map(|path| format!("{map} names `{path}`, which doesn't exist"))
        .collect())
}

/// The words in backticks that look like paths of this repository.
fn paths_in(text: &str) -> Vec<&str> {
    const ROOMS: &[&str] = &[
        "crates/",
        "docs/",
        "firmware/",
        "fixtures/",
        "plans/",
        ".ci/",
    ];
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|word| ROOMS.iter().any(|room| word.starts_with(room)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_between_backticks() {
        let text = "see `crates/trust/src/verify.rs` and `cargo test`, or `docs/x.md`";
        assert_eq!(paths_in(text), ["crates/trust/src/verify.rs", "docs/x.md"]);
    }

    #[test]
    fn a_long_file_without_purpose_is_named() {
        let text = "fn f() {}\n".repeat(FILE_LINES_MAX + 1);
        assert_eq!(check_source(Path::new("x.rs"), &text).len(), 2);
        assert!(check_source(Path::new("x.rs"), "//! Fine.\n").is_empty());
    }
}
