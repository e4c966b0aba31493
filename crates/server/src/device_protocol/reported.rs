//! Making durable what a device said.
//!
//! A check-in that brings no news (no report, the same release running and well, no reading that a rollout waits for) is only noted in
//! memory: it is the server's busiest traffic, and losing it loses nothing. Read [`keep`] first.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
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

/// What is told so long after it happened, by the device's own word, is told with when that was. Clocks are apart by less.
const LATE: SignedDuration = SignedDuration::from_mins(10);

/// The beginning of 2020, in Unix seconds: a clock that says an earlier time was never set.
const CLOCK_SET_S: i64 = 1_577_836_800;

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
    let news = News {
        told: reports.iter().map(|report| Told::of(report, now)).collect(),
        said: said.map(|(_, said)| said),
        at: now,
    };
    let stored = news.stored(&names(app, &news.told).await?, through)?;
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

/// One report, read.
struct Told {
    seq: u32,
    event: DeviceEvent,
    /// When it happened by the device's clock, if that is long ago: it told nothing for a while. A claim, by which nothing is decided.
    long_ago: Option<Timestamp>,
}

impl Told {
    fn of(report: &Report, now: Timestamp) -> Self {
        Self {
            seq: report.seq,
            event: DeviceEvent::of(&report.event, refusal_id),
            long_ago: long_ago(report.at, now),
        }
    }
}

/// The device's own time of something, if it is long ago and may be true.
fn long_ago(said_s: u64, now: Timestamp) -> Option<Timestamp> {
    let said_s = i64::try_from(said_s)
        .ok()
        .filter(|&said_s| said_s >= CLOCK_SET_S)?;
    let said = Timestamp::from_second(said_s).ok()?;
    (now.duration_since(said) >= LATE).then_some(said)
}

/// What one message says, ready to be folded into the device's progress in a rollout.
struct News {
    /// Reports in their order.
    told: Vec<Told>,
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
        let stored = |told: &Told| {
            let release = told.event.release();
            let name = release.and_then(|release| names.get(&release));
            let name = name.map_or("", String::as_str);
            Ok(said_through(stored_report(told, name, self.at)?, through))
        };
        self.told.iter().map(stored).collect()
    }

    /// The progress after these news, of which those that are `known` aren't new.
    fn fold(&self, candidate: &Candidate, progress: Progress, known: Known) -> Progress {
        let is_new = |told: &&Told| known.is_new(told.seq);
        let new = self.told.iter().filter(is_new).map(|told| &told.event);
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
async fn names(app: &App, told: &[Told]) -> Result<BTreeMap<ReleaseDigest, String>, Refused> {
    let mut names = BTreeMap::new();
    for release in told.iter().filter_map(|told| told.event.release()) {
        if let Entry::Vacant(unread) = names.entry(release) {
            unread.insert(app.version_of(&release).await?);
        }
    }
    Ok(names)
}

fn stored_report(told: &Told, name: &str, at: Timestamp) -> Result<StoredReport, Refused> {
    let Told { seq, event, .. } = told;
    let json = serde_json::to_string(event).map_err(|error| Refused::internal(&error))?;
    let phrase = event.phrase(name);
    Ok(StoredReport {
        seq: *seq,
        at,
        event: json,
        text: match told.long_ago {
            None => phrase,
            Some(long_ago) => format!("{phrase}, at {long_ago:.0} by its own clock"),
        },
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
        let told = (1..).zip(events.iter().cloned());
        let told = told.map(|(seq, event)| Told {
            seq,
            event,
            long_ago: None,
        });
        News {
            told: told.collect(),
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
    fn what_happened_long_ago_is_told_with_when_that_was() {
        let now = at(1_800_000_000);
        for (said_s, expected) in [
            (0, None),
            (86_400, None),
            (1_577_836_799, None),
            (1_577_836_800, Some("2020-01-01T00:00:00Z")),
            (1_799_999_400, Some("2027-01-15T07:50:00Z")),
            (1_799_999_401, None),
            (1_800_000_000, None),
            (1_900_000_000, None),
            (u64::MAX, None),
        ] {
            let found = long_ago(said_s, now).map(|at| at.to_string());
            assert_eq!(found.as_deref(), expected, "{said_s}");
        }
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
