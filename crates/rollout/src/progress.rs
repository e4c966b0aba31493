//! How far one enrolled device has come with the candidate, with the facts of that stage.
//!
//! The telemetry crate folds device reports into it, the store keeps it. Nothing here decides.
//! Read [`Progress`] first. All instants are the server's, not the device's: a device's clock may
//! be wrong by years.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::label::SharedDigest;
use crate::returns::CannotReturn;

/// How far one enrolled device has come. A step has one for each device in memory, so what is long and rare lies elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Progress {
    /// Enrolled; nothing was offered yet.
    Waiting,
    /// An offer was made and is durable; the device hasn't begun.
    Promised {
        /// When the offer was made.
        at: Timestamp,
    },
    /// The device has begun to fetch the image. From here on it counts in the statistics.
    Began {
        /// When it began.
        at: Timestamp,
    },
    /// The device said no, with its reason.
    Refused {
        /// When it began to install, if it had; then the refusal counts as a failed install.
        began: Option<Timestamp>,
        /// When it refused.
        at: Timestamp,
        /// The refusal's stable id, such as `trust.below-floor`.
        refusal: Box<str>,
    },
    /// The device has booted the candidate and hasn't decided on it yet.
    OnTrial {
        /// When it began to install.
        began: Timestamp,
        /// When it first said that it had booted the candidate.
        booted: Timestamp,
    },
    /// The device booted the candidate, found itself healthy, and said so.
    Confirmed {
        /// When it began to install.
        began: Timestamp,
        /// When it booted the candidate (when it confirmed, if the earlier report was lost).
        booted: Timestamp,
        /// When it confirmed.
        at: Timestamp,
    },
    /// The candidate failed on this device.
    Failed {
        /// When it began to install.
        began: Timestamp,
        /// When the first failure became known.
        at: Timestamp,
        /// What failed.
        cause: FailureCause,
    },
    /// The device was told to go back and hasn't said that it did.
    Returning {
        /// When it had begun to install the candidate.
        began: Timestamp,
        /// When the return was decided.
        at: Timestamp,
        /// The release it goes back to.
        to: SharedDigest,
    },
    /// The device runs its earlier release again, or a newer one than the candidate, and said so.
    Returned {
        /// When it had begun to install the candidate.
        began: Timestamp,
        /// When it said that.
        at: Timestamp,
    },
    /// The device runs a halted candidate, and no signed way leads back.
    CannotReturn {
        /// When it had begun to install the candidate.
        began: Timestamp,
        /// When that was found.
        at: Timestamp,
        /// Why not.
        why: Box<CannotReturn>,
    },
}

/// What failed on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCause {
    /// The new version found itself unhealthy and went back.
    SelfTest,
    /// The new version stopped answering and the watchdog sent the device back.
    WatchdogRevert,
    /// The new version never booted far enough to judge itself.
    BootFailed,
    /// The device runs neither version any more.
    Bricked,
    /// It was kept, and the device lost it later, with everything else that it could run.
    Lost,
    /// The image never became bootable: a refused or damaged payload.
    InstallFailed,
    /// It was kept, and its self-test failed later. The device still runs it.
    SelfTestLater,
    /// It was tried or kept, and the device runs an older version since, without a report of why.
    WentBack,
}

impl FailureCause {
    /// The stable id, such as `self-test`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::SelfTest => "self-test",
            Self::WatchdogRevert => "watchdog-revert",
            Self::BootFailed => "boot-failed",
            Self::Bricked => "bricked",
            Self::Lost => "lost",
            Self::InstallFailed => "install-failed",
            Self::SelfTestLater => "self-test-later",
            Self::WentBack => "went-back",
        }
    }

    /// The cause as the end of "the device ...": "failed its self-test and went back".
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::SelfTest => "failed its self-test and went back",
            Self::WatchdogRevert => "stopped answering and was sent back by its watchdog",
            Self::BootFailed => "couldn't boot the new version and went back",
            Self::Bricked => "runs neither version any more",
            Self::Lost => "lost it after it had confirmed, and runs nothing",
            Self::InstallFailed => "couldn't install the image",
            Self::SelfTestLater => "failed its self-test after it had confirmed",
            Self::WentBack => "went back to an older version without a word",
        }
    }

    /// The cause as the end of "it ...", said of a device that a rollout has tried to update.
    #[must_use]
    pub fn clause(self) -> String {
        match self {
            Self::SelfTestLater | Self::WentBack | Self::Lost => self.phrase().to_owned(),
            _ => format!("{} when it tried", self.phrase()),
        }
    }
}

impl Progress {
    /// When the device began to install, if it did: the moment that orders the statistics.
    #[must_use]
    pub fn began(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting | Self::Promised { .. } => None,
            Self::Began { at } => Some(*at),
            Self::Refused { began, .. } => *began,
            Self::OnTrial { began, .. }
            | Self::Confirmed { began, .. }
            | Self::Failed { began, .. }
            | Self::Returning { began, .. }
            | Self::Returned { began, .. }
            | Self::CannotReturn { began, .. } => Some(*began),
        }
    }

    /// Whether the device has run the candidate, be it for one failed boot.
    #[must_use]
    pub fn ran_it(&self) -> bool {
        match self {
            Self::Waiting | Self::Promised { .. } | Self::Began { .. } | Self::Refused { .. } => {
                false
            }
            Self::Failed { cause, .. } => *cause != FailureCause::InstallFailed,
            Self::OnTrial { .. }
            | Self::Confirmed { .. }
            | Self::Returning { .. }
            | Self::Returned { .. }
            | Self::CannotReturn { .. } => true,
        }
    }

    /// The failure that is known, with its instant. A refusal after it began is a failed install.
    #[must_use]
    pub fn failure(&self) -> Option<(Timestamp, FailureCause)> {
        match self {
            Self::Failed { at, cause, .. } => Some((*at, *cause)),
            Self::Refused {
                began: Some(_), at, ..
            } => Some((*at, FailureCause::InstallFailed)),
            _ => None,
        }
    }

    /// Whether the device kept the candidate, and lost it later with all else: it takes nothing older any more.
    #[must_use]
    pub fn lost_it(&self) -> bool {
        let cause = FailureCause::Lost;
        matches!(self, Self::Failed { cause: known, .. } if *known == cause)
    }

    /// The stable id of the state, such as `on-trial`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Promised { .. } => "promised",
            Self::Began { .. } => "began",
            Self::Refused { .. } => "refused",
            Self::OnTrial { .. } => "on-trial",
            Self::Confirmed { .. } => "confirmed",
            Self::Failed { .. } => "failed",
            Self::Returning { .. } => "returning",
            Self::Returned { .. } => "returned",
            Self::CannotReturn { .. } => "cannot-return",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{OLD, at};

    /// Three instants and which state it is: a step has one of these for each device in memory.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn it_takes_little_room() {
        assert!(size_of::<Progress>() <= 56, "{}", size_of::<Progress>());
    }

    /// Databases keep it like this, and servers of other versions read it.
    #[test]
    fn it_is_written_as_if_everything_lay_in_it() {
        let (began, at) = (at(0), at(1));
        let when = format!(r#""began":"{began}","at":"{at}""#);
        for (progress, expected) in [
            (
                Progress::Refused {
                    began: Some(began),
                    at,
                    refusal: "trust.held".into(),
                },
                format!(r#"{{"state":"refused",{when},"refusal":"trust.held"}}"#),
            ),
            (
                Progress::Returning {
                    began,
                    at,
                    to: OLD.into(),
                },
                format!(r#"{{"state":"returning",{when},"to":"{OLD}"}}"#),
            ),
            (
                Progress::CannotReturn {
                    began,
                    at,
                    why: CannotReturn::NotSigned { before: OLD }.into(),
                },
                format!(
                    r#"{{"state":"cannot-return",{when},"why":{{"why":"not-signed","before":"{OLD}"}}}}"#
                ),
            ),
        ] {
            let written = serde_json::to_string(&progress).expect("it can be written");
            assert_eq!(written, expected);
            let read: Progress = serde_json::from_str(&written).expect("it can be read");
            assert_eq!(read, progress);
        }
    }
}
