//! Dependency licences against `deny.toml`, offline; and the advisory check, which needs a network.
//!
//! The list lives in `deny.toml`, in cargo-deny's own format, so that both this quick check (part
//! of every test run) and the full `cargo deny` read the same words.

use anyhow::{Context as _, bail};
use cargo_metadata::{MetadataCommand, Package};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

/// Every dependency whose licence isn't allowed, as sentences.
///
/// # Errors
/// If `deny.toml` or the dependency graph can't be read.
pub fn findings() -> anyhow::Result<Vec<String>> {
    let root = crate::shell::root();
    let text = std::fs::read_to_string(root.join("deny.toml")).context("deny.toml")?;
    let deny: Deny = toml::from_str(&text).context("deny.toml")?;
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .exec()?;
    Ok(metadata
        .packages
        .iter()
        .filter_map(|p| judge(p, &deny.licenses.allow))
        .collect())
}

fn judge(package: &Package, allow: &[String]) -> Option<String> {
    let subject = format!("{} {}", package.name, package.version);
    let Some(licence) = &package.license else {
        return Some(format!("{subject} names no licence"));
    };
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Ok(expression) if expression.evaluate(|licence| allowed(licence, allow)) => None,
        Ok(_) => Some(format!(
            "{subject} is under `{licence}`, which deny.toml doesn't allow"
        )),
        Err(_) => Some(format!("{subject} has an unreadable licence `{licence}`")),
    }
}

fn allowed(licence: &LicenseReq, allow: &[String]) -> bool {
    allow.iter().any(|name| name == &licence.to_string())
}

/// Runs the full `cargo deny check`.
///
/// # Errors
/// If cargo-deny is missing, or finds anything.
pub fn audit() -> anyhow::Result<()> {
    if !crate::shell::exists("cargo-deny") {
        bail!("cargo-deny is missing: run `cargo install --locked cargo-deny`, then this again");
    }
    crate::shell::run("cargo", &["deny", "check"])
}
