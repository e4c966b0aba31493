//! How fast a release spreads.

use super::{Broken, Case, Reason, Rule};
use crate::finding::Severity;
use crate::track::{Track, Wave};

/// Largest first wave after the canary, in percent.
const FIRST_PERCENT_MAX: u8 = 10;
/// Most by which one wave may multiply the one before.
const GROWTH_MAX: u8 = 10;

pub(super) const FMP022: Rule = Rule {
    reason: Reason {
        id: "FMP022",
        why: "what is urgent is made in haste, and haste is what a canary is for",
        source: "CrowdStrike 2024; NIST SP 800-40r4 3.5.2",
    },
    severity: Severity::Error,
    statement: "Every track, the emergency one too, begins with the canary.",
    judge: canary_first,
};

fn canary_first(case: &Case<'_>) -> Vec<Broken> {
    let skips = |track: &Track| {
        (track.waves.first() != Some(&Wave::Canary)).then(|| {
            Broken::new(
                format!("track.{}.waves", track.name),
                format!("The {} track skips the canary.", track.name),
                format!("waves = [\"canary\", {}]", listed(&track.waves)),
            )
        })
    };
    case.plan.tracks.each().filter_map(skips).collect()
}

/// The waves but the canary, as the plan writes them.
fn listed(waves: &[Wave]) -> String {
    let rest = waves.iter().filter(|wave| **wave != Wave::Canary);
    rest.map(|wave| format!("\"{wave}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

pub(super) const FMP046: Rule = Rule {
    reason: Reason {
        id: "FMP046",
        why: "a fault that a canary can't show should meet a few devices before it meets all",
        source: "CrowdStrike 2024; NIST SP 800-40r4",
    },
    severity: Severity::Error,
    statement: "Waves grow: the first after the canary is at most 10 %, none is more than ten times \
         the one before, and the last reaches everybody.",
    judge: waves_grow,
};

fn waves_grow(case: &Case<'_>) -> Vec<Broken> {
    case.plan.tracks.each().flat_map(track_grows).collect()
}

fn track_grows(track: &Track) -> Vec<Broken> {
    let path = format!("track.{}.waves", track.name);
    let broken = |message: String, fix: &str| Broken::new(path.clone(), message, fix);
    let mut found = Vec::new();
    if track.waves.iter().skip(1).any(|wave| *wave == Wave::Canary) {
        let message = "The canary can only come first.".to_owned();
        found.push(broken(message, "name it once, in front"));
    }
    let shares = shares(track);
    if let Some(first) = shares.first().filter(|share| **share > FIRST_PERCENT_MAX) {
        let message = format!("The first wave after the canary takes {first} % at once.");
        found.push(broken(message, "put \"10 %\" in front of it"));
    }
    found.extend(shares.windows(2).filter_map(|pair| {
        let (message, fix) = step_is_too_far(pair[0], pair[1])?;
        Some(broken(message, fix))
    }));
    if shares.last() != Some(&100) {
        let message = format!("The {} track never reaches the whole fleet.", track.name);
        found.push(broken(message, "end with \"100 %\"").mild());
    }
    found
}

fn shares(track: &Track) -> Vec<u8> {
    let share = |wave: &Wave| match wave {
        Wave::Canary => None,
        Wave::Percent(share) => Some(*share),
    };
    track.waves.iter().filter_map(share).collect()
}

fn step_is_too_far(from: u8, to: u8) -> Option<(String, &'static str)> {
    if to <= from {
        let message = format!("A wave of {to} % after one of {from} % adds nobody.");
        return Some((
            message,
            "waves are cumulative: let each be larger than the one before",
        ));
    }
    let too_far = u16::from(to) > u16::from(from) * u16::from(GROWTH_MAX);
    let message = format!("From {from} % to {to} % is more than ten times as many at once.");
    too_far.then_some((message, "put a wave between the two"))
}
