//! What withholds a release that its rollout would offer: a hold, a revocation, a missing word.
//!
//! A rollout decides on its devices alone and knows none of this. Whoever makes its offer known asks
//! here what to call the reason, and in which words. Read [`Withheld`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::words::{span, until};

/// Why a release isn't offered although its rollout would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "withheld", rename_all = "kebab-case")]
pub enum Withheld {
    /// One person put it on hold.
    Held {
        /// Since when.
        since: Timestamp,
        /// Who, by address.
        who: String,
        /// In their words.
        why: String,
    },
    /// Every device would refuse it as things stand.
    Refused {
        /// The refusal's stable id.
        refusal: String,
    },
    /// The root lets people revoke, and they have said nothing yet.
    RevocationsMissing,
    /// What people last revoked was good until a moment that has passed.
    RevocationsStale {
        /// When it passed.
        since: Timestamp,
    },
    /// The class installs nothing without a schedule, and there is none.
    Unscheduled,
    /// Every device would refuse the schedule by now, such as one whose signer's key was taken away.
    ScheduleRefused {
        /// The refusal's stable id.
        refusal: String,
    },
    /// The schedule hasn't begun.
    ScheduleOpens {
        /// When it does.
        at: Timestamp,
    },
    /// The schedule is over.
    ScheduleOver {
        /// Since when.
        since: Timestamp,
    },
    /// The device lies outside the share that the schedule allows.
    OutsideShare {
        /// In hundredths of a percent of all devices.
        share: u16,
    },
    /// A device of ours in this one's place would refuse it; this one's client installs what it is shown.
    Unfit {
        /// The refusal's stable id.
        refusal: String,
    },
    /// The server has no such release.
    NotHere,
    /// It went wrong with the device's client, and is ordered again after a while.
    AfterAWhile {
        /// When.
        at: Timestamp,
    },
    /// The device's client can't be told of it.
    Unspeakable {
        /// The reason's stable id, such as `ddi.not-measured`.
        reason: String,
    },
}

impl Withheld {
    /// The reason, as the end of "..., because ...".
    #[must_use]
    pub fn reason(&self, now: Timestamp) -> String {
        let ago = |since: &Timestamp| format!("{} ago", span(now.duration_since(*since)));
        match self {
            Self::Held { since, who, why } => {
                format!("{who} put it on hold {}: {why}", ago(since))
            }
            Self::Refused { refusal } => format!("every device would refuse it ({refusal})"),
            Self::RevocationsMissing => {
                "the root's keepers have published no revocations, and devices wait for them"
                    .to_owned()
            }
            Self::RevocationsStale { since } => {
                format!("the revocations' next update was due {}", ago(since))
            }
            Self::Unscheduled => "operations hasn't signed a schedule".to_owned(),
            Self::ScheduleRefused { refusal } => {
                format!("every device would refuse the schedule that operations signed ({refusal})")
            }
            Self::ScheduleOpens { at } => {
                format!(
                    "the schedule that operations signed begins {}",
                    until(*at, now)
                )
            }
            Self::ScheduleOver { since } => {
                format!("the schedule that operations signed ended {}", ago(since))
            }
            Self::OutsideShare { share } => format!(
                "operations' schedule lets only {}.{:02} % of the devices install it, and this isn't one of them",
                share / 100,
                share % 100
            ),
            Self::Unfit { refusal } => {
                format!("a device that checks what it installs would refuse it here ({refusal})")
            }
            Self::NotHere => "this server doesn't have it".to_owned(),
            Self::AfterAWhile { at } => {
                format!(
                    "its client couldn't install it the last time, and is told again {}",
                    until(*at, now)
                )
            }
            Self::Unspeakable { reason } => {
                format!("its client can't be told of the file ({reason})")
            }
        }
    }

    /// What a person can do about it, as the end of "Next: ...".
    #[must_use]
    pub fn next(&self) -> &'static str {
        match self {
            Self::Held { .. } => {
                "find out what is wrong; two people release the hold, or revoke the release"
            }
            Self::Refused { .. } => {
                "look the refusal up by its id; a revoked release is replaced by a new one"
            }
            Self::RevocationsMissing | Self::RevocationsStale { .. } => {
                "the holders of role revocation sign a new document; publish it with `mainstay revoke publish FILE`"
            }
            Self::Unscheduled | Self::ScheduleRefused { .. } | Self::ScheduleOver { .. } => {
                "operations signs a schedule; publish it with `mainstay schedule publish FILE`"
            }
            Self::ScheduleOpens { .. } => "nothing to do",
            Self::OutsideShare { .. } => {
                "when the devices before it are well, operations signs a schedule with a larger share"
            }
            Self::Unfit { .. } => {
                "nothing, if it runs something newer; a boot loader is renewed, and declared with `mainstay device set ID --bootloader VERSION`"
            }
            Self::NotHere => "hand the release in again",
            Self::AfterAWhile { .. } => "look at what its client reported, on the device's page",
            Self::Unspeakable { .. } => "look the reason up by its id",
        }
    }
}
