//! What a preview assumes, said to whoever reads it. Read [`assumptions`].

use mainstay_plan::{Prerequisite, Unit};

use super::Premise;
use super::course::{End, Lived};
use crate::rollout::Phase;
use crate::score::{self, SILENT_POLLS};
use crate::why;
use crate::words::span;

/// The assumptions, a sentence each.
pub(super) fn assumptions(premise: &Premise<'_>, lived: &Lived) -> Vec<String> {
    let poll = premise.rules.poll;
    let mut sentences = vec![
        "The release is good: every device that is reached installs it and confirms.".to_owned(),
        format!(
            "A device that hasn't been heard of for {} ({SILENT_POLLS} polls) stays out of reach; every other one asks each {}, and when its turn comes.",
            span(score::silence(poll)),
            span(poll),
        ),
        pace(premise),
        format!(
            "Canary and waves are drawn by the seed {}; the rollout draws its own, so single devices may be in other waves.",
            premise.seed
        ),
        "Nobody halts it, the plan stays as it is, and no other rollout takes places for downloads."
            .to_owned(),
        "Nothing withholds it: no hold, no revocation, and where its class needs a schedule, that lets every device have it in its turn.".to_owned(),
        catches(premise),
    ];
    if lived.asked.iter().any(Option::is_some) {
        sentences.push("Who is asked lets it go on at once.".to_owned());
    }
    if !premise.rules.soft.is_empty() {
        sentences.push(
            "Nobody is held back to be compared: soft signals, and silence beside devices held back, may keep a wave from passing for longer, and aren't in it."
                .to_owned(),
        );
    }
    sentences.extend(premise.rules.prerequisites.iter().map(others));
    sentences.extend(end(lived));
    sentences
}

fn others(prerequisite: &Prerequisite) -> String {
    let Prerequisite {
        class,
        at_least,
        share_percent,
        ..
    } = prerequisite;
    let who = match share_percent {
        100 => "All devices".to_owned(),
        share => format!("{share} % of the devices"),
    };
    format!(
        "{who} of {class} run {at_least} or later when it starts; until they do, no wave opens."
    )
}

/// Why it isn't complete, if it isn't.
fn end(lived: &Lived) -> Option<String> {
    match (&lived.rollout.phase, lived.end) {
        (Phase::Complete { .. }, _) => None,
        (_, End::CutShort(at)) => Some(format!(
            "It was followed until {at} and no further: all of it would have taken too long."
        )),
        (Phase::Halted { reason, .. }, _) => Some(format!(
            "It isn't completed, as it halts: {}.",
            why::halted(&lived.rollout, reason)
        )),
        (_, End::Still(at)) => Some(format!(
            "It isn't completed: after {at} nothing comes that would move it on."
        )),
        (_, End::Over) => Some("It ends without being complete.".to_owned()),
    }
}

/// What the chances of the first wave rest on.
fn catches(premise: &Premise<'_>) -> String {
    let units = match premise.rules.install.unit {
        Unit::Device => "devices",
        Unit::Site => "sites",
    };
    format!(
        "What the first wave catches is reckoned for {units} that fail independently of each other and all come to be scored; the tripwire and the question about silent devices catch some more, and aren't in it."
    )
}

fn pace(premise: &Premise<'_>) -> String {
    let pace = &premise.pace;
    format!(
        "A device downloads {} bytes at {} bytes per second, in {}; it restarts in {} and confirms {} later.",
        pace.image_bytes,
        pace.bytes_per_second.max(1),
        span(pace.download()),
        span(pace.restart),
        span(pace.confirm),
    )
}
