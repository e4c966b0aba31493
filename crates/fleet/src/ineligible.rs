//! Why a device isn't eligible for a release: each reason with its facts, an id and a sentence.

use core::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Why a device isn't eligible for a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ineligible", rename_all = "kebab-case")]
pub enum Ineligible {
    /// It is of another class.
    WrongClass {
        /// The device's class.
        class: String,
    },
    /// It is of a hardware revision that the class doesn't list any more.
    WrongHardware {
        /// The device's revision.
        hardware: String,
        /// Those of the class.
        listed: Vec<String>,
    },
    /// Security support of its class has ended, and the release is no emergency's.
    SupportEnded {
        /// The last day of it.
        last_day: Date,
        /// What owners move to, if the plan says.
        then: Option<String>,
    },
    /// Its boot loader, as it was declared, is too old for the class's releases.
    BootloaderTooOld {
        /// The device's version, as text.
        has: String,
        /// The oldest that is good enough.
        needs: String,
    },
    /// It has never said what it runs, so nobody knows what it would go back to.
    NeverSeen,
    /// It runs this release, or a newer one.
    AlreadyRuns {
        /// The version it runs.
        version: String,
    },
    /// It is trying out a release that it hasn't confirmed.
    OnTrial {
        /// The version on trial.
        version: String,
    },
    /// It hasn't reached a stepping stone on the way to the release.
    BehindStone {
        /// The version that it has to run first; a later one does as well.
        stone: String,
    },
}

impl Ineligible {
    /// The stable id.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::WrongClass { .. } => "fleet.wrong-class",
            Self::WrongHardware { .. } => "fleet.wrong-hardware",
            Self::SupportEnded { .. } => "fleet.support-ended",
            Self::BootloaderTooOld { .. } => "fleet.bootloader-too-old",
            Self::NeverSeen => "fleet.never-seen",
            Self::AlreadyRuns { .. } => "fleet.already-runs",
            Self::OnTrial { .. } => "fleet.on-trial",
            Self::BehindStone { .. } => "fleet.behind-stone",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::WrongClass { .. } => "give it a release of its own class",
            Self::WrongHardware { .. } => {
                "if its revision was declared wrongly, `mainstay device set` mends that; else give the class its revisions back: devices in the field know it by them"
            }
            Self::SupportEnded { .. } => {
                "only the hotfix track still reaches it; promise longer support in the plan, or let its owner move on"
            }
            Self::BootloaderTooOld { .. } => {
                "renew its boot loader, then say so with `mainstay device set ID --bootloader VERSION`"
            }
            Self::NeverSeen => "bring it online: it says what it runs when it first checks in",
            Self::AlreadyRuns { .. } => {
                "nothing to do; only a release with a higher sequence goes further"
            }
            Self::OnTrial { .. } => {
                "let it end its trial: it confirms the release, or goes back, by itself"
            }
            Self::BehindStone { .. } => {
                "roll out a release that is such a stepping stone first; `needs` in the plan's class names it"
            }
        }
    }
}

impl fmt::Display for Ineligible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongClass { class } => write!(f, "it is of class {class}"),
            Self::WrongHardware { hardware, listed } => {
                let listed = listed.join(", ");
                write!(
                    f,
                    "it is of hardware {hardware}, and its class lists {listed}"
                )
            }
            Self::SupportEnded { last_day, then } => {
                write!(f, "security support of its class ended on {last_day}")?;
                match then {
                    Some(then) => write!(f, "; its owner is to move to {then}"),
                    None => Ok(()),
                }
            }
            Self::BootloaderTooOld { has, needs } => {
                write!(f, "its boot loader {has} isn't {needs} or newer")
            }
            Self::NeverSeen => f.write_str("it has never said what it runs"),
            Self::AlreadyRuns { version } => write!(f, "it runs {version} already"),
            Self::OnTrial { version } => write!(f, "it is trying out {version}"),
            Self::BehindStone { stone } => write!(f, "it must run {stone} or later first"),
        }
    }
}
