//! `mainstay root show`: who plays which role, who has signed, and whose signatures are missing.

use std::path::{Path, PathBuf};

use mainstay_keys::HostPrimitives;
use mainstay_trust::{Key, Refusal, Role, Root as TrustRoot, Verified, root_rules, verify};
use serde_json::{Value, json};

use super::{RootFile, sentences};
use crate::failure::{Failure, at};
use crate::moment;
use crate::output::Output;
use crate::paper::{Signatures, too_few};

/// What `root show` takes.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The root, signed or not.
    file: PathBuf,
    /// The root in force, whose custodians must sign too.
    #[arg(long, value_name = "ROOT")]
    current: Option<PathBuf>,
}

impl Show {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        show(&self.file, self.current.as_deref(), output)
    }
}

/// Prints a root. A damaged one, or one that no device would follow, is a failure after that; one that
/// still lacks signatures is not.
pub fn show(path: &Path, current: Option<&Path>, output: &Output) -> Result<(), Failure> {
    let file = RootFile::read(path)?;
    let current = current.map(RootFile::read).transpose()?;
    let current = current.as_ref().map(RootFile::open).transpose()?;
    let root = file.draft()?;
    let roots: Vec<_> = current.iter().map(Verified::get).chain([&root]).collect();
    let signatures = Signatures::of::<TrustRoot<'_>>(&file.bytes, &roots).map_err(at(path))?;
    let verdict = verdict(&file, current.as_ref());
    let lines = || {
        let mut lines = head(&root);
        lines.extend(signatures.lines());
        lines.push(conclusion(&root, current.as_ref(), verdict));
        lines.join("\n")
    };
    let mut value = facts(&root);
    value["signatures"] = signatures.json();
    value["accepted"] = json!(verdict.is_ok());
    output.say(lines, &value);
    match verdict {
        Err(refusal) if !too_few(refusal) => Err(at(path)(refusal)),
        _ => Ok(()),
    }
}

/// What a device says that holds `current`, or that is made with this root. The rules are asked before
/// the signatures, so that a draft is told what is wrong with it.
fn verdict(file: &RootFile<'_>, current: Option<&Verified<TrustRoot<'_>>>) -> Result<(), Refusal> {
    if let Ok(root) = file.draft() {
        root_rules::check(&root, &HostPrimitives)?;
    }
    match current {
        Some(current) => verify::next_root(&file.bytes, current, &HostPrimitives).map(|_| ()),
        None => verify::pinned_root(&file.bytes, &HostPrimitives).map(|_| ()),
    }
}

fn conclusion(
    root: &TrustRoot<'_>,
    current: Option<&Verified<TrustRoot<'_>>>,
    verdict: Result<(), Refusal>,
) -> String {
    match (verdict, current) {
        (Ok(()), Some(current)) => {
            format!(
                "Devices that hold root {} accept it.",
                current.get().version
            )
        }
        (Ok(()), None) if root.version == 1 => {
            "It is complete: devices can be made with it.".to_owned()
        }
        (Ok(()), None) => {
            "Its own custodians have signed; name the root before it with --current to \
                           see whether those have too."
                .to_owned()
        }
        (Err(refusal), _) if too_few(refusal) => "No device accepts it yet.".to_owned(),
        (Err(_), _) => "No device accepts it.".to_owned(),
    }
}

fn head(root: &TrustRoot<'_>) -> Vec<String> {
    let mut lines = vec![
        format!(
            "root {} of {} ({})",
            root.version, root.vendor, root.environment
        ),
        format!(
            "  made {}, lasts until {}",
            moment::text(root.issued),
            moment::text(root.expires)
        ),
    ];
    for role in Role::ALL
        .into_iter()
        .filter(|role| root.role(*role).is_held())
    {
        lines.push(role_line(role, root));
        lines.extend(members(role, root).map(|key| format!("    {}", key_text(&key))));
    }
    let without: Vec<_> = keys_without_role(root).collect();
    if !without.is_empty() {
        lines.push("  in no role".to_owned());
        lines.extend(without.iter().map(|key| format!("    {}", key_text(key))));
    }
    lines.extend(root.policy.iter().map(|policy| {
        let roles: Vec<_> = policy.roles.iter().map(Role::id).collect();
        let class = mainstay_artifact::identity::uuid_text(&policy.class);
        format!("  the class {class} takes {}", roles.join(", "))
    }));
    lines
}

fn role_line(role: Role, root: &TrustRoot<'_>) -> String {
    let rule = root.role(role);
    let holders: Vec<_> = members(role, root).map(|key| key.holder).collect();
    let epoch = match rule.epoch {
        0 => String::new(),
        epoch => format!("  epoch {epoch}"),
    };
    format!(
        "  {:<12} {} of: {}{epoch}",
        role.id(),
        rule.threshold,
        holders.join(", ")
    )
}

fn key_text(key: &Key<'_>) -> String {
    format!(
        "{} {}  {}  {}",
        key.id,
        key.public.algorithm().id(),
        key.holder,
        sentences::state_text(key.state)
    )
}

fn members<'a>(role: Role, root: &TrustRoot<'a>) -> impl Iterator<Item = Key<'a>> {
    root.role(role).keys.iter().filter_map(|id| root.key(&id))
}

fn keys_without_role<'a>(root: &TrustRoot<'a>) -> impl Iterator<Item = Key<'a>> {
    let plays = |key: &Key<'_>| root.roles.iter().any(|rule| rule.keys.contains(&key.id));
    root.keys.iter().filter(move |key| !plays(key))
}

fn facts(root: &TrustRoot<'_>) -> Value {
    let key = |key: Key<'_>| {
        json!({
            "kid": key.id.to_string(), "holder": key.holder, "algorithm": key.public.algorithm().id(),
            "state": sentences::state_value(key.state),
        })
    };
    let role = |role: Role| {
        let rule = root.role(role);
        let algorithms = rule.required_algorithms.iter();
        json!({
            "role": role.id(), "threshold": rule.threshold, "epoch": rule.epoch,
            "algorithms": algorithms.map(|algorithm| algorithm.id()).collect::<Vec<_>>(),
            "holders": members(role, root).map(|key| key.holder).collect::<Vec<_>>(),
            "keys": members(role, root).map(key).collect::<Vec<_>>(),
        })
    };
    let held = Role::ALL
        .into_iter()
        .filter(|role| root.role(*role).is_held());
    json!({
        "version": root.version, "vendor": root.vendor, "environment": root.environment,
        "issued": root.issued, "expires": root.expires,
        "roles": held.map(role).collect::<Vec<_>>(),
        "keys_without_role": keys_without_role(root).map(key).collect::<Vec<_>>(),
    })
}
