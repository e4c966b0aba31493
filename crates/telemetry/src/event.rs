//! A device's report, as the host keeps it: a refusal has its name, a revert its cause.
//!
//! Read [`DeviceEvent`]; [`Said`] is what a check-in tells beside its reports.

use mainstay_protocol::{BootReason, CheckIn, Event, RevertCause, SelfTest};
use mainstay_rollout::{FailureCause, ReleaseDigest};
use serde::{Deserialize, Serialize};

/// One thing that happened on a device. `release` is always the identity of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum DeviceEvent {
    /// The envelope was accepted, and the image is being fetched.
    DownloadStarted {
        /// Which.
        release: ReleaseDigest,
    },
    /// The device said no.
    Refused {
        /// To which.
        release: ReleaseDigest,
        /// The refusal's stable id.
        refusal: String,
    },
    /// The image is whole in its slot.
    Installed {
        /// Which.
        release: ReleaseDigest,
    },
    /// The device runs it on trial.
    TrialBooted {
        /// Which.
        release: ReleaseDigest,
    },
    /// The device keeps it.
    Confirmed {
        /// Which.
        release: ReleaseDigest,
    },
    /// The device gave it up and runs the earlier one again.
    Reverted {
        /// Which was given up.
        release: ReleaseDigest,
        /// Why.
        cause: FailureCause,
    },
    /// No image could be booted.
    EnteredSafeMode,
    /// The power went away while something was under way.
    PowerLost,
    /// The device wanted to install it, and couldn't.
    Failed {
        /// Which; zeros if it was about none.
        release: ReleaseDigest,
        /// The failure's stable id, such as `storage-full`.
        failure: String,
    },
}

impl DeviceEvent {
    /// The host's form of a report. `refusal_id` names a refusal's number (the `trust` crate does).
    pub fn of(event: &Event, refusal_id: impl FnOnce(u16) -> String) -> Self {
        let release = ReleaseDigest(event.manifest().map_or([0; 32], |manifest| manifest.0));
        match event {
            Event::DownloadStarted { .. } => Self::DownloadStarted { release },
            Event::Refused { refusal, .. } => Self::Refused {
                release,
                refusal: refusal_id(*refusal),
            },
            Event::Installed { .. } => Self::Installed { release },
            Event::TrialBooted { .. } => Self::TrialBooted { release },
            Event::Confirmed { .. } => Self::Confirmed { release },
            Event::Reverted { cause, .. } => Self::Reverted {
                release,
                cause: cause_of(*cause),
            },
            Event::EnteredSafeMode => Self::EnteredSafeMode,
            Event::PowerLost => Self::PowerLost,
            Event::Failed { cause, .. } => Self::Failed {
                release,
                failure: cause.id().to_owned(),
            },
        }
    }

    /// The release it is about, if it is about one.
    #[must_use]
    pub fn release(&self) -> Option<ReleaseDigest> {
        match self {
            Self::DownloadStarted { release }
            | Self::Refused { release, .. }
            | Self::Installed { release }
            | Self::TrialBooted { release }
            | Self::Confirmed { release }
            | Self::Reverted { release, .. }
            | Self::Failed { release, .. } => Some(*release),
            Self::EnteredSafeMode | Self::PowerLost => None,
        }
    }

    /// The stable id of its kind, such as `trial-booted`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::DownloadStarted { .. } => "download-started",
            Self::Refused { .. } => "refused",
            Self::Installed { .. } => "installed",
            Self::TrialBooted { .. } => "trial-booted",
            Self::Confirmed { .. } => "confirmed",
            Self::Reverted { .. } => "reverted",
            Self::EnteredSafeMode => "entered-safe-mode",
            Self::PowerLost => "power-lost",
            Self::Failed { .. } => "failed",
        }
    }

    /// The event as the end of "the device ...", with the release as `name`.
    #[must_use]
    pub fn phrase(&self, name: &str) -> String {
        match self {
            Self::DownloadStarted { .. } => format!("began to download {name}"),
            Self::Refused { refusal, .. } => format!("refused {name} ({refusal})"),
            Self::Installed { .. } => format!("installed {name}"),
            Self::TrialBooted { .. } => format!("booted {name} on trial"),
            Self::Confirmed { .. } => format!("confirmed {name}"),
            Self::Reverted { cause, .. } => format!("gave {name} up: it {}", cause.phrase()),
            Self::EnteredSafeMode => "found no image to boot and is in safe mode".to_owned(),
            Self::PowerLost => "lost its power".to_owned(),
            Self::Failed { failure, .. } => format!("couldn't install {name} ({failure})"),
        }
    }
}

fn cause_of(cause: RevertCause) -> FailureCause {
    match cause {
        RevertCause::SelfTest => FailureCause::SelfTest,
        RevertCause::Watchdog => FailureCause::WatchdogRevert,
        RevertCause::BootLimit => FailureCause::BootFailed,
        RevertCause::ImageInvalid => FailureCause::InstallFailed,
    }
}

/// What a device says of itself at a check-in, beside its reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The release that it runs.
    pub release: ReleaseDigest,
    /// Its sequence number.
    pub sequence: u64,
    /// Whether the device has confirmed it, or is still trying it out.
    pub confirmed: bool,
    /// Whether it runs nothing at all.
    pub safe_mode: bool,
    /// Whether it lost what it had confirmed, and runs what was left.
    pub last_resort: bool,
    /// Whether its self-test fails.
    pub unwell: bool,
}

impl Said {
    /// What `check_in` says.
    #[must_use]
    pub fn of(check_in: &CheckIn<'_>) -> Self {
        Self {
            release: ReleaseDigest(check_in.running.manifest.0),
            sequence: check_in.running.sequence,
            confirmed: check_in.running.confirmed,
            safe_mode: check_in.boot == BootReason::SafeMode,
            last_resort: check_in.boot == BootReason::LastResort,
            unwell: check_in.health.self_test == SelfTest::Failed,
        }
    }

    /// It as the end of "the device ...", with the release that it runs as `name`.
    #[must_use]
    pub fn phrase(&self, name: &str) -> String {
        if self.safe_mode {
            return "runs nothing, and is in safe mode".to_owned();
        }
        if name.is_empty() {
            return "runs nothing".to_owned();
        }
        let how = match self.confirmed {
            _ if self.last_resort => ", which was all that is left",
            true => "",
            false => " on trial",
        };
        let health = match self.unwell {
            true => ", and its self-test fails",
            false => "",
        };
        format!("runs {name}{how}{health}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_says_it_runs_is_one_phrase() {
        let well = Said {
            release: ReleaseDigest([2; 32]),
            sequence: 2,
            confirmed: true,
            safe_mode: false,
            last_resort: false,
            unwell: false,
        };
        let on_trial = Said {
            confirmed: false,
            ..well
        };
        let unwell = Said {
            unwell: true,
            ..well
        };
        let last = Said {
            last_resort: true,
            ..on_trial
        };
        let safe = Said {
            safe_mode: true,
            ..unwell
        };
        for (said, name, expected) in [
            (well, "1.1.0", "runs 1.1.0"),
            (on_trial, "1.1.0", "runs 1.1.0 on trial"),
            (unwell, "1.1.0", "runs 1.1.0, and its self-test fails"),
            (last, "1.1.0", "runs 1.1.0, which was all that is left"),
            (safe, "1.1.0", "runs nothing, and is in safe mode"),
            (on_trial, "", "runs nothing"),
        ] {
            assert_eq!(said.phrase(name), expected);
        }
    }
}
