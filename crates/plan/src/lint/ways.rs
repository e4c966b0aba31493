//! Whether there is a way from what devices run to what they are to run: stepping stones lead upwards, and classes
//! that wait for each other don't wait for ever.

use std::collections::BTreeSet;

use super::{Broken, Case, Reason, Rule};
use crate::class::Class;
use crate::finding::Severity;
use crate::names::ClassId;
use crate::needs::{Prerequisite, Stone, VersionNumber};

pub(super) const FMP002: Rule = Rule {
    reason: Reason {
        id: "FMP002",
        why: "a device that no release can reach any more is without fixes, and looks like one that is only late",
        source: "NIST IR 8259A, Software Update 1",
    },
    severity: Severity::Error,
    statement: "Stepping stones lead upwards, what another class must run can be known, and no two \
         classes wait for each other.",
    judge,
};

/// A prerequisite with the class that asks for it.
#[derive(Clone, Copy)]
struct Asked<'a> {
    index: usize,
    class: &'a Class,
    what: &'a Prerequisite,
}

impl Asked<'_> {
    fn at(&self, key: &str) -> String {
        place(self.index, self.what.index, key)
    }

    /// Whether `self` can't be met before `next` is: the version that it asks for waits for that in turn.
    fn rests_on(&self, next: &Self) -> bool {
        next.class.id == self.what.class && next.what.from <= self.what.at_least
    }
}

fn place(class: usize, needs: usize, key: &str) -> String {
    format!("class.{class}.needs.{needs}.{key}")
}

fn judge(case: &Case<'_>) -> Vec<Broken> {
    let asked = asked(case);
    let mut broken = Vec::new();
    for (index, class) in case.plan.classes.iter().enumerate() {
        let stones = class.stones.iter();
        broken.extend(stones.filter_map(|stone| stone_is_good(case, index, class, stone)));
    }
    broken.extend(asked.iter().filter_map(|one| other_is_known(case, one)));
    broken.extend(asked.iter().filter_map(|one| can_be_met(case, one)));
    broken.extend(circles(&asked));
    broken
}

fn asked<'a>(case: &Case<'a>) -> Vec<Asked<'a>> {
    let classes = case.plan.classes.iter().enumerate();
    let of_class = |(index, class): (usize, &'a Class)| {
        let all = class.prerequisites.iter();
        all.map(move |what| Asked { index, class, what })
    };
    classes.flat_map(of_class).collect()
}

fn stone_is_good(case: &Case<'_>, index: usize, class: &Class, stone: &Stone) -> Option<Broken> {
    let Stone { from, at_least, .. } = stone;
    if at_least >= from {
        let message = format!(
            "{} gets {from} and later only on top of {at_least}, which is itself one of those.",
            class.id
        );
        let fix = format!("an `at_least` below {from}");
        return Some(Broken::new(
            place(index, stone.index, "at_least"),
            message,
            fix,
        ));
    }
    let known = case.facts.versions_by_class.get(&class.id)?;
    let serves = |version: &VersionNumber| at_least <= version && version < from;
    let is_needed = known.range(..at_least).next().is_some();
    if !is_needed || known.iter().any(serves) {
        return None;
    }
    let message = format!(
        "No version of {} from {at_least} on and below {from} is known, neither handed in nor run by a device.",
        class.id
    );
    let fix = format!("hand in such a release before {from}, or mend the two versions");
    // A plan may come before its releases, and a stone may be withdrawn later: neither must keep other changes from coming
    // into force.
    Some(Broken::new(place(index, stone.index, "at_least"), message, fix).mild())
}

/// Whether the other class is one of the plan's, and another one.
fn other_is_known(case: &Case<'_>, asked: &Asked<'_>) -> Option<Broken> {
    let (class, other) = (&asked.class.id, &asked.what.class);
    let (message, fix) = if class == other {
        let fix = "leave `class` out: a version of the same device is a stepping stone";
        (
            format!("{class} waits for devices of its own class."),
            fix.to_owned(),
        )
    } else if case.plan.class(other).is_none() {
        let ids: Vec<_> = others(case, class).map(ClassId::as_str).collect();
        let fix = match ids.is_empty() {
            true => "add its [[class]]".to_owned(),
            false => format!("one of {}, or add its [[class]]", ids.join(", ")),
        };
        (
            format!("{class} waits for {other}, a class that the plan doesn't have."),
            fix,
        )
    } else {
        return None;
    };
    Some(Broken::new(asked.at("class"), message, fix))
}

fn others<'a>(case: &Case<'a>, class: &'a ClassId) -> impl Iterator<Item = &'a ClassId> {
    let ids = case.plan.classes.iter().map(|class| &class.id);
    ids.filter(move |id| *id != class)
}

/// What nobody runs and nobody has handed in may still come; a class without devices never gets there.
fn can_be_met(case: &Case<'_>, asked: &Asked<'_>) -> Option<Broken> {
    let Prerequisite {
        class, at_least, ..
    } = asked.what;
    case.plan.class(class)?;
    let (who, facts) = (&asked.class.id, case.facts);
    let is_known_fleet = !facts.devices_by_class.is_empty();
    if is_known_fleet
        && facts
            .devices_by_class
            .get(class)
            .is_none_or(|devices| *devices == 0)
    {
        let message = format!("{who} waits for {class}, of which no device is registered.");
        let fix = format!("register the devices of {class} before {who} needs them");
        return Some(Broken::new(asked.at("class"), message, fix).mild());
    }
    let known = facts.versions_by_class.get(class)?;
    if known.range(at_least..).next().is_some() {
        return None;
    }
    let message = format!(
        "{who} waits for {class} {at_least}, and no version from there on is known, neither handed in nor run by a device."
    );
    let fix = format!("hand in a release of {class} first, or mend the version");
    Some(Broken::new(asked.at("at_least"), message, fix).mild())
}

/// Prerequisites that wait for themselves, over however many classes; of each circle the first in the file.
fn circles(asked: &[Asked<'_>]) -> Vec<Broken> {
    let next: Vec<Vec<usize>> = asked.iter().map(|one| resting_on(asked, one)).collect();
    let behind: Vec<_> = (0..asked.len())
        .map(|number| all_behind(&next, number))
        .collect();
    let of_one = |a: usize, b: usize| behind[a].contains(&b) && behind[b].contains(&a);
    let is_first = |number: usize| {
        let is_own = asked[number].class.id == asked[number].what.class;
        !is_own && of_one(number, number) && !(0..number).any(|earlier| of_one(earlier, number))
    };
    let first = (0..asked.len()).filter(|number| is_first(*number));
    first.map(|number| circle(&asked[number])).collect()
}

/// The numbers of all prerequisites on which this one rests.
fn all_behind(next: &[Vec<usize>], number: usize) -> BTreeSet<usize> {
    let (mut behind, mut open) = (BTreeSet::new(), vec![number]);
    while let Some(from) = open.pop() {
        for to in &next[from] {
            if behind.insert(*to) {
                open.push(*to);
            }
        }
    }
    behind
}

/// The numbers of the prerequisites on which one rests at once.
fn resting_on(asked: &[Asked<'_>], one: &Asked<'_>) -> Vec<usize> {
    let numbers = 0..asked.len();
    numbers.filter(|to| one.rests_on(&asked[*to])).collect()
}

fn circle(one: &Asked<'_>) -> Broken {
    let Prerequisite {
        from,
        class: other,
        at_least,
        ..
    } = one.what;
    let message = format!(
        "{class} {from} waits for {other} {at_least}, which waits in the end for {class} {from} again: neither comes first.",
        class = one.class.id
    );
    let fix =
        "a release of one of the two that works with the old and the new version of the other";
    Broken::new(one.at("at_least"), message, fix)
}
