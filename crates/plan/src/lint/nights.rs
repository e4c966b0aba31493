//! Whether a window is long enough, comes round in time, and stays closed when nobody is there.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Broken, Case, Reason, Rule};
use crate::blackout::{Blackout, days_by_date};
use crate::class::{Class, Environment};
use crate::emergency::{ASKS_LATER_PERCENT, Pause, Place, ZONES_US};
use crate::finding::Severity;
use crate::limits::{BLACKOUT_DAYS_MAX, DURATION_HOURS_MAX};
use crate::plan::Plan;
use crate::rollout_rules::RolloutRules;
use crate::window::DstGap;

/// A year is looked at, with every holiday and both changes of clocks.
const LOOKED_AT: SignedDuration = SignedDuration::from_hours(366 * 24);
/// A plan that lets nobody begin for so long updates nobody.
const NOBODY: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Before the first freeze, the last window of any days has opened in this time.
const A_WEEK_AND_A_DAY: SignedDuration = SignedDuration::from_hours(8 * 24);

pub(super) const FMP042: Rule = Rule {
    reason: Reason {
        id: "FMP042",
        why: "what begins late runs on into the day, and what comes too late is given up",
        source: "general practice",
    },
    severity: Severity::Error,
    statement: "A window holds spreading, download and trial of each class that states its slot, \
         and comes round before a device is given up, past freezes and holidays too, and within a year in any case.",
    judge: nights_suffice,
};

fn nights_suffice(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = case.of_classes(|_, class| too_short(case, class));
    broken.extend(comes_too_late(case));
    broken
}

/// The last device to begin, with all places for downloads taken, and a slot that is full.
fn too_short(case: &Case<'_>, class: &Class) -> Option<Broken> {
    let rollout = &case.plan.rollout;
    let bytes = class
        .slot_bytes
        .filter(|_| !rollout.window.never_closes())?;
    let limits = &rollout.limits;
    let a_second = (limits.bytes_per_second / u64::from(limits.downloads.max(1))).max(1);
    let seconds = i64::try_from(bytes.div_ceil(a_second)).unwrap_or(i64::MAX);
    let download = SignedDuration::from_secs(seconds);
    let trial = class.revert.confirm_within;
    let needed = rollout
        .jitter
        .saturating_add(download)
        .saturating_add(trial);
    let window = SignedDuration::from_mins(i64::from(rollout.window.minutes()));
    (needed > window).then(|| {
        let message = format!(
            "{} takes up to {:#} to spread, {download:#} to download {bytes} bytes at {a_second} a \
             second, and {trial:#} to prove itself; the window has {window:#}.",
            class.id, rollout.jitter
        );
        let fix = "a longer window, fewer downloads at once, or more bytes per second";
        Broken::new("rollout.window.local", message, fix).mild()
    })
}

/// Freezes apart, and if those pauses are short enough, with them.
fn comes_too_late(case: &Case<'_>) -> Option<Broken> {
    let settings = ["window", "jitter", "poll", "give_up_after"];
    let was_read = |key: &&str| case.was_read(&format!("rollout.{key}"));
    if !settings.iter().all(was_read) {
        return None;
    }
    let frozen = longest_pause(case);
    let nobody = frozen
        .as_ref()
        .and_then(|(place, pause)| nobody_begins(place, *pause));
    let by_its_days = || pauses_too_long(case, frozen.as_ref());
    let by_freezes = || frozen_too_long(case, frozen.as_ref()?);
    nobody.or_else(by_its_days).or_else(by_freezes)
}

/// By the days of the window alone. The remedy is enough for the freezes, too.
fn pauses_too_long(case: &Case<'_>, frozen: Option<&(Place, Pause)>) -> Option<Broken> {
    let needed = first_turn(case, case.plan.rollout.window.longest_pause());
    let patience = case.plan.rollout.give_up_after;
    (needed >= patience).then(|| {
        let mut message = format!(
            "A device's first turn may come after {needed:#}, and it is given up after {patience:#}."
        );
        let mut enough = needed;
        if let Some((place, pause)) = frozen {
            let with_freezes = first_turn(case, pause.length());
            if with_freezes > needed {
                let longest = without_window(place, *pause);
                message += &format!(" {longest}: then it may come after {with_freezes:#}.");
                enough = with_freezes;
            }
        }
        let fix = format!("{}a window on more days, or a shorter poll", longer(enough));
        Broken::new("rollout.give_up_after", message, fix).mild()
    })
}

fn frozen_too_long(case: &Case<'_>, (place, pause): &(Place, Pause)) -> Option<Broken> {
    let needed = first_turn(case, pause.length());
    let rollout = &case.plan.rollout;
    let patience = rollout.give_up_after;
    (needed >= patience).then(|| {
        let message = format!(
            "{}: a device's first turn may come after {needed:#}, and it is given up after {patience:#}. \
             A wave that opens then ends with its devices unreached.",
            without_window(place, *pause)
        );
        let fix = format!("{}{}", longer(needed), sooner(rollout));
        Broken::new("rollout.give_up_after", message, fix).mild()
    })
}

/// What makes the pause shorter that is longer than the window's days say. Without freezes it is a change of clocks.
fn sooner(rollout: &RolloutRules) -> &'static str {
    match rollout.window.dst_gap {
        _ if !rollout.blackout.is_empty() => "fewer days in blackout",
        DstGap::Skip => "dst_gap = \"shift\"",
        DstGap::Shift => "a window on more days",
    }
}

fn nobody_begins(place: &Place, pause: Pause) -> Option<Broken> {
    (pause.length() >= NOBODY).then(|| {
        let message = format!(
            "{}: for a year, window and blackout leave no night on which a device may begin.",
            without_window(place, pause)
        );
        let fix = "fewer days in blackout, so that some nights stay free";
        Broken::new("rollout.blackout", message, fix)
    })
}

fn without_window(place: &Place, Pause { since, until }: Pause) -> String {
    let (since, until) = (place.date(since), place.date(until));
    match place.zone.as_str() {
        ANYWHERE => format!("From {since} to {until}, no window opens"),
        zone => format!("From {since} to {until}, no window opens in {zone}"),
    }
}

/// A device that asked just before its wave opened hears of it a poll later. If its window has just closed then, its first turn comes
/// after the pause and its own part of the spreading; before that it is told when to come. Both times it may ask late. Who begins at
/// the very moment of being given up comes too late.
fn first_turn(case: &Case<'_>, pause: SignedDuration) -> SignedDuration {
    let rollout = &case.plan.rollout;
    let late = rollout.poll.saturating_mul(ASKS_LATER_PERCENT) / 100;
    let heard = rollout.poll.saturating_add(late);
    let comes = heard.saturating_add(pause).saturating_add(rollout.jitter);
    comes.saturating_add(late)
}

/// The remedy of more patience, if a plan may have so much.
fn longer(needed: SignedDuration) -> String {
    let days = needed.as_hours() / 24 + 1;
    match days * 24 <= DURATION_HOURS_MAX {
        true => format!("give_up_after = \"{days}d\" or longer, or "),
        false => String::new(),
    }
}

/// Where clocks never change: freezes by date are as long here as anywhere.
const ANYWHERE: &str = "UTC";

/// Where windows are looked at. Which clocks change in other countries isn't known from a market, and a warning of clocks that no device
/// goes by would be a false one: outside the U.S. only freezes count.
fn places(plan: &Plan) -> Vec<Place> {
    let is_us = |country: &String| country == "us";
    let is_in = plan.market.iter().any(is_us);
    let us = ZONES_US.iter().filter(|_| is_in);
    let anywhere = (!is_in).then_some(&ANYWHERE);
    let zones = us.chain(anywhere);
    zones.filter_map(|zone| Place::named(zone)).collect()
}

/// The longest stretch of the next year without a window, of all places in which devices may stand. None while neither the day nor the
/// date of a freeze says which year that is, and for freezes that are too long to be in any plan, which the reader tells.
fn longest_pause(case: &Case<'_>) -> Option<(Place, Pause)> {
    let rules = &case.plan.rollout;
    if days_by_date(&rules.blackout) > BLACKOUT_DAYS_MAX {
        return None;
    }
    let from = begins(case)?;
    let to = from.saturating_add(LOOKED_AT).ok()?;
    let pause = |place: Place| {
        let pause = place.longest_pause(rules, from, to)?;
        Some((place, pause))
    };
    let pauses = places(case.plan).into_iter().filter_map(pause);
    pauses.max_by_key(|(_, pause)| pause.length())
}

/// Today, or else shortly before the first freeze.
fn begins(case: &Case<'_>) -> Option<Timestamp> {
    let midnight = |day: Date| {
        TimeZone::UTC
            .to_timestamp(day.to_datetime(Time::midnight()))
            .ok()
    };
    if let Some(today) = case.facts.as_of {
        return midnight(today);
    }
    let first = case
        .plan
        .rollout
        .blackout
        .iter()
        .filter_map(|one| match one {
            Blackout::Dates { from, .. } => Some(*from),
            Blackout::UsFederalHolidays | Blackout::UsFederalEves => None,
        });
    midnight(first.min()?)?.checked_sub(A_WEEK_AND_A_DAY).ok()
}

pub(super) const FMP043: Rule = Rule {
    reason: Reason {
        id: "FMP043",
        why: "on a holiday nobody is there who could help, and everybody is at home to notice",
        source: "5 USC 6103; Executive Order 11582",
    },
    severity: Severity::Warn,
    statement: "Where customers are in the U.S., nothing begins on federal holidays, nor when they \
         are observed; freezes by date lie ahead.",
    judge: holidays_are_free,
};

fn holidays_are_free(case: &Case<'_>) -> Vec<Broken> {
    let plan = case.plan;
    let blackouts = &plan.rollout.blackout;
    let mut broken = Vec::new();
    let is_sold_there = plan.market.iter().any(|country| country == "us");
    let is_for_customers = plan.environment == Environment::Production;
    let is_known = case.was_read("rollout.blackout");
    if is_known
        && is_sold_there
        && is_for_customers
        && !blackouts.contains(&Blackout::UsFederalHolidays)
    {
        let message = "Devices in the U.S. update on federal holidays.".to_owned();
        let fix = "blackout = [\"us-federal-holidays\"]";
        broken.push(Broken::new("rollout.blackout", message, fix));
    }
    broken.extend(blackouts.iter().filter_map(|blackout| match blackout {
        Blackout::Dates { from, to } if case.is_over(*to) => {
            let message = format!("The freeze {from}..{to} is over.");
            let fix = "set it to its next dates, or drop it";
            Some(Broken::new("rollout.blackout", message, fix))
        }
        _ => None,
    }));
    broken
}
