//! `mainstay root diff`: what changes from one root to another.

use std::path::Path;

use mainstay_artifact::root_diff;
use serde_json::json;

use super::{RootFile, sentences};
use crate::failure::Failure;
use crate::output::Output;

/// Prints what changes. Neither root needs to be signed.
pub fn run(older: &Path, newer: &Path, output: &Output) -> Result<(), Failure> {
    let (one, other) = (RootFile::read(older)?, RootFile::read(newer)?);
    let changes = root_diff::diff(&one.draft()?, &other.draft()?);
    let lines = || match changes[..] {
        [] => "both roots say the same".to_owned(),
        _ => {
            let lines: Vec<_> = changes.iter().map(sentences::sentence).collect();
            lines.join("\n")
        }
    };
    let values: Vec<_> = changes.iter().map(sentences::value).collect();
    output.say(
        lines,
        &json!({ "older": older, "newer": newer, "changes": values }),
    );
    Ok(())
}
