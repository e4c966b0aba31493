//! How long signatures, and words about them, are good for.

use jiff::SignedDuration;
use jiff::civil::Date;

use super::{Broken, Case, Reason, Rule, root};
use crate::finding::Severity;
use crate::track::{Cadence, Track};
use crate::trust_rules::SignatureAlgorithm;

/// Fewest days in which a root's keepers, who sit apart and keep keys offline, sign the next one and
/// devices fetch it.
const ROTATION_DAYS_MIN: i64 = 180;
/// Last day for which signatures that a quantum computer breaks are meant to be relied on.
const CLASSICAL_UNTIL: Date = Date::constant(2035, 12, 31);
/// What asks for the strongest of them whatever the day.
const CNSA: &str = "nsa-cnsa-2";
/// Longest that a stop may be kept from a device: a day, in which people were awake everywhere.
const STOP_HOURS_MAX: i64 = 24;

pub(super) const FMP011: Rule = Rule {
    reason: Reason {
        id: "FMP011",
        why: "once a root has ended, nothing installs until the next one has come",
        source: "Chromecast 2025; Let's Encrypt 2021",
    },
    severity: Severity::Warn,
    statement: "A root lasts for half a year and for two releases of each track, so that the next one is \
         there before it ends; the one in use is renewed as the plan says.",
    judge: root_can_be_followed,
};

fn root_can_be_followed(case: &Case<'_>) -> Vec<Broken> {
    let cycles = case.plan.tracks.each().filter_map(two_cycles_days);
    let least = cycles.max().unwrap_or(0).max(ROTATION_DAYS_MIN);
    let due = root::next_is_due(case, least);
    declared_too_short(case, least)
        .into_iter()
        .chain(due)
        .collect()
}

fn declared_too_short(case: &Case<'_>, least: i64) -> Option<Broken> {
    let lifetime = case.plan.trust.root_lifetime;
    if lifetime >= SignedDuration::from_hours(least * 24) {
        return None;
    }
    let days = lifetime.as_hours() / 24;
    let message =
        format!("A root is to last {days} days; renewing it in the field takes up to {least}.");
    let fix = format!("root_lifetime = \"{least}d\" or longer");
    Some(Broken::new("trust.root_lifetime", message, fix))
}

/// The longest that two turns of a track take.
fn two_cycles_days(track: &Track) -> Option<i64> {
    match track.cadence? {
        Cadence::Monthly { .. } => Some(2 * 35),
        Cadence::Quarterly { .. } => Some(2 * 98),
        Cadence::Emergency => None,
    }
}

pub(super) const FMP016: Rule = Rule {
    reason: Reason {
        id: "FMP016",
        why: "a device that is still in use when its signatures can be forged takes anybody's firmware",
        source: "CNSA 2.0; NIST IR 8547 (draft)",
    },
    severity: Severity::Warn,
    statement: "Whatever is supported beyond 2035 has a signature algorithm that resists quantum \
         computers; a plan that keeps CNSA 2.0 has ML-DSA-87; the root in use demands what the plan names.",
    judge: algorithms,
};

fn algorithms(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = algorithms_last(case);
    broken.extend(root::algorithms(case));
    broken
}

fn algorithms_last(case: &Case<'_>) -> Vec<Broken> {
    let algorithms = &case.plan.trust.algorithms;
    let keeps_cnsa = case.plan.compliance.packs.iter().any(|id| id == CNSA);
    if keeps_cnsa && !algorithms.contains(&SignatureAlgorithm::MlDsa87) {
        let message = format!("No signature over releases is ML-DSA-87, as {CNSA} asks.");
        let fix = "add \"ml-dsa-87\" to algorithms in [trust], and have the root demand it";
        return vec![Broken::new("trust.algorithms", message, fix)];
    }
    let lasts = |algorithm: &SignatureAlgorithm| algorithm.outlives_quantum_computers();
    if algorithms.iter().any(lasts) {
        return Vec::new();
    }
    case.of_classes(|index, class| {
        let until = class.support.as_ref()?.security_until;
        (until > CLASSICAL_UNTIL).then(|| {
            let message = format!(
                "{} is supported to {until}, and no signature over its releases resists quantum \
                 computers.",
                class.id
            );
            let fix = "add \"ml-dsa-65\" or \"ml-dsa-87\" to algorithms in [trust], and have the root \
                       demand it";
            Broken::new(format!("class.{index}.support"), message, fix)
        })
    })
}

pub(super) const FMP047: Rule = Rule {
    reason: Reason {
        id: "FMP047",
        why: "in a day a bad release reaches everybody, and in two hours it reached 1,463 cars",
        source: "Rivian 2023; CrowdStrike 2024",
    },
    severity: Severity::Error,
    statement: "A stop reaches every device that asks within a day: no signed status lasts longer.",
    judge: stops_arrive,
};

fn stops_arrive(case: &Case<'_>) -> Vec<Broken> {
    let lifetime = case.plan.trust.status_lifetime;
    if lifetime <= SignedDuration::from_hours(STOP_HOURS_MAX) {
        return Vec::new();
    }
    let message = format!("A device may act for {lifetime:#} on a status from before the stop.");
    let fix = "status_lifetime = \"1h\"; a day at most";
    vec![Broken::new("trust.status_lifetime", message, fix)]
}
