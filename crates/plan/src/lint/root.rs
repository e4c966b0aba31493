//! Whether the root that devices hold says what the plan says: whose it is, who signs, how many, in what.
//!
//! A plan binds nobody who holds a device's root: what the root doesn't demand, no device insists on. All of it is silent while no
//! root is known. Read [`FMP010`].

use jiff::civil::Date;

use super::{Broken, Case, Reason, Rule};
use crate::finding::Severity;
use crate::roles::Members;
use crate::root_facts::{RoleFacts, RootFacts};
use crate::trust_rules::SignatureAlgorithm;

pub(super) const FMP010: Rule = Rule {
    reason: Reason {
        id: "FMP010",
        why: "a key whose holder nobody thinks of any more is used by somebody else one day",
        source: "Wink 2015; Chromecast 2025",
    },
    severity: Severity::Error,
    statement: "Whoever holds a key that builds, approves or schedules is named in the plan for that duty.",
    judge: holders_are_named,
};

fn holders_are_named(case: &Case<'_>) -> Vec<Broken> {
    let Some(root) = &case.facts.root else {
        return Vec::new();
    };
    let roles = &case.plan.roles;
    let duties = [
        ("build", &root.build, "engineer", &roles.engineers),
        (
            "release",
            &root.release,
            "release-manager",
            &roles.release_managers,
        ),
        (
            "operations",
            &root.operations,
            "operations",
            &roles.operations,
        ),
    ];
    let strangers = duties.into_iter().flat_map(|(role, facts, duty, members)| {
        let strangers = facts
            .holders
            .iter()
            .filter(|holder| !names(members, holder));
        strangers.map(move |holder| stranger(root.version, role, duty, holder))
    });
    strangers.collect()
}

/// Roots write holders without capitals.
fn names(members: &Members, holder: &str) -> bool {
    let mut all = members.all();
    all.any(|email| email.as_str().eq_ignore_ascii_case(holder))
}

/// To be looked at: a key may go before its holder is taken out of the plan, or after.
fn stranger(version: u32, role: &str, duty: &str, holder: &str) -> Broken {
    let message = format!(
        "{holder} holds a key of role {role} in root {version}, and isn't in [role.{duty}]."
    );
    let fix =
        format!("name {holder} in [role.{duty}], or take the key out with `mainstay root remove`");
    Broken::new(format!("role.{duty}"), message, fix).mild()
}

pub(super) const FMP014: Rule = Rule {
    reason: Reason {
        id: "FMP014",
        why: "a device that believes a bench's root takes what was never meant for customers",
        source: "Rivian 2023; IEC 62443-4-1 SM-8",
    },
    severity: Severity::Error,
    statement: "The root in use is of the plan's vendor and environment.",
    judge: root_is_of_the_plan,
};

fn root_is_of_the_plan(case: &Case<'_>) -> Vec<Broken> {
    let plan = case.plan;
    let (vendor, environment) = (plan.vendor.as_str(), plan.environment.id());
    let root = case.facts.root.iter();
    let others = root
        .filter(|root| (root.vendor.as_str(), root.environment.as_str()) != (vendor, environment));
    let told = others.map(|root| {
        let path = match root.vendor == vendor {
            true => "plan.environment",
            false => "class.0.vendor",
        };
        let message = format!(
            "Root {} is for {} of {}, and the plan for {environment} of {vendor}: no device under this root takes its releases.",
            root.version, root.environment, root.vendor
        );
        let fix = "a root, and a server, of its own for each vendor and environment";
        Broken::new(path, message, fix)
    });
    told.collect()
}

/// What FMP013 has to say of the root: the plan's thresholds are kept where the root has them.
pub(super) fn thresholds(case: &Case<'_>) -> Vec<Broken> {
    let trust = &case.plan.trust;
    let of = |root: &RootFacts| {
        [
            ("build", trust.build_threshold, root.build.threshold),
            ("release", trust.release_threshold, root.release.threshold),
        ]
        .into_iter()
        .filter(|(_, asked, demanded)| demanded < asked)
        .map(|(role, asked, demanded)| {
            let message = format!(
                "{role}_threshold is {asked}, and devices are content with {demanded}: so says root {}.",
                root.version
            );
            let fix = format!(
                "have the next root demand it: `mainstay root threshold {role} {asked}`"
            );
            Broken::new(format!("trust.{role}_threshold"), message, fix).mild()
        })
        .collect::<Vec<_>>()
    };
    case.facts.root.iter().flat_map(of).collect()
}

/// What FMP016 has to say of the root: an algorithm that it doesn't demand protects nobody.
pub(super) fn algorithms(case: &Case<'_>) -> Vec<Broken> {
    let Some(root) = &case.facts.root else {
        return Vec::new();
    };
    let named = case.plan.trust.algorithms.iter();
    let told = named.filter_map(|algorithm| {
        let lacks = |role: &RoleFacts| !role.algorithms.contains(algorithm);
        let roles = match (lacks(&root.build), lacks(&root.release)) {
            (false, false) => return None,
            (true, false) => "role build",
            (false, true) => "role release",
            (true, true) => "roles build and release",
        };
        Some(not_demanded(root.version, *algorithm, roles))
    });
    told.collect()
}

fn not_demanded(version: u32, algorithm: SignatureAlgorithm, roles: &str) -> Broken {
    let name = algorithm.id();
    let message = format!(
        "The plan names {name}, and root {version} doesn't demand it of {roles}: devices take releases without it."
    );
    let fix = format!("have the next root demand {name} there, or take it out of algorithms");
    Broken::new("trust.algorithms", message, fix)
}

/// What FMP011 has to say of the root: by now the next one is due. `least` are the days that it takes to reach devices.
pub(super) fn next_is_due(case: &Case<'_>, least: i64) -> Option<Broken> {
    let (root, today) = (case.facts.root.as_ref()?, case.facts.as_of?);
    let (left, age) = (days(today, root.expires), days(root.issued, today));
    let lifetime = case.plan.trust.root_lifetime.as_hours() / 24;
    let message = if left <= 0 {
        format!(
            "Root {} ended on {}: no device installs anything until it gets the next one.",
            root.version, root.expires
        )
    } else if left < least {
        format!(
            "Root {} ends on {}, in {left} days; renewing it in the field takes up to {least}.",
            root.version, root.expires
        )
    } else if age > lifetime {
        format!(
            "Root {} was made on {}, {age} days ago; the plan renews it within {lifetime}.",
            root.version, root.issued
        )
    } else {
        return None;
    };
    let fix = "make the next root: `mainstay root extend`, then its custodians sign it";
    Some(Broken::new("trust.root_lifetime", message, fix))
}

fn days(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}
