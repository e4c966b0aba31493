//! `mainstay bundle inspect`: what is inside, as it says itself.

use std::path::Path;

use mainstay_artifact::{BundleFile, document_file, inspect};
use mainstay_keys::HostPrimitives;
use mainstay_trust::{BundleStatement, Revocations, Root};
use serde_json::json;

use super::openssl;
use crate::failure::{Failure, at};
use crate::moment;
use crate::output::Output;

/// Prints what a bundle holds.
pub fn run(path: &Path, output: &Output) -> Result<(), Failure> {
    let bundle = super::open(path)?;
    let sha256 = openssl::digest_of(path)?;
    let release = inspect(&bundle.envelope, None, &HostPrimitives).map_err(at(path))?;
    let statement: BundleStatement = document_file::read(&bundle.statement).map_err(at(path))?;
    let roots = roots(&bundle).map_err(at(path))?;
    let revocations = revocations(&bundle).map_err(at(path))?;
    let lines = || {
        let mut lines = vec![format!("sha256        {sha256}")];
        lines.extend(roots.iter().map(|root| {
            format!(
                "root          {}, lasts until {}",
                root.version,
                moment::text(root.expires)
            )
        }));
        lines.push(revocations.as_ref().map_or_else(
            || "revocations   none".to_owned(),
            |them| {
                let end = moment::text(them.next_update);
                format!(
                    "revocations   {} of epoch {}, next update by {end}",
                    them.seq, them.epoch
                )
            },
        ));
        lines.push(format!(
            "statement     for release {}, from {} until {}",
            statement.release,
            moment::text(statement.issued),
            moment::text(statement.expires)
        ));
        lines.push(format!(
            "release       {} (sequence {}), manifest {}",
            release.version, release.sequence, release.manifest_digest
        ));
        lines.push(format!(
            "image         {} ({} bytes)",
            release.image_digest, bundle.payload_len
        ));
        lines.join("\n")
    };
    let value = json!({
        "sha256": sha256, "release": release, "payload_bytes": bundle.payload_len,
        "roots": roots.iter().map(|root| json!({
            "version": root.version, "expires": root.expires,
        })).collect::<Vec<_>>(),
        "revocations": revocations.as_ref().map(|them| json!({
            "epoch": them.epoch, "seq": them.seq, "next_update": them.next_update,
        })),
        "statement": {
            "release": statement.release, "issued": statement.issued, "expires": statement.expires,
        },
    });
    output.say(lines, &value);
    Ok(())
}

fn roots(bundle: &BundleFile) -> Result<Vec<Root<'_>>, mainstay_trust::Refusal> {
    let roots = bundle.roots.iter();
    roots.map(|signed| document_file::read(signed)).collect()
}

fn revocations(bundle: &BundleFile) -> Result<Option<Revocations<'_>>, mainstay_trust::Refusal> {
    let signed = bundle.revocations.as_deref();
    signed.map(document_file::read).transpose()
}
