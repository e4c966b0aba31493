//! One report more: from how far a device had come to how far it has come.
//!
//! | from \ event | download started, installed | refused | trial booted | confirmed | reverted, failed | safe mode |
//! |---|---|---|---|---|---|---|
//! | waiting, promised | began | refused | on trial | confirmed | failed | |
//! | began | | refused | on trial | confirmed | failed | failed |
//! | refused | began | | on trial | confirmed | failed | failed (1) |
//! | on trial | | | | confirmed | failed | failed |
//! | confirmed | | | | | failed | failed |
//! | failed | | | | | | failed (2) |
//! | returning | | | | returned (3) | failed | failed |
//! | cannot return | | | | | failed | failed |
//! | returned | | | | | | |
//!
//! An empty field changes nothing, so that a repeated report changes nothing either. A lost report
//! costs nothing but its time: the instant of the next one stands in. (1) Only if it had begun: a
//! device that was never touched is not this rollout's failure. (2) A brick outdoes every milder
//! cause, and the device fails since that one. (3) If it is the release that it returns to; a late confirmation of the candidate changes
//! nothing.
//!
//! What a check-in says beside its reports changes this, see [`fold_said`]:
//!
//! | from \ says that it runs | the candidate, kept | ... and its self-test fails | the candidate, on trial | something older, kept or all that is left | something newer, kept | nothing (6) |
//! |---|---|---|---|---|---|---|
//! | waiting, promised | confirmed | failed | on trial | | | |
//! | began, refused (4) | confirmed | failed | on trial | | | failed |
//! | on trial | confirmed | failed | | failed | | failed |
//! | confirmed | | failed | | failed | | failed |
//! | failed | | | | | | failed (2) |
//! | returning | | | | returned (5) | returned | failed |
//! | cannot return | | | | returned | returned | failed |
//! | returned | | | | | | |
//!
//! (4) As (1), if it refused before it began and runs nothing. (5) If it is the release that it returns to. (6) In safe mode. It is nothing
//! new of a device that ran nothing when it was promised the candidate, until it has run that ([`is_its_doing`]).
//!
//! Read [`fold()`], then [`fold_said`].

use jiff::Timestamp;
use mainstay_rollout::{Candidate, FailureCause, Progress};

use crate::event::{DeviceEvent, Said};

/// The progress of a device after `event`, which the server heard at `at`.
///
/// The event is about the enrolment's candidate, about the release that the device is returning
/// to, or about none; the caller sees to that. Pure and total; folding the same event twice is
/// folding it once. Events come in the device's own order (their numbers rise); `at` is the
/// server's clock.
#[must_use]
pub fn fold(progress: Progress, event: &DeviceEvent, at: Timestamp) -> Progress {
    if is_way_back(&progress, event) {
        return match event {
            DeviceEvent::Confirmed { .. } => come_back(progress, at),
            _ => progress,
        };
    }
    match event {
        DeviceEvent::DownloadStarted { .. } | DeviceEvent::Installed { .. } => begin(progress, at),
        DeviceEvent::Refused { refusal, .. } => refuse(progress, refusal, at),
        DeviceEvent::TrialBooted { .. } => try_out(progress, at),
        DeviceEvent::Confirmed { .. } => confirm(progress, at),
        DeviceEvent::Reverted { cause, .. } => fail(progress, *cause, at),
        DeviceEvent::EnteredSafeMode => brick(progress, at),
        DeviceEvent::PowerLost => progress,
        DeviceEvent::Failed { .. } => fail(progress, FailureCause::InstallFailed, at),
    }
}

/// The progress of a device after what its check-in `said`, folded after the check-in's reports.
///
/// It makes up for reports that never came. A device that runs the candidate has booted it. One
/// that tried or kept the candidate and now runs something older, though nobody told it to, has
/// gone back without a word: a silent revert is a failure, however long it was well before. So is
/// a self-test that fails on a device which kept the candidate: no trial judges it any more, and
/// nobody but us hears of it.
#[must_use]
pub fn fold_said(
    progress: Progress,
    candidate: &Candidate,
    said: &Said,
    at: Timestamp,
) -> Progress {
    let of_it = said.release == candidate.release;
    let is_older = said.sequence < candidate.sequence;
    match said.confirmed {
        _ if said.safe_mode => brick(progress, at),
        true if of_it && said.unwell => sicken(confirm(progress, at), at),
        true if of_it => confirm(progress, at),
        false if of_it => try_out(progress, at),
        kept if is_older && (kept || said.last_resort) => run_older(progress, said, at),
        true if said.sequence > candidate.sequence => go_past(progress, at),
        _ => progress,
    }
}

/// Whether safe mode tells something of the candidate: not on a device that ran nothing at all when it was promised that (`ran_nothing`),
/// and hasn't said that it ran it since; what it was told to go back from, it may never have run.
#[must_use]
pub fn is_its_doing(progress: &Progress, ran_nothing: bool) -> bool {
    let went = matches!(
        progress,
        Progress::Returning { .. } | Progress::CannotReturn { .. }
    );
    !ran_nothing || progress.ran_it() && !went
}

fn is_way_back(progress: &Progress, event: &DeviceEvent) -> bool {
    matches!(progress, Progress::Returning { to, .. } if event.release() == Some(**to))
}

fn begin(progress: Progress, at: Timestamp) -> Progress {
    match progress {
        Progress::Waiting | Progress::Promised { .. } => Progress::Began { at },
        Progress::Refused { began, .. } => Progress::Began {
            at: began.unwrap_or(at),
        },
        later => later,
    }
}

fn refuse(progress: Progress, refusal: &str, at: Timestamp) -> Progress {
    match progress {
        Progress::Waiting | Progress::Promised { .. } | Progress::Began { .. } => {
            Progress::Refused {
                began: progress.began(),
                at,
                refusal: refusal.into(),
            }
        }
        later => later,
    }
}

fn try_out(progress: Progress, at: Timestamp) -> Progress {
    match progress {
        Progress::Waiting
        | Progress::Promised { .. }
        | Progress::Began { .. }
        | Progress::Refused { .. } => Progress::OnTrial {
            began: progress.began().unwrap_or(at),
            booted: at,
        },
        later => later,
    }
}

fn confirm(progress: Progress, at: Timestamp) -> Progress {
    match try_out(progress, at) {
        Progress::OnTrial { began, booted } => Progress::Confirmed { began, booted, at },
        later => later,
    }
}

fn fail(progress: Progress, cause: FailureCause, at: Timestamp) -> Progress {
    match progress {
        Progress::Failed { .. } | Progress::Returned { .. } => progress,
        earlier => Progress::Failed {
            began: earlier.began().unwrap_or(at),
            at,
            cause,
        },
    }
}

fn brick(progress: Progress, at: Timestamp) -> Progress {
    let cause = match progress {
        Progress::Confirmed { .. } => FailureCause::Lost,
        Progress::Failed {
            cause: FailureCause::SelfTestLater | FailureCause::Lost,
            ..
        } => FailureCause::Lost,
        _ => FailureCause::Bricked,
    };
    match progress {
        Progress::Failed { began, at, .. } => Progress::Failed { began, at, cause },
        _ if progress.began().is_none() => progress,
        touched => fail(touched, cause, at),
    }
}

fn come_back(progress: Progress, at: Timestamp) -> Progress {
    match progress {
        Progress::Returning { began, .. } | Progress::CannotReturn { began, .. } => {
            Progress::Returned { began, at }
        }
        other => other,
    }
}

/// A device that was to go back and has a newer release instead needs the way back no more.
fn go_past(progress: Progress, at: Timestamp) -> Progress {
    match progress {
        Progress::Returning { .. } | Progress::CannotReturn { .. } => come_back(progress, at),
        other => other,
    }
}

/// On its way back a device has arrived, by whichever way; otherwise nobody told it to go.
fn run_older(progress: Progress, said: &Said, at: Timestamp) -> Progress {
    match progress {
        Progress::OnTrial { .. } | Progress::Confirmed { .. } => {
            fail(progress, FailureCause::WentBack, at)
        }
        Progress::Returning { ref to, .. } if *to != said.release => progress,
        other => come_back(other, at),
    }
}

/// A device that is on its way back is to be healed by that.
fn sicken(progress: Progress, at: Timestamp) -> Progress {
    match progress {
        Progress::Confirmed { .. } => fail(progress, FailureCause::SelfTestLater, at),
        other => other,
    }
}
