//! The one vocabulary: why something waits, as sentences.
//!
//! API, pages, command line and report all print these; none makes its own. Read [`sentence`] for
//! a device, [`rollout`] for a rollout.

use jiff::Timestamp;
use mainstay_fleet::Ineligible;
use mainstay_plan as plan;

use crate::compared;
use crate::halt::HaltReason;
use crate::incident::{Common, Trait};
use crate::offer::Kind;
use crate::question::Question;
use crate::rollout::{Phase, Rollout};
pub use crate::subject::Subject;
use crate::tripwire::Trip;
use crate::wait::Wait;
use crate::wave::is_last;
use crate::words::{closed, devices, moment, percent, span, until, wave};

/// Why the device isn't updating to the rollout's candidate; or that there is nothing to update.
///
/// `th-0193 (thermo-v2, hardware B) runs 1.0.0 and isn't updating to 1.1.0, because its window
/// opens tonight, 01:00 America/Denver (in 6 h 12 min).`
#[must_use]
pub fn sentence(subject: &Subject<'_>, rollout: &Rollout, wait: &Wait, now: Timestamp) -> String {
    let version = &rollout.candidate.version;
    let runs = subject.runs();
    let clause = match wait {
        Wait::AlreadyRuns => format!("{runs}, so there is nothing to update"),
        Wait::Installing { since } => {
            let ago = span(now.duration_since(*since));
            format!("{runs} and has been installing {version} for {ago}")
        }
        Wait::OnTrial { until: end } => {
            format!("is trying {version}, and is judged {}", until(*end, now))
        }
        Wait::Returned => format!("{runs} again: {version} was halted, and it went back"),
        Wait::CannotReturn { why } => format!("{runs} and can't go back from {version}: {why}"),
        _ => {
            let because = reason(rollout, wait, now);
            format!("{runs} and isn't updating to {version}, because {because}")
        }
    };
    format!("{subject} {clause}.")
}

/// That the device gets the candidate, or is fetching it, or gets back what it ran: the sentence for an offer of this `kind`.
#[must_use]
pub fn offered(subject: &Subject<'_>, rollout: &Rollout, kind: Kind) -> String {
    let version = &rollout.candidate.version;
    let runs = subject.runs();
    match (kind, &rollout.phase) {
        (Kind::Return, Phase::Halted { .. }) => {
            format!("{subject} {runs} and is going back from {version}, which was halted.")
        }
        (Kind::Return, _) => format!(
            "{subject} {runs} and gets back what it ran before {version} at its next check-in."
        ),
        (Kind::Forward, _) => format!("{subject} {runs} and gets {version} at its next check-in."),
    }
}

/// That no rollout concerns the device.
#[must_use]
pub fn not_enrolled(subject: &Subject<'_>) -> String {
    let runs = subject.runs();
    format!("{subject} {runs}, and no rollout is under way for it.")
}

/// That the device isn't in the rollout of its class, because of what made it ineligible when that
/// started; none is known of one that has become eligible, or was registered, since, nor of one that the waves don't reach.
#[must_use]
pub fn not_drawn(
    subject: &Subject<'_>,
    rollout: &Rollout,
    ineligible: Option<&Ineligible>,
) -> String {
    let (runs, version) = (subject.runs(), &rollout.candidate.version);
    let because = ineligible.map_or_else(|| rollout.rules.left_out(), ToString::to_string);
    format!("{subject} {runs} and isn't in the rollout of {version}, because {because}.")
}

/// The `sentence` about a device at rest, and that only emergencies still reach it if its class
/// isn't `supported` any more.
#[must_use]
pub fn at_rest(sentence: String, supported: Result<(), Ineligible>) -> String {
    match supported {
        Ok(()) => sentence,
        Err(ended) => {
            format!("{sentence} Only the hotfix track still reaches it, because {ended}.")
        }
    }
}

/// What a person can do about it, as the end of "Next: ...".
#[must_use]
pub fn next(wait: &Wait) -> &'static str {
    match wait {
        Wait::NotEnrolled => "if it should be: the next release is drawn over all eligible devices",
        Wait::WaveNotOpen { .. }
        | Wait::WindowOpens { .. }
        | Wait::Jitter { .. }
        | Wait::Budget { .. }
        | Wait::Soak { .. }
        | Wait::Evidence { .. }
        | Wait::Comparison { .. }
        | Wait::Unsettled { .. }
        | Wait::Installing { .. }
        | Wait::OnTrial { .. }
        | Wait::AlreadyRuns
        | Wait::Complete
        | Wait::Returned => "nothing to do",
        Wait::Starting => "nothing to do; it begins by itself, and can be withdrawn",
        Wait::Withheld { because } => because.next(),
        Wait::Paused { .. } => {
            "operations lets it go on with `mainstay rollout resume NUMBER`; if the release is bad, anyone halts it"
        }
        Wait::BehindStone { .. } => "roll out a release that is such a stepping stone first",
        Wait::Prerequisite { .. } => {
            "bring the other class there; it goes on by itself then, and can be withdrawn until its first wave opens"
        }
        Wait::Withdrawn { .. } => "start it again when its time has come",
        Wait::Halted { .. } => "read the incident; what was learnt goes into a new release",
        Wait::Human { .. } => "look at what it names, then let it go on or halt it",
        Wait::Failed { .. } => "look at the device's timeline; it gets the next release",
        Wait::Refused { .. } => {
            "look the refusal up by its id and mend its cause; the device is asked again"
        }
        Wait::GaveUp { .. } => "bring the device back online; it gets the next release",
        Wait::CannotReturn { .. } => "it needs a release with a higher sequence, or a visit",
        Wait::UnknownZone { .. } => "declare its zone anew: `mainstay device set ID --zone ZONE`",
    }
}

/// Why the rollout isn't further, as a sentence.
#[must_use]
pub fn rollout(rollout: &Rollout, wait: &Wait, now: Timestamp) -> String {
    let version = &rollout.candidate.version;
    match wait {
        Wait::Complete => format!("{version} is complete."),
        Wait::Halted { reason } => format!("{version} is halted: {}.", halted(rollout, reason)),
        Wait::Withdrawn { who, why } => {
            format!(
                "{version} isn't rolled out, because {}.",
                withdrawn(who, why)
            )
        }
        _ => format!("{version} waits, because {}.", reason(rollout, wait, now)),
    }
}

/// The reason alone, as the end of "..., because ...".
#[must_use]
pub fn reason(rollout: &Rollout, wait: &Wait, now: Timestamp) -> String {
    let waves = &rollout.rules.waves;
    match wait {
        Wait::NotEnrolled => "it wasn't drawn for this rollout".to_owned(),
        Wait::WaveNotOpen { wave: own, open } => not_open(waves, *own, *open),
        Wait::Paused { since, who, why } => paused(*since, who, why, now),
        Wait::Starting => "its devices are being drawn".to_owned(),
        Wait::Prerequisite { unmet } => unmet.to_string(),
        Wait::WindowOpens { at, zone, because } => {
            let (moment, until) = (moment(*at, zone, now), until(*at, now));
            format!("its window opens {moment} ({until}){}", closed(because))
        }
        Wait::Jitter { until: end } => format!(
            "devices are spread over the window, and its turn comes {}",
            until(*end, now)
        ),
        Wait::Budget { in_flight, limit } => {
            format!("{in_flight} of {limit} allowed downloads are running")
        }
        Wait::Halted { reason } => format!("the rollout is halted: {}", halted(rollout, reason)),
        Wait::Soak { until: end } => {
            format!(
                "the wave has passed and rests; it ends {}",
                until(*end, now)
            )
        }
        Wait::Evidence {
            wave: index,
            scored,
            needed,
        } => format!(
            "{} has {scored} scored devices and needs {needed} if no further one fails",
            wave(waves, *index)
        ),
        Wait::Comparison {
            wave: index,
            pairs,
            planned,
        } => format!(
            "{} is compared with devices held back, and {pairs} of {planned} pairs are judged",
            wave(waves, *index)
        ),
        Wait::Unsettled {
            wave: index,
            devices,
        } => unsettled(rollout, *index, *devices),
        Wait::Human { question } => format!("a person must answer: {}", asked(rollout, question)),
        other => of_device(other, now),
    }
}

/// The reasons that lie in the device's own state.
fn of_device(wait: &Wait, now: Timestamp) -> String {
    match wait {
        Wait::Withheld { because } => because.reason(now),
        Wait::Withdrawn { who, why } => withdrawn(who, why),
        Wait::BehindStone { stone } => format!("it must run {stone} or later first"),
        Wait::Failed { cause } => format!("it {}", cause.clause()),
        Wait::Refused { refusal } => format!("it refused the release ({refusal})"),
        Wait::GaveUp { at } => format!(
            "it didn't begin in time and was given up {} ago",
            span(now.duration_since(*at))
        ),
        Wait::CannotReturn { why } => why.to_string(),
        Wait::UnknownZone { zone } => format!("its time zone {zone:?} isn't known"),
        Wait::Complete => "the rollout is complete".to_owned(),
        Wait::AlreadyRuns => "it runs it already".to_owned(),
        Wait::Returned => "it went back".to_owned(),
        Wait::OnTrial { until: end } => {
            format!("it is on trial and is judged {}", until(*end, now))
        }
        _ => "it is installing".to_owned(),
    }
}

/// Who took a rollout back, and why: the end of "..., because ...".
#[must_use]
pub fn withdrawn(who: &str, why: &str) -> String {
    format!("{who} withdrew its rollout before a wave opened: {why}")
}

/// Who paused a rollout, when and why: the end of "..., because ...".
#[must_use]
pub fn paused(since: Timestamp, who: &str, why: &str, now: Timestamp) -> String {
    let ago = span(now.duration_since(since));
    format!("{who} paused its rollout {ago} ago: {why}")
}

/// The last wave ends with every device of the rollout; an earlier one only with its own.
fn unsettled(rollout: &Rollout, index: usize, count: u32) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    let still = format!("{} {verb} still to be judged", devices(count));
    match is_last(rollout, index) {
        true => still,
        false => format!("{still} in {}", wave(&rollout.rules.waves, index)),
    }
}

fn not_open(waves: &[plan::Wave], own: usize, open: Option<usize>) -> String {
    let own = wave(waves, own);
    match open {
        Some(open) => format!("{own}, which it is in, opens after {}", wave(waves, open)),
        None => format!("{own}, which it is in, hasn't opened"),
    }
}

/// Why a rollout was halted, with its numbers, as the end of "halted: ...".
#[must_use]
pub fn halted(rollout: &Rollout, reason: &HaltReason) -> String {
    let rule = &rollout.rules.install;
    match reason {
        HaltReason::Sprt {
            wave: index,
            failures,
            scored,
        } => format!(
            "{failures} of the first {} scored in {} failed ({} % expected, {} % must halt)",
            devices(*scored),
            wave(&rollout.rules.waves, *index),
            rule.expect,
            rule.halt
        ),
        HaltReason::SoftWorse {
            wave: index,
            signal,
            found,
        } => compared::worse(&wave(&rollout.rules.waves, *index), *signal, found),
        HaltReason::Tripwire { trip } => tripped(trip),
        HaltReason::Person { who, why } => format!("{who} stopped it: {why}"),
        HaltReason::Revoked { why } => format!("it was revoked: {why}"),
    }
}

fn tripped(trip: &Trip) -> String {
    match trip {
        Trip::Bricks { bricks, limit } => {
            let verb = if *bricks == 1 { "runs" } else { "run" };
            let bricks = devices(*bricks);
            format!("{bricks} {verb} neither version any more (the plan stops at {limit})")
        }
        Trip::Stratum {
            hardware,
            failures,
            began,
            limit,
        } => format!(
            "{failures} of the {} of hardware {hardware} that began have failed (the plan stops at {limit})",
            devices(*began)
        ),
    }
}

/// What is asked of a person, as a sentence without its full stop.
#[must_use]
pub fn asked(rollout: &Rollout, question: &Question) -> String {
    let name = wave(&rollout.rules.waves, question.wave());
    match question {
        Question::Silence {
            silent, reachable, ..
        } => format!(
            "in {name} {silent} of {reachable} reachable devices ({}) fell silent after they began",
            percent(*silent, *reachable)
        ),
        Question::SilenceExcess { silences, .. } => compared::silent(&name, silences),
        Question::SoftUnclear { signals, .. } => compared::unclear(&name, signals),
        Question::Undecided {
            scored,
            failures,
            needed,
            ..
        } => {
            let rule = match needed {
                Some(needed) => format!("{needed} healthy ones and no failure would have passed"),
                None => "the declared rates make no test".to_owned(),
            };
            format!(
                "{name} ended undecided with {failures} failed of {} scored; {rule}",
                devices(*scored)
            )
        }
        Question::Promotion {
            healthy,
            failed,
            others,
            ..
        } => format!(
            "{name} has passed and rested ({healthy} healthy, {failed} failed, {others} neither), and as people's safety hangs on {}, a person opens what comes next",
            rollout.candidate.class
        ),
    }
}

/// What failing devices share: `every failing device is hardware B (6 of 6; B is 52 % of those
/// that ran it)`.
#[must_use]
pub fn shared(common: &Common) -> String {
    let Common {
        value,
        failing,
        ran_with,
        ran,
        ..
    } = common;
    let is = match common.kind {
        Trait::Hardware => "is hardware",
        Trait::Zone => "is in the zone",
        Trait::Site => "stands at the site",
        Trait::EarlierRelease => "came from the release",
    };
    let share = percent(*ran_with, *ran);
    let short = value
        .get(..12)
        .filter(|_| common.kind == Trait::EarlierRelease);
    let value = short.unwrap_or(value);
    format!(
        "every failing device {is} {value} ({failing} of {failing}; {value} is {share} of those that ran it)"
    )
}
