//! The statement of a bundle while it still lacks signatures: a file that travels between the people of
//! operations.
//!
//! Each runs the same `bundle make` with their own key; who completes it makes the bundle. Read
//! [`begun`].

use std::path::Path;

use mainstay_artifact::document_file;
use mainstay_trust::signed::SIGNED_BYTES_MAX;
use mainstay_trust::{BundleStatement, Root};

use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::paper::{self, Signatures};

const WHAT: &str = "statement";

/// The statement to be signed further: the one in `path`, if somebody began it there, or else `fresh`,
/// by nobody yet.
///
/// # Errors
/// If what was begun is about something else than `fresh`, or is over.
pub fn begun(path: Option<&Path>, fresh: &BundleStatement) -> Result<Vec<u8>, Failure> {
    match path.filter(|path| path.exists()) {
        Some(path) => read(path, fresh),
        None => Ok(document_file::unsigned(fresh)?),
    }
}

fn read(path: &Path, fresh: &BundleStatement) -> Result<Vec<u8>, Failure> {
    let bytes = files::read(path, WHAT, SIGNED_BYTES_MAX as u64)?;
    let said = paper::parse::<BundleStatement>(path, &bytes)?;
    let name = path.display();
    if (said.release, said.revocations) != (fresh.release, fresh.revocations) {
        let problem = format!("{name} is about another release, or rests on other revocations");
        let cure = "name the artifact and the revocations that it was begun with, or begin another";
        return Err(Failure::refusal("statement.mismatch", problem, cure));
    }
    if said.expires <= fresh.issued {
        let problem = format!("{name} is over: the lifetime that it was begun with has passed");
        let cure = "begin another, and collect its signatures sooner";
        return Err(Failure::refusal("statement.expired", problem, cure));
    }
    Ok(bytes)
}

/// Keeps the statement in `path` for those who still must sign, and says who that is.
///
/// # Errors
/// If it can't be written.
pub fn keep(
    path: &Path,
    statement: &[u8],
    root: &Root<'_>,
    output: &Output,
) -> Result<(), Failure> {
    let signatures = Signatures::of::<BundleStatement>(statement, &[root]).map_err(at(path))?;
    paper::replace(path, WHAT, statement)?;
    let sentence = || {
        format!(
            "No bundle yet: {} still lacks signatures. Hand it on; the next of operations runs the \
             same command with their key.\n{}",
            path.display(),
            signatures.lines().join("\n")
        )
    };
    let value = serde_json::json!({ "statement": path, "signatures": signatures.json() });
    output.say(sentence, &value);
    Ok(())
}

/// What to say if nobody named a file for the signatures that are missing.
pub fn nowhere(refusal: mainstay_trust::Refusal) -> Failure {
    let problem = format!("the statement isn't whole: {}", refusal.cause());
    let cure = "give --sign for each who must sign; or --statement FILE, which keeps what is signed \
                for the others";
    Failure::refusal(refusal.id(), problem, cure)
}
