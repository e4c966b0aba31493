//! Making durable what a device said.
//!
//! A check-in that brings no news (no report, the same release running and well, no reading that a rollout waits for) is only noted in
//! memory: it is the server's busiest traffic, and losing it loses nothing. Read [`keep`] first.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId, ReleaseDigest, Running};
use mainstay_protocol::{BootReason, CheckIn, Report};
use mainstay_rollout::{Candidate, Progress};
use mainstay_store::{Known, SaidThrough, StoredReport, Telling};
use mainstay_telemetry::{DeviceEvent, Said, fold, fold_said, is_its_doing};
use mainstay_trust::Refusal;
use mainstay_trust::manifest::VERSION_BYTES_MAX;

use crate::App;
use crate::asker::{self, Asker};
use crate::problem::Refused;
use crate::quiet::Speaking;
use crate::readings::{self, Heard};

/// What was kept of a check-in.
pub(super) struct Kept {
    /// The device as it is now known.
    pub device: Device,
    /// The number of its last durable report; 0 when nothing was recorded.
    pub acknowledged: u32,
    /// Whether it said something new.
    pub is_news: bool,
}

/// Keeps what a check-in says.
pub(super) async fn keep(
    app: &Arc<App>,
    asker: &Asker,
    mut device: Device,
    check_in: &CheckIn<'_>,
    now: Timestamp,
) -> Result<Kept, Refused> {
    let running = running(&device, check_in, now)?;
    let contact = app.contacts.with(&device.id);
    contact.feel(check_in, now);
    readings::count(app, &Heard::of(app, &device, now)).await?;
    let (said, reports) = (Said::of(check_in), &check_in.reports.0);
    let changed = device.running.as_ref() != Some(&running);
    let is_news = changed || said.safe_mode || said.unwell || !reports.is_empty();
    let acknowledged = if is_news {
        let _speaking = Speaking::of(app, asker.token);
        let through = asker.through.as_ref();
        record(
            app,
            (&device, through),
            Some((&running, said)),
            reports,
            now,
        )
        .await?
    } else {
        app.contacts.hear(&contact, now);
        0
    };
    readings::take(app, &device.id, &check_in.health, now).await?;
    device.running = Some(running);
    device.last_seen = Some(now);
    Ok(Kept {
        device,
        acknowledged,
        is_news,
    })
}

/// Records reports (and, at a check-in, what the device said of itself) in one transaction; returns
/// the number up to which they are durable. What a gateway brought is told as said `through` it.
pub(super) async fn record(
    app: &App,
    (device, through): (&Device, Option<&DeviceId>),
    said: Option<(&Running, Said)>,
    reports: &[Report],
    now: Timestamp,
) -> Result<u32, Refused> {
    if let Some(gateway) = through {
        asker::expect_still_its(app, gateway, &device.id).await?;
    }
    let read = |report: &Report| (report.seq, DeviceEvent::of(&report.event, refusal_id));
    let news = News {
        events: reports.iter().map(read).collect(),
        said: said.map(|(_, said)| said),
        at: now,
    };
    let stored = news.stored(&names(app, &news.events).await?, through)?;
    let brought = said.zip(through);
    let brought = brought.map(|(said, gateway)| brought_by(gateway, device, said));
    let running = said.map(|(running, _)| running);
    let fold = move |candidate: &Candidate, progress, known| news.fold(candidate, progress, known);
    let acknowledged = app
        .store
        .record_through(&device.id, running, now, &stored, brought.as_ref(), &fold)
        .await?;
    if let Some(report) = left_aside(reports, acknowledged) {
        let device = &device.id;
        tracing::warn!(%device, acknowledged, report, "a report's number is too far beyond the last one, and it isn't kept");
    }
    Ok(acknowledged)
}

/// The number of the last of these reports, if it wasn't kept because it is too far beyond those that are `acknowledged`.
pub(super) fn left_aside(reports: &[Report], acknowledged: u32) -> Option<u32> {
    let last = reports.last()?.seq;
    (last > acknowledged).then_some(last)
}

/// What one message says, ready to be folded into the device's progress in a rollout.
struct News {
    /// Reports with their numbers, in their order.
    events: Vec<(u32, DeviceEvent)>,
    said: Option<Said>,
    at: Timestamp,
}

impl News {
    /// Its reports, ready to be stored, by these names of the releases that they are about.
    fn stored(
        &self,
        names: &BTreeMap<ReleaseDigest, String>,
        through: Option<&DeviceId>,
    ) -> Result<Vec<StoredReport>, Refused> {
        let stored = |(seq, event): &(u32, DeviceEvent)| {
            let name = event.release().and_then(|release| names.get(&release));
            let name = name.map_or("", String::as_str);
            let report = stored_report(*seq, event, name, self.at)?;
            Ok(said_through(report, through))
        };
        self.events.iter().map(stored).collect()
    }

    /// The progress after these news, of which those that are `known` aren't new.
    fn fold(&self, candidate: &Candidate, progress: Progress, known: Known) -> Progress {
        let is_new = |(seq, _): &&(u32, DeviceEvent)| known.is_new(*seq);
        let new = self.events.iter().filter(is_new).map(|(_, event)| event);
        folded(new, self.said.as_ref(), candidate, progress, known, self.at)
    }
}

/// The progress after new events, and after what the device said beside them.
pub(crate) fn folded<'a>(
    events: impl IntoIterator<Item = &'a DeviceEvent>,
    said: Option<&Said>,
    candidate: &Candidate,
    progress: Progress,
    known: Known,
    at: Timestamp,
) -> Progress {
    let events = events.into_iter();
    let after_events = events.fold(progress, |progress, event| {
        match concerns(event, candidate, &progress, known) {
            true => fold(progress, event, at),
            false => progress,
        }
    });
    match said {
        Some(said) if said.safe_mode && !is_its_doing(&after_events, known.ran_nothing) => {
            after_events
        }
        Some(said) => fold_said(after_events, candidate, said, at),
        None => after_events,
    }
}

/// Whether a report is about the candidate, about the way back from it, or about no release at all.
fn concerns(event: &DeviceEvent, candidate: &Candidate, progress: &Progress, known: Known) -> bool {
    let Some(release) = event.release() else {
        return is_its_doing(progress, known.ran_nothing);
    };
    let back = matches!(progress, Progress::Returning { to, .. } if *to == release);
    release == candidate.release || back
}

/// A refusal's stable id; a number that this version doesn't know stays a number.
fn refusal_id(code: u16) -> String {
    Refusal::from_code(code).map_or_else(|| format!("trust.unknown-{code}"), |r| r.id().to_owned())
}

/// What timelines call the releases that these events are about. Each is read once: an update tells of one release in several events.
async fn names(
    app: &App,
    events: &[(u32, DeviceEvent)],
) -> Result<BTreeMap<ReleaseDigest, String>, Refused> {
    let mut names = BTreeMap::new();
    for release in events.iter().filter_map(|(_, event)| event.release()) {
        if let Entry::Vacant(unread) = names.entry(release) {
            unread.insert(app.version_of(&release).await?);
        }
    }
    Ok(names)
}

fn stored_report(
    seq: u32,
    event: &DeviceEvent,
    name: &str,
    at: Timestamp,
) -> Result<StoredReport, Refused> {
    let json = serde_json::to_string(event).map_err(|error| Refused::internal(&error))?;
    Ok(StoredReport {
        seq,
        at,
        event: json,
        text: event.phrase(name),
    })
}

/// A report as its device's timeline tells it, if a gateway brought it: its word is as good as the gateway's.
fn said_through(report: StoredReport, gateway: Option<&DeviceId>) -> StoredReport {
    match gateway {
        None => report,
        Some(gateway) => StoredReport {
            text: told_through(&report.text, gateway),
            ..report
        },
    }
}

/// What a check-in says beside its reports, which a gateway brought. A rollout may count by it alone, so its device's timeline tells whose word it is;
/// but only where it is something else than was known: a device checks in all day.
fn brought_by(
    gateway: &DeviceId,
    device: &Device,
    (running, said): (&Running, Said),
) -> SaidThrough {
    let told = match device.running.as_ref() == Some(running) {
        false => Telling::Surely,
        true if said.safe_mode || said.unwell => Telling::Once,
        true => Telling::IfItMoves,
    };
    SaidThrough {
        text: told_through(&said.phrase(&running.version), gateway),
        told,
    }
}

fn told_through(text: &str, gateway: &DeviceId) -> String {
    format!("{text}, said through {gateway}")
}

/// What the device runs now. `since` moves only when the release, or the word on it, changes.
fn running(device: &Device, check_in: &CheckIn<'_>, now: Timestamp) -> Result<Running, Refused> {
    let said = &check_in.running;
    let plain = said.version.bytes().all(|byte| byte.is_ascii_graphic());
    if said.version.len() > VERSION_BYTES_MAX || !plain {
        return Err(Refused::malformed(
            "the version is none that a release can have",
        ));
    }
    let mut running = Running {
        release: ReleaseDigest(said.manifest.0),
        version: said.version.to_owned(),
        sequence: said.sequence,
        verified: said.confirmed,
        last_resort: check_in.boot == BootReason::LastResort,
        since: now,
    };
    let known = device.running.as_ref();
    let same = known.filter(|known| {
        let word = |of: &Running| (of.release, of.verified, of.last_resort);
        word(known) == word(&running)
    });
    if let Some(known) = same {
        running.since = known.since;
    }
    Ok(running)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: ReleaseDigest = ReleaseDigest([1; 32]);
    const NEW: ReleaseDigest = ReleaseDigest([2; 32]);
    const OTHER: ReleaseDigest = ReleaseDigest([3; 32]);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a small number")
    }

    fn candidate() -> Candidate {
        Candidate {
            release: NEW,
            version: "1.1.0".to_owned(),
            sequence: 2,
            class: "thermo-v2".to_owned(),
            returns_to: vec![OLD],
            image_bytes: 0,
        }
    }

    fn after(events: &[DeviceEvent], progress: Progress, acknowledged: u32) -> &'static str {
        let events = (1..).zip(events.iter().cloned()).collect();
        News {
            events,
            said: None,
            at: at(9),
        }
        .fold(
            &candidate(),
            progress,
            Known {
                acknowledged,
                ran_nothing: false,
            },
        )
        .id()
    }

    #[test]
    fn only_new_reports_about_this_rollout_count() {
        use DeviceEvent::{Confirmed, DownloadStarted, TrialBooted};
        let promised = Progress::Promised { at: at(1) };
        let update = [
            DownloadStarted { release: NEW },
            TrialBooted { release: NEW },
            Confirmed { release: NEW },
        ];
        assert_eq!(after(&update, promised.clone(), 0), "confirmed");
        assert_eq!(after(&update[..1], promised.clone(), 0), "began");
        assert_eq!(after(&update, promised.clone(), 3), "promised");
        assert_eq!(
            after(&[Confirmed { release: OTHER }], promised.clone(), 0),
            "promised"
        );
        assert_eq!(
            after(&[Confirmed { release: OLD }], promised, 0),
            "promised"
        );
        let returning = Progress::Returning {
            began: at(1),
            at: at(2),
            to: OLD.into(),
        };
        assert_eq!(
            after(&[Confirmed { release: OLD }], returning, 0),
            "returned"
        );
    }
}
