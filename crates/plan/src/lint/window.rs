//! When devices update, and how many at once.

use super::{Broken, Case, Reason, Rule};
use crate::finding::Severity;

/// Fewest bytes per second for one download: a megabyte then takes about a quarter of an hour.
const BYTES_PER_DOWNLOAD_MIN: u64 = 1_000;

pub(crate) const FMP040: Rule = Rule {
    reason: Reason {
        id: "FMP040",
        why: "a fixed offset or an abbreviation is an hour off for half of the year",
        source: "IANA time zone database; 15 USC 260a",
    },
    severity: Severity::Error,
    statement: "Windows are local time in each device's own IANA zone; a plan names no zone and no \
         offset.",
    judge: found_while_reading,
};

pub(crate) const FMP041: Rule = Rule {
    reason: Reason {
        id: "FMP041",
        why: "one night a year 02:00 to 03:00 doesn't exist, and something happens then anyway",
        source: "15 USC 260a",
    },
    severity: Severity::Error,
    statement: "A window says what it does on the night when clocks jump over its start.",
    judge: found_while_reading,
};

/// A window that names a zone, or leaves its gap open, can't be read: the reader reports it.
fn found_while_reading(_: &Case<'_>) -> Vec<Broken> {
    Vec::new()
}

pub(crate) const FMP045: Rule = Rule {
    reason: Reason {
        id: "FMP045",
        why: "devices that all wake at the same minute bring down the servers they need",
        source: "ETSI EN 303 645 5.9",
    },
    severity: Severity::Error,
    statement: "Devices spread over their window, and downloads have a budget.",
    judge: spread,
};

/// Missing settings are found while reading; these are the ones that can't work.
fn spread(case: &Case<'_>) -> Vec<Broken> {
    let rollout = &case.plan.rollout;
    let mut broken = Vec::new();
    let window = jiff::SignedDuration::from_mins(i64::from(rollout.window.minutes()));
    if rollout.jitter >= window {
        let message = format!(
            "Devices wait up to {:#} in a window of {window:#}, so that some never begin.",
            rollout.jitter
        );
        broken.push(Broken::new(
            "rollout.jitter",
            message,
            "a jitter well below the window",
        ));
    }
    let limits = &rollout.limits;
    if limits.bytes_per_second / u64::from(limits.downloads.max(1)) < BYTES_PER_DOWNLOAD_MIN {
        let message = "A download gets less than 1 kB per second of the budget.".to_owned();
        let fix = "fewer downloads, or more bytes per second";
        broken.push(Broken::new("rollout.limit", message, fix).mild());
    }
    broken
}
