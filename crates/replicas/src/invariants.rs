//! What must never happen, whatever is killed: judged when all is over, from what was seen and what the database says.
//!
//! | rule | broken by |
//! |---|---|
//! | `offer-not-enrolled` | an offer of a release whose rollout the device isn't in |
//! | `offer-before-wave` | an offer that arrived before the device's wave opened, or whose wave never did |
//! | `offer-after-halt`, `offer-during-hold`, `offer-during-pause` | an offer whose request began after the stop was acknowledged, and before it was asked to end; in a pause, who had begun may go on |
//! | `offer-after-confirmed` | an offer of what the device had confirmed, after that was acknowledged |
//! | `report-lost`, `report-twice` | a report that was acknowledged and isn't there, or is there more often than it was made |
//! | `counted-unconfirmed` | a device that counts as updated and never sent a confirmation; a count, while all goes on, of more than had been sent by then |
//! | `confirmed-uncounted` | a device whose confirmation was acknowledged and doesn't count, where the rollout is complete; a count of the API that isn't the store's |
//! | `runs-otherwise` | a device that runs something else than the store or the API says |
//! | `rollout-unfinished` | a rollout that isn't complete, or halted, as it should be |
//! | `bytes-over-budget`, `downloads-over-budget` | see `budgets.rs` |
//! | `replica-ended` | a replica that ended, and nobody had killed it |
//! | `wrong-answer` | an answer that no device should get: 500, 503 without Retry-After, other bytes, or none in time |
//!
//! **"At once"**, of a stop, is the strongest that can be measured from outside: a request that began after the stop was acknowledged to anybody, at any
//! replica, and has an offer as its answer, breaks it. There is no time of grace. What was asked before may still be answered with an offer:
//! which of the two was first nobody can tell.
//!
//! Read [`judge`].

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use jiff::Timestamp;

use crate::budgets::{self, Limits};
use crate::seen::{
    DeviceNumber, Event, Exchange, FACTORY, Offer, RELEASES, ReleaseNumber, Seen, Stop, StopKind,
};
use crate::truth::{Ending, Kept, Told, Truth};

/// The kind of a report that a device makes when it keeps a release.
pub const CONFIRMED: &str = "confirmed";
/// The kind of the one that it makes before it fetches the first byte.
pub const BEGAN: &str = "download-started";

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which, by its name in the table above.
    pub rule: &'static str,
    /// By whom and how, with the moments and the replica.
    pub what: String,
}

impl Broken {
    /// A promise broken in this way.
    pub fn new(rule: &'static str, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { rule, what }
    }
}

impl Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BROKEN {}: {}", self.rule, self.what)
    }
}

/// How the rollouts must have ended.
pub type Endings = [(ReleaseNumber, Ending)];

/// Every promise that was broken; none if all is well.
#[must_use]
pub fn judge(seen: &Seen, truth: &Truth, limits: &Limits, endings: &Endings) -> Vec<Broken> {
    let marks = Marks::of(seen);
    let offers = seen.offers.iter();
    let mut broken: Vec<Broken> = offers
        .flat_map(|offer| judge_offer(offer, seen, truth, &marks))
        .collect();
    broken.extend(judge_reports(seen, truth));
    broken.extend(judge_counts(seen, truth, &marks));
    broken.extend(judge_devices(truth));
    broken.extend(endings.iter().filter_map(|end| judge_ending(*end, truth)));
    let over = |rule, found: budgets::Measured| {
        found
            .over
            .into_iter()
            .map(move |what| Broken::new(rule, what))
    };
    broken.extend(over("bytes-over-budget", budgets::bytes(seen, limits)));
    broken.extend(over(
        "downloads-over-budget",
        budgets::downloads(seen, limits),
    ));
    let ended = seen.ended.iter();
    broken.extend(ended.map(|one| {
        let what = format!(
            "replica {} was seen to have ended at {}",
            one.replica, one.at
        );
        Broken::new("replica-ended", what)
    }));
    let faults = seen.faults.iter();
    broken.extend(faults.map(|fault| {
        Broken::new(
            "wrong-answer",
            format!("{}: {}", told(&fault.by), fault.what),
        )
    }));
    broken
}

/// When devices first sent, and first had acknowledged, what counts.
struct Marks {
    began: BTreeMap<(DeviceNumber, ReleaseNumber), Timestamp>,
    confirmed: BTreeMap<(DeviceNumber, ReleaseNumber), Timestamp>,
    acknowledged: BTreeMap<(DeviceNumber, ReleaseNumber), Timestamp>,
}

impl Marks {
    fn of(seen: &Seen) -> Self {
        let sent = |kind: &str| {
            let of_kind = seen.sent.iter().filter(|sent| sent.event.0 == kind);
            // Of several the first one stays.
            let at = of_kind
                .rev()
                .map(|sent| ((sent.device, sent.event.1), sent.at));
            at.collect()
        };
        let confirmed = seen
            .acknowledged
            .iter()
            .filter(|one| one.event.0 == CONFIRMED);
        Self {
            began: sent(BEGAN),
            confirmed: sent(CONFIRMED),
            acknowledged: confirmed
                .map(|one| ((one.by.device, one.event.1), one.by.answered))
                .collect(),
        }
    }
}

fn judge_offer(offer: &Offer, seen: &Seen, truth: &Truth, marks: &Marks) -> Vec<Broken> {
    let (by, of) = (&offer.by, (offer.by.device, offer.release));
    let mut broken = Vec::new();
    let version = RELEASES[offer.release];
    let mut say = |rule, why: String| {
        let what = format!("{} was offered {version}: {why}", told(by));
        broken.push(Broken::new(rule, what));
    };
    match truth.rollout_of(offer.release) {
        None => say("offer-not-enrolled", "no rollout carries it".to_owned()),
        Some(rollout) => {
            if let Some((rule, why)) = outside_wave(by, rollout) {
                say(rule, why);
            }
        }
    }
    for stop in seen
        .stops
        .iter()
        .filter(|stop| stop.release == offer.release)
    {
        let had_begun = marks
            .began
            .get(&of)
            .is_some_and(|at| *at < stop.acknowledged);
        if forbids(stop, by, had_begun) {
            let kind = stop.kind.id();
            say(
                rule_of(stop.kind),
                format!(
                    "its {kind} was acknowledged at {} by replica {}",
                    stop.acknowledged, stop.replica
                ),
            );
        }
    }
    if let Some(at) = marks.acknowledged.get(&of).filter(|at| **at < by.asked) {
        say(
            "offer-after-confirmed",
            format!("its confirmation was acknowledged at {at}"),
        );
    }
    broken
}

/// How an offer is outside of the device's wave, if it is.
fn outside_wave(by: &Exchange, rollout: &Told) -> Option<(&'static str, String)> {
    let Some(wave) = rollout.waves.get(&by.device) else {
        return Some(("offer-not-enrolled", "it isn't in that rollout".to_owned()));
    };
    match rollout.opened.get(*wave).copied().flatten() {
        None => Some(("offer-before-wave", format!("wave {wave} never opened"))),
        Some(opened) if by.answered < opened => {
            let why = format!("wave {wave} opened at {opened}");
            Some(("offer-before-wave", why))
        }
        Some(_) => None,
    }
}

fn rule_of(stop: StopKind) -> &'static str {
    match stop {
        StopKind::Halt => "offer-after-halt",
        StopKind::Hold => "offer-during-hold",
        StopKind::Pause => "offer-during-pause",
    }
}

/// Whether nothing may be offered in this exchange any more. One that was answered after the end was asked may have been asked of a server that knew of it.
fn forbids(stop: &Stop, by: &Exchange, had_begun: bool) -> bool {
    let is_later = by.asked > stop.acknowledged;
    let is_over = stop.ends.is_some_and(|ends| by.answered >= ends);
    let goes_on = stop.kind == StopKind::Pause && had_begun;
    is_later && !is_over && !goes_on
}

fn judge_reports(seen: &Seen, truth: &Truth) -> Vec<Broken> {
    let mut acknowledged: BTreeMap<(DeviceNumber, Event), Vec<&Exchange>> = BTreeMap::new();
    for one in &seen.acknowledged {
        let same = acknowledged.entry((one.by.device, one.event));
        same.or_default().push(&one.by);
    }
    let mut sent: BTreeMap<(DeviceNumber, Event), usize> = BTreeMap::new();
    for one in &seen.sent {
        *sent.entry((one.device, one.event)).or_default() += 1;
    }
    let mut broken = Vec::new();
    for ((device, event), by) in &acknowledged {
        let kept = truth.devices.get(*device);
        let times = kept.map_or(0, |kept| times(kept, event.0, event.1));
        let sent = sent.get(&(*device, *event)).copied().unwrap_or(by.len());
        let rule = if times < by.len() {
            "report-lost"
        } else if times > sent {
            "report-twice"
        } else {
            continue;
        };
        let last = by.last().map(|by| told(by)).unwrap_or_default();
        let what = format!(
            "{last} had `{}` of {} acknowledged {} times and sent it {sent} times, and it is there {times} times",
            event.0,
            RELEASES[event.1],
            by.len()
        );
        broken.push(Broken::new(rule, what));
    }
    broken
}

fn times(kept: &Kept, kind: &str, release: ReleaseNumber) -> usize {
    let same = |(name, of): &&(String, ReleaseNumber)| name == kind && *of == release;
    kept.events.iter().filter(same).count()
}

fn judge_counts(seen: &Seen, truth: &Truth, marks: &Marks) -> Vec<Broken> {
    let mut broken = Vec::new();
    for rollout in &truth.rollouts {
        let (release, version) = (rollout.release, RELEASES[rollout.release]);
        let unconfirmed = rollout.updated.iter().filter(|device| {
            !truth.real.contains(*device) && !marks.confirmed.contains_key(&(**device, release))
        });
        broken.extend(unconfirmed.map(|device| {
            let what =
                format!("device {device} counts as updated to {version} and never confirmed it");
            Broken::new("counted-unconfirmed", what)
        }));
        if rollout.ending != Ending::Complete {
            // Who runs what was halted counts as somebody who has to go back.
            continue;
        }
        let confirmed = marks
            .acknowledged
            .iter()
            .filter(|((_, of), _)| *of == release);
        let uncounted = confirmed.filter(|((device, _), _)| !rollout.updated.contains(device));
        broken.extend(uncounted.map(|((device, _), at)| {
            let what = format!("device {device} doesn't count as updated to {version}; its confirmation was acknowledged at {at}");
            Broken::new("confirmed-uncounted", what)
        }));
        if rollout.updated_by_api != rollout.updated.len() {
            let (api, store) = (rollout.updated_by_api, rollout.updated.len());
            let what =
                format!("the API counts {api} devices updated to {version}, and the store {store}");
            broken.push(Broken::new("confirmed-uncounted", what));
        }
    }
    broken.extend(counted_early(seen, truth, marks));
    broken
}

/// Counts of more devices than had begun to send their confirmation. What real cores sent isn't noted: each of them may have.
fn counted_early(seen: &Seen, truth: &Truth, marks: &Marks) -> Vec<Broken> {
    let early = seen.counts.iter().filter_map(|count| {
        let by_then = |((_, of), at): &(&(DeviceNumber, ReleaseNumber), &Timestamp)| {
            *of == count.release && **at <= count.at
        };
        let sent = marks.confirmed.iter().filter(by_then).count() + truth.real.len();
        (count.updated > sent).then(|| {
            let what = format!(
                "replica {} counted {} devices updated to {} by {}, and at most {sent} had sent a confirmation",
                count.replica, count.updated, RELEASES[count.release], count.at
            );
            Broken::new("counted-unconfirmed", what)
        })
    });
    early.collect()
}

fn judge_devices(truth: &Truth) -> Vec<Broken> {
    let both = truth.devices.iter().zip(&truth.really_run).enumerate();
    let otherwise = both.filter_map(|(device, (kept, runs))| {
        let (by_store, by_api, runs) = (kept.runs, kept.runs_by_api, (*runs)?);
        (by_store != Some(runs) || by_api != Some(runs)).then(|| {
            let version =
                |release: Option<ReleaseNumber>| release.map_or("nothing", |it| RELEASES[it]);
            let what = format!(
                "device {device} runs {}; the store says {}, the API {}",
                RELEASES[runs],
                version(by_store),
                version(by_api)
            );
            Broken::new("runs-otherwise", what)
        })
    });
    otherwise.collect()
}

fn judge_ending((release, ending): (ReleaseNumber, Ending), truth: &Truth) -> Option<Broken> {
    let found = truth
        .rollout_of(release)
        .map_or(Ending::Neither, |told| told.ending);
    (found != ending && release != FACTORY).then(|| {
        let version = RELEASES[release];
        let what = format!("the rollout of {version} should be {ending:?} and is {found:?}");
        Broken::new("rollout-unfinished", what)
    })
}

fn told(by: &Exchange) -> String {
    let Exchange {
        device,
        replica,
        asked,
        answered,
    } = by;
    format!(
        "device {device}, which asked replica {replica} at {asked} and was answered at {answered},"
    )
}

#[cfg(test)]
mod tests;
