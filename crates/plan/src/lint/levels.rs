//! What is promised of how fast the fleet is mended, and of whom.

use jiff::SignedDuration;

use super::{Broken, Case, Reason, Rule};
use crate::finding::Severity;
use crate::service_levels::{Goals, RiskTier};
use crate::track::Track;

/// The directive by which what is urgent has a deadline of its own.
const DEADLINES_BY_RISK: &str = "us-cisa-bod-26-04";
/// Who asks as often as the plan wants, and loses one answer, is still active.
const POLLS_MIN: i32 = 2;

pub(crate) const FMP050: Rule = Rule {
    reason: Reason {
        id: "FMP050",
        why: "a deadline runs from the moment of knowing, and both the fix and its way to the devices take of it",
        source: "CISA BOD 26-04; ETSI EN 303 645 5.3-8; FD&C Act 524B",
    },
    severity: Severity::Error,
    statement: "Each kind of risk says how soon there is a fix, its track says how soon the fleet has it, and both \
         together fit the deadline. A plan that keeps BOD 26-04 has such kinds.",
    judge: deadlines_are_met,
};

fn deadlines_are_met(case: &Case<'_>) -> Vec<Broken> {
    let tiers = case.plan.risk_tiers.iter();
    let mut broken: Vec<_> = tiers.filter_map(|tier| too_late(case, tier)).collect();
    let packs = &case.plan.compliance.packs;
    if case.plan.risk_tiers.is_empty() && packs.iter().any(|id| id == DEADLINES_BY_RISK) {
        let message = format!(
            "{DEADLINES_BY_RISK} sets deadlines by risk, and the plan has no kinds of risk."
        );
        let fix =
            "[risk.exploited] with track = \"hotfix\", fix_within = \"24h\", deadline = \"3d\"";
        broken.push(Broken::new("compliance.packs", message, fix));
    }
    broken
}

fn too_late(case: &Case<'_>, tier: &RiskTier) -> Option<Broken> {
    let RiskTier {
        name, track: id, ..
    } = tier;
    let at = format!("risk.{name}");
    let Some(track) = case.plan.tracks.get(*id) else {
        let message = format!("Fixes of {name} go by the {id} track, and the plan has none.");
        return Some(Broken::new(
            format!("{at}.track"),
            message,
            format!("add [track.{id}]"),
        ));
    };
    let Some((goal, fleet)) = to_fleet(track) else {
        let message = format!(
            "Fixes of {name} go by the {id} track, which doesn't say how soon the fleet has them."
        );
        let fix = format!("goals = {{ p99_within = \"48h\" }} in [track.{id}]");
        return Some(Broken::new(format!("{at}.track"), message, fix));
    };
    let takes = tier.fix_within.saturating_add(fleet);
    tier.deadline.filter(|deadline| takes > *deadline).map(|deadline| {
        let fix_within = tier.fix_within;
        let message = format!(
            "{name} is to be mended within {deadline:#}: {fix_within:#} to a fix and {fleet:#} to the fleet ({goal}) are {takes:#}."
        );
        let fix = "a shorter fix_within, or a faster track";
        Broken::new(format!("{at}.deadline"), message, fix)
    })
}

/// The longest that a track promises to take, and by which key.
fn to_fleet(track: &Track) -> Option<(&'static str, SignedDuration)> {
    let all = track.fleet_within.map(|span| ("fleet_within", span));
    all.or_else(|| Some(("p99_within", track.goals.p99_within?)))
}

pub(super) const FMP054: Rule = Rule {
    reason: Reason {
        id: "FMP054",
        why: "a share of devices that nobody has heard of for a year says how many were sold, not how many are mended",
        source: "NIST SP 800-40r4 3.6",
    },
    severity: Severity::Warn,
    statement: "A plan that promises how soon devices have a release says within what time somebody has been heard \
         of who counts, and devices that ask as they should do.",
    judge: active_is_said,
};

fn active_is_said(case: &Case<'_>) -> Vec<Broken> {
    let poll = case.plan.rollout.poll;
    let broken = match case.plan.service_levels.active_within {
        Some(within) if within < poll.saturating_mul(POLLS_MIN) => {
            let message = format!(
                "Who wasn't heard of for {within:#} isn't active, and devices ask every {poll:#}."
            );
            let fix = format!("active_within of {POLLS_MIN} polls or more; 14 days are usual");
            Some(Broken::new("service_levels.active_within", message, fix))
        }
        Some(_) => None,
        None => promising(case).map(|track| {
            let message = format!(
                "The {} track promises when devices have a release, and who counts isn't said.",
                track.name
            );
            let fix = "active_within = \"14d\" in [service_levels]";
            Broken::new(format!("track.{}", track.name), message, fix)
        }),
    };
    broken.into_iter().collect()
}

/// The first track that promises when a share of the devices has a release, or all of them.
fn promising<'a>(case: &'a Case<'_>) -> Option<&'a Track> {
    let promises = |track: &&Track| {
        let Goals {
            p50_within,
            p90_within,
            p99_within,
            ..
        } = track.goals;
        let spans = [p50_within, p90_within, p99_within, track.fleet_within];
        spans.iter().any(Option::is_some)
    };
    case.plan.tracks.each().find(promises)
}
