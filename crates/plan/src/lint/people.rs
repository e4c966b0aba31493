//! Who may sign, approve and schedule, and that nobody does two of the three.

use super::{Broken, Case, Reason, Rule, root};
use crate::finding::Severity;
use crate::names::Email;
use crate::roles::Members;

pub(super) const FMP013: Rule = Rule {
    reason: Reason {
        id: "FMP013",
        why: "one person's mistake, or one person's stolen key, must never be enough for a release",
        source: "IEC 62443-4-1 SM-8; Rivian 2023",
    },
    severity: Severity::Error,
    statement: "A release takes two people at least: builders and approvers differ, on every track, \
         enough of them are named, and devices insist on as many.",
    judge: signers,
};

fn signers(case: &Case<'_>) -> Vec<Broken> {
    let (roles, trust) = (&case.plan.roles, &case.plan.trust);
    let mut broken = shared(
        ("engineer", &roles.engineers),
        ("release-manager", &roles.release_managers),
    );
    let thresholds = [
        (
            "build_threshold",
            trust.build_threshold,
            "engineer",
            &roles.engineers,
        ),
        (
            "release_threshold",
            trust.release_threshold,
            "release-manager",
            &roles.release_managers,
        ),
    ];
    for (key, threshold, role, members) in thresholds {
        if members.distinct() < usize::from(threshold) {
            let named = members.distinct();
            let message = format!("{key} is {threshold}, and [role.{role}] names {named}.");
            let fix = format!("name more people in [role.{role}], or {key} = {named}");
            broken.push(Broken::new(format!("trust.{key}"), message, fix));
        }
    }
    broken.extend(root::thresholds(case));
    broken
}

pub(super) const FMP080: Rule = Rule {
    reason: Reason {
        id: "FMP080",
        why: "an emergency comes while somebody is away",
        source: "IEC 62443-4-1 SM-2",
    },
    severity: Severity::Error,
    statement: "Every duty has somebody accountable and a deputy.",
    judge: deputies,
};

fn deputies(case: &Case<'_>) -> Vec<Broken> {
    let alone = |(role, members): (&str, &Members)| {
        members.deputies.is_empty().then(|| {
            Broken::new(
                format!("role.{role}"),
                "Nobody stands in for this duty.".to_owned(),
                "add deputies = [\"somebody.else@company.example\"]",
            )
        })
    };
    case.plan
        .roles
        .each()
        .into_iter()
        .filter_map(alone)
        .collect()
}

pub(super) const FMP081: Rule = Rule {
    reason: Reason {
        id: "FMP081",
        why: "whoever made or approved a release is the last to doubt it while it rolls out",
        source: "IEC 62443-4-1 SVV-5; Rivian 2023",
    },
    severity: Severity::Error,
    statement: "Nobody who builds or approves also schedules; halting takes only one person.",
    judge: schedulers,
};

fn schedulers(case: &Case<'_>) -> Vec<Broken> {
    let roles = &case.plan.roles;
    let operations = ("operations", &roles.operations);
    let mut broken = shared(("engineer", &roles.engineers), operations);
    broken.extend(shared(
        ("release-manager", &roles.release_managers),
        operations,
    ));
    broken
}

/// One finding for each person who is in both duties, at the second of them.
fn shared((first, some): (&str, &Members), (second, others): (&str, &Members)) -> Vec<Broken> {
    let is_in_both = |person: &&Email| others.all().any(|other| other == *person);
    let broken = |person: &Email| {
        let message = format!("{person} is in [role.{first}] and in [role.{second}].");
        Broken::new(
            format!("role.{second}.people"),
            message,
            "leave each person in one of the two",
        )
    };
    some.all().filter(is_in_both).map(broken).collect()
}
