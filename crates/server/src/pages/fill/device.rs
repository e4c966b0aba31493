//! A device: its row in lists, its slots, its health, its timeline.

use mainstay_fleet::Device;
use mainstay_protocol::{BootReason, SelfTest};
use mainstay_report::{ClientFacts, DeviceRow, HealthFigure, Slot, TimelineEntry, Tone};
use mainstay_rollout::Progress;
use mainstay_store as store;
use mainstay_store::TimelineKind;

use super::progress::progress_words;
use crate::contacts::Vital;

/// A device in a list; `progress` is how far it is in the newest rollout that tells of it.
pub fn device_row(device: &Device, progress: Option<&Progress>, client: ClientFacts) -> DeviceRow {
    let running = device.running.as_ref();
    let (state, tone) = match progress {
        Some(progress) => progress_words(progress),
        None if running.is_none() => ("never seen".to_owned(), Tone::Attention),
        None => ("no rollout".to_owned(), Tone::Plain),
    };
    DeviceRow {
        id: device.id.to_string(),
        class: device.class.clone(),
        hardware: device.hardware.clone(),
        zone: device.zone.clone(),
        client,
        version: running.map(|running| running.version.clone()),
        verified: running.is_some_and(|running| running.verified),
        state,
        tone,
        last_seen: device.last_seen,
    }
}

/// The slot that a device said it runs from. What the other one holds it doesn't say.
pub fn slots(device: &Device, vital: Option<&Vital>) -> Vec<Slot> {
    let (Some(vital), Some(running)) = (vital, device.running.as_ref()) else {
        return Vec::new();
    };
    let state = match vital.boot {
        BootReason::SafeMode => "safe mode: nothing bootable",
        BootReason::Recovery => "recovery: writing the update",
        BootReason::LastResort => "running, the only one left",
        _ if running.verified => "running, confirmed",
        _ => "running, on trial",
    };
    vec![Slot {
        name: if vital.slot == 0 {
            "A".to_owned()
        } else {
            "B".to_owned()
        },
        version: Some(running.version.clone()),
        state: state.to_owned(),
        digest: running.release.to_string(),
    }]
}

/// What a device last said of its health.
pub fn health_figures(vital: Option<&Vital>) -> Vec<HealthFigure> {
    let Some(vital) = vital else {
        return Vec::new();
    };
    let health = vital.health;
    let (judged, tone) = match health.self_test {
        SelfTest::Passed => ("passed", Tone::Good),
        SelfTest::Failed => ("failed", Tone::Bad),
        SelfTest::NotRun => ("not run yet", Tone::Plain),
    };
    let unless_measured = || "not measured".to_owned();
    let lines = health
        .error_log()
        .map(|lines| format!("{lines} lines an hour"));
    let drain = health.battery_drain();
    let drain = drain.map(|drain| format!("{}.{} % a day", drain / 10, drain % 10));
    vec![
        figure("Self-test", judged.to_owned(), tone),
        figure(
            "Error log",
            lines.unwrap_or_else(unless_measured),
            Tone::Plain,
        ),
        figure(
            "Battery drain",
            drain.unwrap_or_else(unless_measured),
            Tone::Plain,
        ),
        figure("Missed polls", health.missed_polls.to_string(), Tone::Plain),
    ]
}

fn figure(name: &str, value: String, tone: Tone) -> HealthFigure {
    HealthFigure {
        name: name.to_owned(),
        value,
        expected: String::new(),
        tone,
    }
}

/// One line of a device's timeline.
pub fn timeline_entry(entry: store::TimelineEntry) -> TimelineEntry {
    let tone = match entry.kind {
        TimelineKind::Registered
        | TimelineKind::Restated
        | TimelineKind::Enrolled
        | TimelineKind::Reported => Tone::Plain,
        TimelineKind::Promised | TimelineKind::Returning => Tone::Busy,
        TimelineKind::CannotReturn => Tone::Bad,
    };
    TimelineEntry {
        at: entry.at,
        what: entry.text,
        detail: String::new(),
        tone,
    }
}
