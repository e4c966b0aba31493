//! The figures behind the charts.

use jiff::Timestamp;
use mainstay_fleet::Device;
use mainstay_report::{SprtChart, SprtPoint, SprtVerdict, VersionShare, WaveBar};
use mainstay_rollout::score::score;
use mainstay_rollout::sprt::Point;
use mainstay_rollout::{DeviceView, FleetView, Progress, Rollout, Score, Verdict, WaveState};
use mainstay_telemetry::{Runs, WaveHealth, adoption};

/// The fleet by version, most devices first.
pub fn version_shares(devices: &[Device]) -> Vec<VersionShare> {
    shares_of(devices.iter().map(|device| {
        let running = device.running.as_ref();
        let runs = running.map(|running| (running.version.as_str(), running.verified));
        (runs, 1)
    }))
}

/// The same of what so many devices run.
pub fn shares_of<'a>(running: impl IntoIterator<Item = (Runs<'a>, u32)>) -> Vec<VersionShare> {
    let shares = adoption(running).into_iter().map(|adoption| VersionShare {
        version: adoption.version.unwrap_or_else(|| "unknown".to_owned()),
        verified: adoption.verified,
        unverified: adoption.unverified,
    });
    shares.collect()
}

/// The waves of a rollout; every member is counted in exactly one field.
pub fn wave_bars(rollout: &Rollout, fleet: &FleetView, now: Timestamp) -> Vec<WaveBar> {
    let waves = rollout.waves.iter().enumerate();
    waves
        .map(|(index, state)| {
            let mut bar = wave_bar(state);
            fleet
                .wave(index)
                .for_each(|device| *place(&mut bar, rollout, device, now) += 1);
            bar
        })
        .collect()
}

/// A wave of which no member was counted yet.
pub(super) fn wave_bar(state: &WaveState) -> WaveBar {
    WaveBar {
        name: state.wave.to_string(),
        members: state.members,
        ..WaveBar::default()
    }
}

/// The field of the bar that a device counts in.
pub(super) fn place<'a>(
    bar: &'a mut WaveBar,
    rollout: &Rollout,
    device: &DeviceView,
    now: Timestamp,
) -> &'a mut u32 {
    let score = score(rollout, device, now);
    match &device.progress {
        _ if score == Score::Unreached => &mut bar.unreached,
        Progress::Waiting | Progress::Promised { .. } | Progress::Refused { began: None, .. } => {
            &mut bar.pending
        }
        Progress::Confirmed { .. } if score == Score::Healthy => &mut bar.updated,
        Progress::Began { .. } | Progress::OnTrial { .. } | Progress::Confirmed { .. } => {
            &mut bar.on_trial
        }
        // A failure stays one, wherever the device is now: most have gone back by themselves.
        Progress::Failed { .. } | Progress::Refused { .. } | Progress::CannotReturn { .. } => {
            &mut bar.failed
        }
        Progress::Returning { .. } | Progress::Returned { .. } => &mut bar.returned,
    }
}

/// The sequential test of one wave.
pub fn sprt_chart(rollout: &Rollout, health: &WaveHealth) -> SprtChart {
    SprtChart {
        points: health.path.iter().map(point).collect(),
        accept_at: health.bounds.accept,
        reject_at: health.bounds.reject,
        verdict: verdict(health.monitor.verdict),
        expect_percent: rollout.rules.install.expect,
        halt_percent: rollout.rules.install.halt,
    }
}

fn point(point: &Point) -> SprtPoint {
    SprtPoint {
        scored: point.scored,
        failures: point.failures,
        ratio: point.ratio,
    }
}

fn verdict(verdict: Verdict) -> SprtVerdict {
    match verdict {
        Verdict::Continue => SprtVerdict::Continue,
        Verdict::Accept { after } => SprtVerdict::Accept { after },
        Verdict::Reject { after } => SprtVerdict::Reject { after },
    }
}
