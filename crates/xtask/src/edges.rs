//! The edges between our crates, as ARCHITECTURE.md draws them.
//!
//! An edge that isn't in [`ALLOWED`] is a design change: change the table, the map and a decision
//! record together, or don't add the edge. Development dependencies are free: tests may look
//! anywhere.

use std::collections::BTreeMap;

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// The pure crates: no input or output, no async, no clock, no ambient randomness.
const PURE: &[&str] = &[
    "plan",
    "trust",
    "artifact",
    "protocol",
    "device",
    "smp",
    "serial",
    "fleet",
    "access",
    "release",
    "rollout",
    "telemetry",
    "api",
    "report",
];

/// What each crate may use. `*pure` stands for every pure crate, `*pure-but-device` for all of
/// those but the device core, `*all` for anything.
const ALLOWED: &[(&str, &[&str])] = &[
    ("plan", &[]),
    ("trust", &[]),
    ("artifact", &["trust"]),
    ("protocol", &["trust"]),
    ("device", &["trust", "protocol"]),
    ("smp", &[]),
    ("serial", &["trust", "protocol", "device", "smp"]),
    ("fleet", &[]),
    ("access", &[]),
    ("release", &["plan", "trust", "access"]),
    ("rollout", &["plan", "fleet"]),
    ("telemetry", &["plan", "access", "protocol", "rollout"]),
    ("api", &["*pure-but-device"]),
    ("report", &["*pure-but-device"]),
    ("keys", &["trust", "artifact"]),
    ("store", &["*pure-but-device"]),
    ("server", &["*pure-but-device", "keys", "store"]),
    ("client", &["api", "fleet"]),
    (
        "agent",
        &["trust", "artifact", "protocol", "device", "keys"],
    ),
    ("simulator", &["*pure", "keys", "store", "server", "client"]),
    ("cli", &["*all"]),
    ("fuzz", &["*pure", "keys"]),
    ("sweep", &["device", "trust", "protocol", "artifact"]),
    ("canaries", &["plan", "fleet", "rollout"]),
    ("soak", &["*pure", "keys", "store", "server", "simulator"]),
    // Of the chores, the rule by which a PostgreSQL is chosen.
    (
        "replicas",
        &[
            "*pure",
            "keys",
            "store",
            "server",
            "client",
            "simulator",
            "xtask",
        ],
    ),
    ("rig", &["trust", "artifact", "device"]),
    ("xtask", &[]),
];

/// Crates that the pure ones must never reach directly: what they do is the edge's business.
const IMPURE_LIBRARIES: &[&str] = &[
    "tokio",
    "axum",
    "sqlx",
    "reqwest",
    "getrandom",
    "rand",
    "aws-lc-rs",
    "tracing",
];

/// Every edge that breaks the table, as sentences; empty when all is well.
///
/// # Errors
/// If `cargo metadata` can't be read.
pub fn findings() -> anyhow::Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(crate::shell::root().join("Cargo.toml"))
        .exec()
        .context("cargo metadata")?;
    Ok(check(&edges(&metadata)))
}

/// Crate name (ours without the prefix) to the names that it depends on, tests left out.
type Edges = BTreeMap<String, Vec<String>>;

fn edges(metadata: &Metadata) -> Edges {
    let normal = |package: &cargo_metadata::Package| {
        package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| short(&dependency.name))
            .collect()
    };
    metadata
        .workspace_packages()
        .iter()
        .map(|p| (short(&p.name), normal(p)))
        .collect()
}

fn short(name: &str) -> String {
    name.strip_prefix("mainstay-").unwrap_or(name).to_owned()
}

fn check(edges: &Edges) -> Vec<String> {
    let mut findings = Vec::new();
    for (from, targets) in edges {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == from) else {
            findings.push(format!(
                "crate `{from}` isn't in the table of crates/xtask/src/edges.rs"
            ));
            continue;
        };
        for to in targets {
            if edges.contains_key(to) && !permits(allowed, to) {
                findings.push(format!("`{from}` may not use `{to}`"));
            }
            if PURE.contains(&from.as_str()) && IMPURE_LIBRARIES.contains(&to.as_str()) {
                findings.push(format!("`{from}` is pure and may not use `{to}`"));
            }
        }
    }
    findings
}

fn permits(allowed: &[&str], to: &str) -> bool {
    allowed.iter().any(|rule| match *rule {
        "*all" => true,
        "*pure" => PURE.contains(&to),
        "*pure-but-device" => PURE.contains(&to) && to != "device",
        name => name == to,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &str) -> Vec<String> {
        let mut edges = Edges::new();
        for name in [from, to] {
            edges.insert(name.to_owned(), Vec::new());
        }
        edges.insert(from.to_owned(), vec![to.to_owned()]);
        check(&edges)
    }

    #[test]
    fn the_workspace_keeps_the_table() {
        assert_eq!(
            findings().expect("cargo metadata runs here"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_forbidden_edge_is_named() {
        assert_eq!(
            edge("rollout", "telemetry"),
            ["`rollout` may not use `telemetry`"]
        );
        assert_eq!(edge("server", "device"), ["`server` may not use `device`"]);
        assert!(edge("rollout", "plan").is_empty());
        assert!(edge("simulator", "device").is_empty());
    }

    #[test]
    fn a_pure_crate_stays_away_from_the_world() {
        let edges = Edges::from([("plan".to_owned(), vec!["tokio".to_owned()])]);
        assert_eq!(check(&edges), ["`plan` is pure and may not use `tokio`"]);
    }
}
