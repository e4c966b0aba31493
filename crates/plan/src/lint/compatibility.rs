//! Which devices a release may meet.

use super::{Broken, Case, Reason, Rule};
use crate::class::Class;
use crate::finding::Severity;

pub(crate) const FMP001: Rule = Rule {
    reason: Reason {
        id: "FMP001",
        why: "firmware for a sister model can leave a device unable to work and to be updated again",
        source: "LockState 2017; ETSI EN 303 645 5.3; RFC 9124",
    },
    severity: Severity::Error,
    statement: "Every class lists its hardware revisions and the bootloaders it needs, and devices \
         check both; the list stays as it is while there are devices.",
    judge,
};

/// A missing list is found while reading; a range that every bootloader meets is no check.
fn judge(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = case.of_classes(unchecked);
    broken.extend(case.of_classes(|index, class| dropped(case, index, class)));
    broken.extend(case.of_classes(|index, class| added(case, index, class)));
    broken.extend(case.of_classes(|index, class| cut(case, index, class)));
    broken.extend(orphans(case));
    broken
}

fn unchecked(index: usize, class: &Class) -> Option<Broken> {
    (class.bootloader.min == (0, 0, 0)).then(|| {
        Broken::new(
            format!("class.{index}.bootloader"),
            format!(
                "{} accepts any bootloader, so its devices check none.",
                class.id
            ),
            "name the oldest version that was tested: bootloader = \">=1.0.0\"",
        )
    })
}

/// Devices of a revision that isn't listed get nothing any more, nor do their sisters: the list is part of
/// the name by which all of them know their class.
fn dropped(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let unlisted = |(revision, devices): &(&str, u32)| {
        *devices > 0 && !class.hardware.iter().any(|listed| listed == revision)
    };
    let unlisted: Vec<_> = case.facts.hardware(&class.id).filter(unlisted).collect();
    let told: Vec<_> = unlisted
        .iter()
        .map(|(revision, devices)| format!("{devices} of hardware {revision}"))
        .collect();
    (!unlisted.is_empty()).then(|| {
        let message = format!(
            "{} doesn't list the hardware of all its devices: there are {}.",
            class.id,
            told.join(", ")
        );
        let listed = class.hardware.iter().map(String::as_str);
        let all: Vec<_> = listed
            .chain(unlisted.iter().map(|(revision, _)| *revision))
            .collect();
        let fix = format!("hardware = {all:?}; what goes on without them is a new class");
        Broken::new(format!("class.{index}.hardware"), message, fix)
    })
}

/// A revision that nobody has yet renames the class for those who have the others. (One that somebody has is
/// the way back from a list that was cut.)
fn added(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let before = case.facts.in_force.as_ref()?.hardware.get(&class.id)?;
    let devices = *case.facts.devices_by_class.get(&class.id)?;
    let has_one = |revision: &str| is_in_the_field(case, class, revision);
    let is_new = |revision: &&String| !before.contains(revision) && !has_one(revision);
    let new = class.hardware.iter().find(is_new)?;
    (devices > 0).then(|| {
        let message = format!(
            "{} takes in hardware {new}, and its {devices} devices know it without: they would refuse \
             every release.",
            class.id
        );
        let fix = format!("hardware = {before:?}, and a new class for {new}");
        Broken::new(format!("class.{index}.hardware"), message, fix)
    })
}

/// A revision that nobody has is part of the name, too. Whether the devices were made for the list with it or
/// for the one without, only their maker knows: taking it out may be a mistake, or the end of one.
fn cut(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let before = case.facts.in_force.as_ref()?.hardware.get(&class.id)?;
    let devices = *case.facts.devices_by_class.get(&class.id)?;
    let has_one = |revision: &str| is_in_the_field(case, class, revision);
    let is_cut = |revision: &&String| !class.hardware.contains(revision) && !has_one(revision);
    let gone = before.iter().find(is_cut)?;
    (devices > 0).then(|| {
        let message = format!(
            "{} no longer lists hardware {gone}: if its {devices} devices were made for the list with it, \
             they refuse every release.",
            class.id
        );
        let fix = format!("hardware = {before:?}, unless the devices were made without {gone}");
        Broken::new(format!("class.{index}.hardware"), message, fix).mild()
    })
}

fn is_in_the_field(case: &Case<'_>, class: &Class, revision: &str) -> bool {
    let mut counted = case.facts.hardware(&class.id);
    counted.any(|(name, devices)| name == revision && devices > 0)
}

/// Devices of classes that the plan doesn't have: perhaps at their end, perhaps forgotten.
fn orphans(case: &Case<'_>) -> Vec<Broken> {
    let counted = case.facts.devices_by_class.iter();
    let orphaned = counted.filter(|(id, devices)| **devices > 0 && case.plan.class(id).is_none());
    orphaned
        .map(|(id, devices)| {
            let message =
                format!("There are {devices} devices of {id}, a class that the plan doesn't have.");
            let fix = format!("keep the [[class]] of {id} until its devices are gone");
            Broken::new("class", message, fix).mild()
        })
        .collect()
}
