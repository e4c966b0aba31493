//! `mainstay revoke show`: what is withdrawn, by whom, and whose signatures are missing.

use std::path::Path;

use mainstay_artifact::identity::uuid_text;
use mainstay_keys::HostPrimitives;
use mainstay_trust::{KeyId, Revocations, Role, Root, Verified, verify};
use serde_json::{Value, json};

use super::read;
use crate::failure::{Failure, at};
use crate::moment::{self, now_s};
use crate::output::Output;
use crate::paper::{self, Signatures, too_few};
use crate::verbs::root::RootFile;

/// Prints revocations. Damaged ones are a failure after that; ones that still lack signatures are not.
pub fn show(path: &Path, root: Option<&Path>, output: &Output) -> Result<(), Failure> {
    let bytes = read(path)?;
    let revocations: Revocations<'_> = paper::parse(path, &bytes)?;
    let root = root.map(RootFile::read).transpose()?;
    let root = root.as_ref().map(RootFile::open).transpose()?;
    let roots: Vec<_> = root.iter().map(Verified::get).collect();
    let signatures = Signatures::of::<Revocations<'_>>(&bytes, &roots).map_err(at(path))?;
    let verdict = root
        .as_ref()
        .map(|root| verify::revocations(&bytes, root, &HostPrimitives).map(|_| ()));
    let lines = || {
        let mut lines = vec![path.display().to_string() + ":"];
        lines.extend(says(&revocations, roots.first().copied()));
        lines.extend(signatures.lines());
        match verdict {
            Some(Ok(())) => lines.push("Devices accept them.".to_owned()),
            Some(Err(_)) => lines.push("No device accepts them yet.".to_owned()),
            None => {
                lines.push("Name the root with --root to see whose signatures count.".to_owned())
            }
        }
        lines.join("\n")
    };
    let mut value = facts(&revocations);
    value["file"] = json!(path);
    value["signatures"] = signatures.json();
    value["accepted"] = json!(verdict.map(|verdict| verdict.is_ok()));
    output.say(lines, &value);
    match verdict {
        Some(Err(refusal)) if !too_few(refusal) => Err(at(path)(refusal)),
        _ => Ok(()),
    }
}

fn says(revocations: &Revocations<'_>, root: Option<&Root<'_>>) -> Vec<String> {
    let overdue = match revocations.next_update <= now_s() {
        true => "OVERDUE since",
        false => "next update by",
    };
    let mut lines = vec![
        format!(
            "revocations {} of epoch {}",
            revocations.seq, revocations.epoch
        ),
        format!(
            "  made {}, {overdue} {}",
            moment::text(revocations.issued),
            moment::text(revocations.next_update)
        ),
    ];
    lines.extend(
        revocations
            .keys
            .iter()
            .map(|key| format!("  key       {key}  {}", whose(&key, root))),
    );
    lines.extend(
        revocations
            .releases
            .iter()
            .map(|release| format!("  release   {release}")),
    );
    lines.extend(revocations.minimums.iter().map(|entry| {
        let class = uuid_text(&entry.class);
        format!("  minimum   {} for the class {class}", entry.sequence)
    }));
    if lines.len() == 2 {
        lines.push("  nothing is withdrawn".to_owned());
    }
    lines
}

/// Who loses a key, with what people must know about some of them.
fn whose(key: &KeyId, root: Option<&Root<'_>>) -> String {
    let Some(root) = root else {
        return String::new();
    };
    let plays = |role| root.role(role).keys.contains(key);
    match root.key(key) {
        None => "in no role of this root".to_owned(),
        Some(key) if plays(Role::Root) || plays(Role::Revocation) => format!(
            "{}; revocations bind neither roots nor revocations: change the root too",
            key.holder
        ),
        Some(key) => key.holder.to_owned(),
    }
}

fn facts(revocations: &Revocations<'_>) -> Value {
    let minimums = revocations.minimums.iter();
    json!({
        "epoch": revocations.epoch, "seq": revocations.seq,
        "issued": revocations.issued, "next_update": revocations.next_update,
        "keys": revocations.keys.iter().map(|key| key.to_string()).collect::<Vec<_>>(),
        "releases": revocations.releases.iter().collect::<Vec<_>>(),
        "minimums": minimums.map(|entry| json!({
            "class": uuid_text(&entry.class), "sequence": entry.sequence,
        })).collect::<Vec<_>>(),
    })
}
