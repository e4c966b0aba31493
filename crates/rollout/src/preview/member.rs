//! The fleet of a preview: each drawn device as its rollout sees it, and what is remembered beside. Read [`Member`].

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId, KeptInstant};

use super::Premise;
use super::left_out::Unreached;
use crate::label::Labels;
use crate::progress::Progress;
use crate::sample::Enrolment;
use crate::score;
use crate::view::{DeviceView, FleetView};

/// What is remembered of a device beside its view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// A moment at which it asks; it asks each poll before and after.
    pub(super) asks_ms: i64,
    /// Why it hasn't begun.
    pub(super) held_up: Unreached,
}

/// The drawn devices, each with what is remembered of it.
pub(super) fn fleet(premise: &Premise<'_>, enrolments: &[Enrolment]) -> (FleetView, Vec<Member>) {
    let mut devices: Vec<&Device> = premise.devices.iter().collect();
    devices.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let named = |id: &DeviceId| {
        let found = devices.binary_search_by(|device| device.id.cmp(id)).ok()?;
        Some(devices[found])
    };
    let drawn = enrolments
        .iter()
        .filter_map(|enrolment| Some((named(&enrolment.device)?, enrolment.wave)));
    let mut labels = Labels::default();
    let (views, members) = drawn
        .map(|(device, wave)| (view(device, wave, &mut labels), member(premise, device)))
        .unzip();
    let view = FleetView {
        devices: views,
        ..FleetView::default()
    };
    (view, members)
}

fn view(device: &Device, wave: usize, labels: &mut Labels) -> DeviceView {
    let running = device.running.as_ref();
    DeviceView {
        id: device.id.clone(),
        hardware: labels.of(&device.hardware),
        site: device.site(),
        zone: labels.of(&device.zone),
        wave,
        last_seen: device.last_seen.map(KeptInstant::from),
        progress: Progress::Waiting,
        running: running.map(|running| labels.release(running.release)),
        before: running
            .filter(|running| running.verified || running.last_resort)
            .map(|running| labels.release(running.release)),
    }
}

fn member(premise: &Premise<'_>, device: &Device) -> Member {
    let silence = score::silence(premise.rules.poll);
    let since = |seen: Timestamp| premise.now.duration_since(seen);
    let is_heard = device.last_seen.is_some_and(|seen| since(seen) < silence);
    Member {
        asks_ms: device.last_seen.map_or(0, Timestamp::as_millisecond),
        held_up: if is_heard {
            Unreached::Closed
        } else {
            Unreached::Silent
        },
    }
}
