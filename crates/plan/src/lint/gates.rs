//! What a release must show before anybody may approve it.

use super::{Broken, Case, Reason, Rule};
use crate::class::Class;
use crate::finding::Severity;
use crate::gate::{COVERAGE, HIL, USUAL};
use crate::track::Track;

/// A revision that makes up this much of its class's fleet is on the rig, supported or not.
const FLEET_PERCENT_MIN: u64 = 1;

pub(super) const FMP023: Rule = Rule {
    reason: Reason {
        id: "FMP023",
        why: "what no gate looked at, customers look at first",
        source: "IEC 62443-4-1 SVV",
    },
    severity: Severity::Error,
    statement: "Once a plan names gates, every track names unit, integration, coverage, static and \
         hil; what a track goes without has a waiver.",
    judge: usual_gates,
};

fn usual_gates(case: &Case<'_>) -> Vec<Broken> {
    let tracks = || case.plan.tracks.each();
    let names_gates = tracks().any(|track| !track.gates.is_empty());
    if !names_gates && case.plan.gates.is_empty() {
        return Vec::new();
    }
    let mut broken = Vec::new();
    if !case.has_unread_waivers {
        broken.extend(tracks().filter_map(|track| lacks(case, track)));
    }
    broken.extend(idle(case));
    broken
}

fn lacks(case: &Case<'_>, track: &Track) -> Option<Broken> {
    let is_named = |gate: &str| track.gates.iter().any(|named| named.as_str() == gate);
    let is_waived = |gate: &str| {
        let mut waivers = case.plan.waivers.iter();
        waivers.any(|waiver| waiver.track == track.name && waiver.gate.as_str() == gate)
    };
    let mut missing = USUAL.to_vec();
    missing.retain(|gate| !is_named(gate) && !is_waived(gate));
    let first = missing.first()?;
    let message = format!(
        "The {} track passes no gate of these: {}.",
        track.name,
        missing.join(", ")
    );
    let fix = format!(
        "a [[waiver]] for each, with gate = \"{first}\", track = \"{}\", owner, reason, instead, until; \
         or add them to gates, but this version reads no evidence, and a track with gates can't release yet",
        track.name
    );
    let broken = Broken::new(format!("track.{}.gates", track.name), message, fix);
    Some(if track.gates.is_empty() {
        broken.mild()
    } else {
        broken
    })
}

/// Gates that are described and that nothing passes.
fn idle(case: &Case<'_>) -> Option<Broken> {
    let gates = case.plan.gates.iter().map(|gate| gate.name.as_str());
    let idle: Vec<_> = gates
        .filter(|gate| !named(case).any(|named| named == *gate))
        .collect();
    let first = idle.first()?;
    let message = format!("No track names these gates: {}.", idle.join(", "));
    let fix = format!(
        "drop [gate.{first}], or name it in the gates of a track, which can't release then yet"
    );
    Some(Broken::new(format!("gate.{first}"), message, fix).mild())
}

pub(super) const FMP024: Rule = Rule {
    reason: Reason {
        id: "FMP024",
        why: "an image that runs on one revision can stop its sister from starting",
        source: "IEC 62443-4-1 SUM-1; HP 2023",
    },
    severity: Severity::Error,
    statement: "The rig of the hil gate holds every hardware revision that is supported, and every \
         one that is 1 % of its class's fleet or more.",
    judge: rig_is_complete,
};

fn rig_is_complete(case: &Case<'_>) -> Vec<Broken> {
    let rig = case.plan.gate(HIL).map(|gate| &gate.on[..]);
    if rig.is_none() && !named(case).any(|gate| gate == HIL) {
        return Vec::new();
    }
    let on = rig.unwrap_or_default();
    let classes = &case.plan.classes;
    let missing: Vec<_> = classes
        .iter()
        .flat_map(|class| off_the_rig(case, class, on))
        .collect();
    let is_known = |name: &String| classes.iter().any(|class| has(case, class, name));
    let (known, strangers): (Vec<_>, Vec<_>) = on.iter().partition(|name| is_known(name));
    if missing.is_empty() && strangers.is_empty() {
        return Vec::new();
    }
    let message = format!("{}.", told(&missing, &strangers));
    let right: Vec<_> = known.into_iter().chain(&missing).collect();
    let fix = format!("on = {right:?} in [gate.hil], once these are on the rig");
    let broken = Broken::new(place_of(case, HIL), message, fix);
    vec![if missing.is_empty() {
        broken.mild()
    } else {
        broken
    }]
}

fn told(missing: &[String], strangers: &[&String]) -> String {
    let strangers: Vec<_> = strangers.iter().map(|name| name.as_str()).collect();
    let lacks =
        (!missing.is_empty()).then(|| format!("No rig tests hardware {}", missing.join(", ")));
    let holds = (!strangers.is_empty()).then(|| {
        format!(
            "The rig holds {}, which is of no class",
            strangers.join(", ")
        )
    });
    let parts: Vec<_> = lacks.into_iter().chain(holds).collect();
    parts.join(". ")
}

/// A revision as the rig names it: with its class where there are several, which may call theirs the same.
fn name_of(case: &Case<'_>, class: &Class, revision: &str) -> String {
    match &case.plan.classes[..] {
        [_] => revision.to_owned(),
        _ => format!("{}/{revision}", class.id),
    }
}

/// Whether the rig means a revision of `class` by `name`. One class needs no name, and may have it.
fn has(case: &Case<'_>, class: &Class, name: &str) -> bool {
    let mut revisions = class.hardware.iter();
    revisions.any(|revision| is_it(case, class, revision, name))
}

fn is_it(case: &Case<'_>, class: &Class, revision: &str, name: &str) -> bool {
    name == name_of(case, class, revision)
        || name.split_once('/') == Some((class.id.as_str(), revision))
}

fn off_the_rig(case: &Case<'_>, class: &Class, on: &[String]) -> Vec<String> {
    let is_supported = !class
        .support
        .as_ref()
        .is_some_and(|support| case.is_over(support.security_until));
    let is_on = |revision: &str| on.iter().any(|name| is_it(case, class, revision, name));
    let revisions = class.hardware.iter().filter(|revision| !is_on(revision));
    revisions
        .filter(|revision| is_supported || is_common(case, class, revision))
        .map(|revision| name_of(case, class, revision))
        .collect()
}

/// Whether a revision is a hundredth of its class's devices, as far as they are known.
fn is_common(case: &Case<'_>, class: &Class, revision: &str) -> bool {
    let all: u64 = case
        .facts
        .hardware(&class.id)
        .map(|(_, devices)| u64::from(devices))
        .sum();
    let mut counted = case.facts.hardware(&class.id);
    let of_it = counted.find(|(name, _)| *name == revision);
    of_it.is_some_and(|(_, devices)| u64::from(devices) * 100 >= all * FLEET_PERCENT_MIN)
}

pub(super) const FMP026: Rule = Rule {
    reason: Reason {
        id: "FMP026",
        why: "a floor that sinks with each release is none",
        source: "general practice",
    },
    severity: Severity::Warn,
    statement: "The coverage gate has a floor, and it isn't lowered.",
    judge: coverage_has_a_floor,
};

fn coverage_has_a_floor(case: &Case<'_>) -> Vec<Broken> {
    let floor = case.plan.gate(COVERAGE).and_then(|gate| gate.min_percent);
    let before = case
        .facts
        .in_force
        .as_ref()
        .and_then(|plan| plan.coverage_min_percent);
    let (message, fix) = match (floor, before) {
        (Some(floor), Some(before)) if floor < before => (
            format!("The floor sinks to {floor} % from {before} % of the plan in force."),
            format!("min = {before}, or have it explained in the plan's review"),
        ),
        (None, Some(before)) => (
            format!("The floor of {before} % in the plan in force is gone."),
            format!(
                "[gate.coverage] with min = {before}, or have its end explained in the plan's review"
            ),
        ),
        (None, None) if named(case).any(|gate| gate == COVERAGE) => (
            "Coverage is a gate, and no share of lines is too low for it.".to_owned(),
            "[gate.coverage] with min = 80, or what your tests reach today".to_owned(),
        ),
        _ => return Vec::new(),
    };
    vec![Broken::new(place_of(case, COVERAGE), message, fix)]
}

pub(super) const FMP028: Rule = Rule {
    reason: Reason {
        id: "FMP028",
        why: "a result from before the last change of the test bench says nothing of today",
        source: "general practice",
    },
    severity: Severity::Warn,
    statement: "The evidence of every gate grows too old at some time.",
    judge: evidence_ages,
};

fn evidence_ages(case: &Case<'_>) -> Vec<Broken> {
    let ages = |gate: &str| {
        case.plan
            .gate(gate)
            .is_some_and(|gate| gate.expires.is_some())
    };
    let mut ageless: Vec<&str> = named(case).filter(|gate| !ages(gate)).collect();
    ageless.sort_unstable();
    ageless.dedup();
    let told = |gate: &str| {
        let message = format!("Evidence for the {gate} gate is good for ever.");
        let fix = format!("[gate.{gate}] with expires = \"14d\"");
        Broken::new(place_of(case, gate), message, fix)
    };
    ageless.into_iter().map(told).collect()
}

/// The gates that tracks name, each as often as it is named.
fn named<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a str> {
    let plan = case.plan;
    let gates = plan.tracks.each().flat_map(|track| &track.gates);
    gates.map(crate::GateName::as_str)
}

/// Where to look about a gate: at its table, or else at the track that names it first.
fn place_of(case: &Case<'_>, gate: &str) -> String {
    let names_it = |track: &&Track| track.gates.iter().any(|named| named.as_str() == gate);
    match case.plan.tracks.each().find(names_it) {
        Some(track) if case.plan.gate(gate).is_none() => format!("track.{}.gates", track.name),
        _ => format!("gate.{gate}"),
    }
}
