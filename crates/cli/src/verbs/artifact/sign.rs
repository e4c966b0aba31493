//! `mainstay artifact sign` and `approve`: one signature more, the same manifest.

use std::path::Path;

use mainstay_artifact::{
    Approval, ArtifactFile, Signer, add_approval, add_build_signature, container,
};
use mainstay_keys::HostPrimitives;
use mainstay_release::NO_EVIDENCE;
use mainstay_trust::Digest;
use serde_json::json;

use super::look;
use crate::failure::{Failure, at};
use crate::files;
use crate::output::Output;
use crate::signing::Signing;
use crate::verbs::root;

/// Adds a build signature.
pub fn build(
    path: &Path,
    key: &Path,
    root: &Path,
    signing: &Signing,
    output: &Output,
) -> Result<(), Failure> {
    let root = root::RootFile::read(root)?;
    let root = root.open()?;
    let artifact = look::open(path)?;
    let signer = signing.open(key)?;
    let envelope = add_build_signature(&artifact.envelope, &*signer, Some(&root), &HostPrimitives)
        .map_err(at(path))?;
    replace_envelope(path, &artifact, &envelope)?;
    say(
        path,
        "signed",
        "Next: `mainstay artifact approve`, by the release manager",
        &*signer,
        output,
    );
    Ok(())
}

/// Adds an approval.
pub fn approve(
    path: &Path,
    key: &Path,
    root: &Path,
    plan: &Path,
    signing: &Signing,
    output: &Output,
) -> Result<(), Failure> {
    let root = root::RootFile::read(root)?;
    let root = root.open()?;
    let artifact = look::open(path)?;
    let approval = Approval {
        plan: Digest(super::request::read_plan(plan)?.digest.0),
        evidence: NO_EVIDENCE,
    };
    let signer = signing.open(key)?;
    let envelope = add_approval(
        &artifact.envelope,
        &*signer,
        approval,
        &root,
        &HostPrimitives,
    )
    .map_err(at(path))?;
    replace_envelope(path, &artifact, &envelope)?;
    say(
        path,
        "approved",
        "Next: `mainstay release add`",
        &*signer,
        output,
    );
    Ok(())
}

fn replace_envelope(path: &Path, old: &ArtifactFile, envelope: &[u8]) -> Result<(), Failure> {
    let mut source = files::open(path, "artifact")?;
    let mut payload = old.payload_reader(&mut source)?;
    files::replace_with(path, "artifact", |file| {
        Ok(container::write(
            file,
            envelope,
            &mut payload,
            old.payload_len,
        )?)
    })
}

fn say(path: &Path, stage: &str, next: &str, signer: &dyn Signer, output: &Output) {
    let value = json!({
        "artifact": path, "stage": stage, "by": signer.holder(), "kid": signer.key_id().to_string(),
    });
    let sentence = || {
        format!(
            "{} is {stage} by {}.\n{next}",
            path.display(),
            signer.holder()
        )
    };
    output.say(sentence, &value);
}
