//! Making durable what a client said or did about an order, with what that tells the rollout. Read [`heed`].

use jiff::Timestamp;
use mainstay_fleet::{ReleaseDigest, Running};
use mainstay_rollout::order::log::LogEntry;
use mainstay_rollout::order::{
    BROKE_OFF, CLOSED_WITHOUT_DOWNLOAD, FAILED_WITHOUT_DOWNLOAD, Order, OrderNumber, Told, Word,
};
use mainstay_rollout::{Candidate, Kind, Progress};
use mainstay_store::{HeardWord, Heeded, Known};
use mainstay_telemetry::{DeviceEvent, Said, event_of};

use super::login::Client;
use crate::App;
use crate::device_protocol::reported;
use crate::problem::Refused;

/// What was heard about an order.
#[derive(Debug)]
pub(super) struct Spoken<'a> {
    /// What it means.
    pub word: Word,
    /// How the client put it, if it spoke.
    pub entry: Option<&'a LogEntry>,
    /// What the device said that it runs, if that was it.
    pub runs: Option<(&'a Running, Said)>,
}

impl Spoken<'_> {
    /// What was seen, without the client's saying it.
    pub fn silently(word: Word) -> Self {
        Self {
            word,
            entry: None,
            runs: None,
        }
    }
}

/// Keeps it in one transaction: the order, its log, the device, and its progress in its rollouts.
///
/// # Errors
/// If the order refuses the word, or the device has no such order, or the store fails.
pub(super) async fn heed(
    app: &App,
    client: &Client,
    number: OrderNumber,
    spoken: Spoken<'_>,
) -> Result<Heeded, Refused> {
    let heard = HeardWord {
        device: &client.device.id,
        number,
        word: spoken.word,
        entry: spoken.entry,
        running: spoken.runs.map(|(running, _)| running),
        at: client.now,
    };
    let said = spoken.runs.map(|(_, said)| said);
    let runs = client
        .device
        .running
        .as_ref()
        .map(|running| running.release);
    let at = client.now;
    let fold = move |heeded: &Heeded, candidate: &Candidate, progress: Progress, known: Known| {
        folded(heeded, runs, said.as_ref(), candidate, progress, known, at)
    };
    Ok(app.store.heed(&heard, &fold).await?)
}

/// The progress after the order's news; `runs` is what the device is known to run.
fn folded(
    heeded: &Heeded,
    runs: Option<ReleaseDigest>,
    said: Option<&Said>,
    candidate: &Candidate,
    progress: Progress,
    known: Known,
    at: Timestamp,
) -> Progress {
    let release = heeded.order.offer.release;
    let progress = left_off(heeded, runs, candidate, progress);
    let event = |told: &Told| match told {
        Told::Stopped => stopped(&progress, runs),
        Told::Refused { refusal } if began_before(&progress, refusal) => None,
        told => event_of(*told, release),
    };
    let events: Vec<_> = heeded.told.iter().filter_map(event).collect();
    reported::folded(&events, said, candidate, progress, known, at)
}

/// The progress of a device that had begun with the candidate, and whose client has left off and has nothing of it: no more than before it began. Its
/// horizon would come, and it would count as one on which the candidate did something. One that had all of it may have installed it before it left, and may
/// be about to restart into it: it keeps what it has, until it says what it runs ([`super::version`]) or is silent at its horizon.
fn left_off(
    heeded: &Heeded,
    runs: Option<ReleaseDigest>,
    candidate: &Candidate,
    progress: Progress,
) -> Progress {
    let Progress::Began { at } = progress else {
        return progress;
    };
    let is_it = |order: &Order| {
        order.offer.release == candidate.release && order.offer.kind == Kind::Forward
    };
    if !is_it(&heeded.order) || runs == Some(candidate.release) {
        return progress;
    }
    match heeded.told[..] {
        [Told::Stopped] if !heeded.order.seen.whole => Progress::Waiting,
        [Told::Refused { refusal: BROKE_OFF }] => Progress::Promised { at },
        _ => progress,
    }
}

/// Whether a client that has fetched nothing of this order began with an earlier one: that it did nothing now is no failure of the release.
fn began_before(progress: &Progress, refusal: &str) -> bool {
    let without_download = [CLOSED_WITHOUT_DOWNLOAD, FAILED_WITHOUT_DOWNLOAD].contains(&refusal);
    without_download && matches!(progress, Progress::Began { .. })
}

/// A client left what it was asked to leave, and the device runs what it ran. That tells its rollout nothing new, unless it was to go back to just
/// that: it is there.
fn stopped(progress: &Progress, runs: Option<ReleaseDigest>) -> Option<DeviceEvent> {
    match progress {
        Progress::Returning { to, .. } if runs == Some(**to) => {
            Some(DeviceEvent::Confirmed { release: **to })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_began_with_an_earlier_order_has_not_failed_by_this_one() {
        let at = Timestamp::UNIX_EPOCH;
        for (progress, refusal, expected) in [
            (Progress::Began { at }, CLOSED_WITHOUT_DOWNLOAD, true),
            (Progress::Began { at }, FAILED_WITHOUT_DOWNLOAD, true),
            (Progress::Began { at }, "ddi.cancelled", false),
            (Progress::Promised { at }, CLOSED_WITHOUT_DOWNLOAD, false),
        ] {
            assert_eq!(
                began_before(&progress, refusal),
                expected,
                "{progress:?} {refusal}"
            );
        }
    }

    #[test]
    fn who_stops_before_it_began_is_back_where_it_is_told_to_go() {
        let (new, old) = (ReleaseDigest([2; 32]), ReleaseDigest([1; 32]));
        let at = Timestamp::UNIX_EPOCH;
        let returning = Progress::Returning {
            began: at,
            at,
            to: old.into(),
        };
        let began = Progress::Began { at };
        for (progress, runs, id) in [
            (&returning, Some(old), Some("confirmed")),
            (&returning, Some(new), None),
            (&returning, None, None),
            (&began, Some(old), None),
        ] {
            let event = stopped(progress, runs);
            assert_eq!(event.map(|event| event.id()), id, "{progress:?}");
        }
    }
}
