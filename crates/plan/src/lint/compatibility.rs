//! Which devices a release may meet.

use super::{Broken, Case, Reason, Rule};
use crate::class::Class;
use crate::finding::Severity;
use crate::fleet_facts::KnownAs;

pub(crate) const FMP001: Rule = Rule {
    reason: Reason {
        id: "FMP001",
        why: "firmware for a sister model can leave a device unable to work and to be updated again",
        source: "LockState 2017; ETSI EN 303 645 5.3; RFC 9124",
    },
    severity: Severity::Error,
    statement: "Every class lists its hardware revisions and the bootloaders it needs, and devices \
         check both; the list, the vendor and the environment stay as they are while there are devices.",
    judge,
};

/// A missing list is found while reading; a range that every bootloader meets is no check.
fn judge(case: &Case<'_>) -> Vec<Broken> {
    let of_devices = [dropped, never_listed, added, cut, renamed];
    let mut broken = case.of_classes(unchecked);
    for judge in of_devices {
        broken.extend(case.of_classes(|index, class| judge(case, index, class)));
    }
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

/// How the plan in force has the class, if it has it.
fn before<'a>(case: &Case<'a>, class: &Class) -> Option<&'a KnownAs> {
    case.facts.in_force.as_ref()?.classes.get(&class.id)
}

/// The class's devices, if there are any.
fn devices(case: &Case<'_>, class: &Class) -> Option<u32> {
    let counted = case.facts.devices_by_class.get(&class.id).copied();
    counted.filter(|devices| *devices > 0)
}

fn is_in_the_field(case: &Case<'_>, class: &Class, revision: &str) -> bool {
    let mut counted = case.facts.hardware(&class.id);
    counted.any(|(name, devices)| name == revision && devices > 0)
}

/// The revisions that devices have and the class doesn't list, of those for which `is_meant`.
fn unlisted<'a>(
    case: &Case<'a>,
    class: &Class,
    is_meant: impl Fn(&str) -> bool,
) -> Vec<(&'a str, u32)> {
    let counted = case.facts.hardware(&class.id);
    let lists = |revision: &str| class.hardware.iter().any(|listed| listed == revision);
    counted
        .filter(|(revision, devices)| *devices > 0 && !lists(revision) && is_meant(revision))
        .collect()
}

fn told(unlisted: &[(&str, u32)]) -> String {
    let told = unlisted
        .iter()
        .map(|(revision, devices)| format!("{devices} of hardware {revision}"));
    told.collect::<Vec<_>>().join(", ")
}

/// Devices of a revision that is listed no more get nothing, nor do their sisters: the list is part of the
/// name by which all of them know their class.
fn dropped(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let before = before(case, class);
    let was_listed = |revision: &str| {
        before.is_none_or(|before| before.hardware.iter().any(|listed| listed == revision))
    };
    let dropped = unlisted(case, class, was_listed);
    (!dropped.is_empty()).then(|| {
        let message = format!(
            "{} doesn't list the hardware of all its devices: there are {}.",
            class.id,
            told(&dropped)
        );
        let listed = class.hardware.iter().map(String::as_str);
        let gone = dropped.iter().map(|(revision, _)| *revision);
        let all: Vec<_> = listed.chain(gone).collect();
        let fix = match before {
            Some(_) => format!("hardware = {all:?}; what goes on without them is a new class"),
            None => format!(
                "hardware = {all:?} if the plan in force lists them; if not, a class of their own"
            ),
        };
        Broken::new(format!("class.{index}.hardware"), message, fix)
    })
}

/// Where the plan in force lacks a revision as well, listing it now would rename the class for its sisters:
/// whoever registered those devices has to say by which list they were made.
fn never_listed(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let before = before(case, class)?;
    let lacks = |revision: &str| !before.hardware.iter().any(|listed| listed == revision);
    let strangers = unlisted(case, class, lacks);
    (!strangers.is_empty()).then(|| {
        let message = format!(
            "{} has devices whose hardware neither it nor the plan in force lists: {}.",
            class.id,
            told(&strangers)
        );
        let fix =
            "a [[class]] of their own; in this one's list, they would rename it for all others";
        Broken::new(format!("class.{index}.hardware"), message, fix).mild()
    })
}

/// A new revision renames the class for those who have the others. Where devices have it already, this may
/// be the way back from a list that was cut, or the same mistake: only their maker knows.
fn added(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let before = &before(case, class)?.hardware;
    let devices = devices(case, class)?;
    let is_new = |revision: &&String| !before.contains(revision);
    let has_one = |revision: &&String| is_in_the_field(case, class, revision);
    let mut new = class.hardware.iter().filter(is_new);
    let unseen = new.clone().find(|revision| !has_one(revision));
    let place = format!("class.{index}.hardware");
    if let Some(new) = unseen {
        let message = format!(
            "{} takes in hardware {new}, and its {devices} devices know it without: they would refuse \
             every release.",
            class.id
        );
        let fix = format!("hardware = {before:?}, and a new class for {new}");
        return Some(Broken::new(place, message, fix));
    }
    let seen = new.next()?;
    let message = format!(
        "{} takes in hardware {seen}: those of its {devices} devices that were made for the list without \
         it refuse every release.",
        class.id
    );
    let fix = format!(
        "hardware = {before:?}, and a new class for {seen}, unless all were made for the list with it"
    );
    Some(Broken::new(place, message, fix).mild())
}

/// A revision that nobody has is part of the name, too. Whether the devices were made for the list with it or
/// for the one without, only their maker knows: taking it out may be a mistake, or the end of one.
fn cut(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let before = &before(case, class)?.hardware;
    let devices = devices(case, class)?;
    let has_one = |revision: &str| is_in_the_field(case, class, revision);
    let is_cut = |revision: &&String| !class.hardware.contains(revision) && !has_one(revision);
    let gone = before.iter().find(is_cut)?;
    let message = format!(
        "{} no longer lists hardware {gone}: if its {devices} devices were made for the list with it, \
         they refuse every release.",
        class.id
    );
    let fix = format!("hardware = {before:?}, unless the devices were made without {gone}");
    Some(Broken::new(format!("class.{index}.hardware"), message, fix).mild())
}

/// The vendor and the environment stand in the name before the list.
fn renamed(case: &Case<'_>, index: usize, class: &Class) -> Option<Broken> {
    let before = &before(case, class)?.group_name;
    let devices = devices(case, class)?;
    let now = class.group_name(case.plan.environment);
    let without_list = |name: &str| name.rsplit_once('/').map(|(kind, _)| kind.to_owned());
    if without_list(before) == without_list(&now) {
        return None;
    }
    let path = if before.split('/').next() == Some(class.vendor.as_str()) {
        "plan.environment".to_owned()
    } else {
        format!("class.{index}.vendor")
    };
    let message = format!(
        "{} becomes {now}, and its {devices} devices know it as {before}: they would refuse every \
         release.",
        class.id
    );
    let fix = "leave vendor and environment as they are; other devices have a class, or a plan, of their own";
    Some(Broken::new(path, message, fix))
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
