//! What a preview assumes, said to whoever reads it. Read [`assumptions`].

use super::Premise;
use super::course::Lived;
use crate::score::{self, SILENT_POLLS};
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
        "Nobody halts or holds it, and the plan stays as it is.".to_owned(),
    ];
    if lived.asked.iter().any(Option::is_some) {
        sentences.push("Who is asked lets it go on at once.".to_owned());
    }
    if let Some(at) = lived.cut_short {
        sentences.push(format!(
            "It was followed until {at} and no further, because devices ask so often that it would have taken too long."
        ));
    }
    sentences
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
