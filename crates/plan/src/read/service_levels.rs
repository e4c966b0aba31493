//! Reads `[service_levels]`, `[risk.*]`, and the goals of a track.

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::DeValue;

use super::amounts;
use super::reasons::{CONTRADICTION, WRONG_VALUE};
use super::section::Section;
use super::value::{self, Read};
use crate::limits::TIERS_MAX;
use crate::lint;
use crate::names::TierName;
use crate::service_levels::{Goals, RiskTier, ServiceLevels, Share};
use crate::track::TrackName;

/// Stands in for a time to a fix that is missing, until the plan says one.
const FIX_WITHIN: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn service_levels(root: &Section<'_>) -> ServiceLevels {
    let Some(section) = root.section("service_levels") else {
        return ServiceLevels::default();
    };
    let active_within = section.optional("active_within", amounts::span);
    section.finish();
    ServiceLevels { active_within }
}

/// The tiers, by name; nothing when one of them can't be read.
pub(super) fn tiers(root: &Section<'_>) -> Option<Vec<RiskTier>> {
    let Some(section) = root.section("risk") else {
        return (!root.has("risk")).then(Vec::new);
    };
    let named = section.each("risk", TIERS_MAX);
    let tiers: Vec<_> = named.iter().map(|(name, at)| tier(name, at)).collect();
    let mut tiers: Vec<_> = tiers.into_iter().collect::<Option<_>>()?;
    tiers.sort_by(|one: &RiskTier, next| one.name.cmp(&next.name));
    Some(tiers)
}

fn tier(name: &str, section: &Section<'_>) -> Option<RiskTier> {
    let name = TierName::new(name).map_err(|error| {
        let message = format!("The {error}.");
        let fix = "name it like [risk.exploited]".to_owned();
        section
            .reader()
            .report(&WRONG_VALUE, section.path(), message, fix);
    });
    let track = section.required(
        "track",
        "track = \"hotfix\"",
        value::choice(TrackName::WORDS),
    );
    let fix_within = (&lint::FMP050.reason, "fix_within = \"24h\"");
    let fix_within = section.demanded("fix_within", fix_within, FIX_WITHIN, amounts::span);
    let deadline = section.optional("deadline", amounts::span);
    section.finish();
    Some(RiskTier {
        name: name.ok()?,
        track: track?,
        fix_within,
        deadline,
    })
}

/// The goals of a track whose table is `track`, beside its `fleet_within`.
pub(super) fn goals(track: &Section<'_>, fleet_within: Option<SignedDuration>) -> Goals {
    let Some(section) = track.section("goals") else {
        return Goals::default();
    };
    let goals = Goals {
        p50_within: section.optional("p50_within", amounts::span),
        p90_within: section.optional("p90_within", amounts::span),
        p99_within: section.optional("p99_within", amounts::span),
        failures_at_most: section.optional("failures_at_most", share),
        reverts_at_most: section.optional("reverts_at_most", share),
        halted_within: section.optional("halted_within", amounts::span),
        recovered_within: section.optional("recovered_within", amounts::span),
        dates_kept: section.optional("dates_kept", share),
    };
    section.finish();
    more_take_longer(&section, &goals, fleet_within);
    dates_there_are(track, &section);
    goals
}

fn share(value: &Spanned<DeValue<'_>>) -> Read<Share> {
    let expected = "a percentage above 0 and up to 100, with at most two decimals";
    value::parsed(Share::parse, expected, "\"0.5 %\"")(value)
}

/// A larger share can't be there before a smaller one.
fn more_take_longer(section: &Section<'_>, goals: &Goals, fleet_within: Option<SignedDuration>) {
    let spans = [
        ("p50_within", goals.p50_within),
        ("p90_within", goals.p90_within),
        ("p99_within", goals.p99_within),
        ("fleet_within", fleet_within),
    ];
    let stated: Vec<_> = spans
        .into_iter()
        .filter_map(|(key, span)| Some((key, span?)))
        .collect();
    for pair in stated.windows(2) {
        if let [(fewer, sooner), (more, later)] = *pair
            && sooner > later
        {
            let message = format!("{more} ({later:#}) is shorter than {fewer} ({sooner:#}).");
            let fix = format!("{more} at least as long as {fewer}");
            section
                .reader()
                .report(&CONTRADICTION, &section.path_of(fewer), message, fix);
        }
    }
}

/// Who has no dates keeps none.
fn dates_there_are(track: &Section<'_>, section: &Section<'_>) {
    if section.has("dates_kept") && !track.has("every") {
        let message = "`dates_kept` is promised of a track that has no dates.".to_owned();
        let fix = "add every = \"month on the second Tuesday\", or drop it".to_owned();
        let path = section.path_of("dates_kept");
        section.reader().report(&CONTRADICTION, &path, message, fix);
    }
}
