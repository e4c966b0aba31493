//! Small fleets for this crate's own unit tests: 30 minutes of horizon, 1 % expected, 12 % halts.

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::{DeviceId, ReleaseDigest, Site, Support, Terms};
use mainstay_plan as plan;

use crate::progress::{FailureCause, Progress};
use crate::rollout::{Candidate, Rollout, RolloutId};
use crate::rules::Rules;
use crate::sample::Enrolment;
use crate::step;
use crate::view::{DeviceView, FleetView};

/// The release that all devices run at first.
pub(crate) const OLD: ReleaseDigest = ReleaseDigest([1; 32]);

/// The candidate.
pub(crate) const NEW: ReleaseDigest = ReleaseDigest([2; 32]);

/// What a device names that runs nothing.
pub(crate) const NOTHING: ReleaseDigest = ReleaseDigest([0; 32]);

/// Minutes since the first wave opened: noon in Greenwich on a plain Wednesday.
pub(crate) fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-07-15T12:00:00Z".parse().expect("a constant");
    start + SignedDuration::from_mins(minutes)
}

pub(crate) fn rules() -> Rules {
    Rules {
        waves: vec![
            plan::Wave::Canary,
            plan::Wave::Percent(10),
            plan::Wave::Percent(100),
        ],
        canary: plan::Canary {
            devices: 40,
            at_least_per_hardware: 10,
            at_least_per: Vec::new(),
        },
        window: plan::Window {
            from: Time::midnight(),
            until: Time::midnight(),
            days: plan::DaySet::DAILY,
            dst_gap: plan::DstGap::Skip,
        },
        blackout: Vec::new(),
        limits: plan::Limits {
            downloads: 100,
            bytes_per_second: 1_000_000,
        },
        jitter: SignedDuration::ZERO,
        give_up_after: SignedDuration::from_hours(72),
        poll: SignedDuration::from_mins(10),
        soak: SignedDuration::from_mins(60),
        install: plan::HardFailure {
            expect: 1.0,
            halt: 12.0,
            alpha: 5,
            power: 90,
            horizon: SignedDuration::from_mins(30),
            unit: plan::Unit::Device,
        },
        tripwire: plan::Tripwire {
            bricks: 1,
            failures_in_one_stratum: 4,
        },
        soft: Vec::new(),
        stones: Vec::new(),
        prerequisites: Vec::new(),
        is_promoted_by_person: false,
    }
}

pub(crate) fn candidate() -> Candidate {
    Candidate {
        release: NEW,
        version: "1.1.0".to_owned(),
        sequence: 2,
        class: "thermo-v2".to_owned(),
        returns_to: vec![OLD],
        image_bytes: 0,
    }
}

/// What the candidate asks of devices: revisions H0 to H3, supported for years to come.
pub(crate) fn terms() -> Terms {
    Terms {
        class: candidate().class,
        sequence: candidate().sequence,
        hardware: (0..4).map(|n| format!("H{n}")).collect(),
        bootloader_min: semver::Version::new(1, 4, 0),
        support: Some(Support {
            last_day: jiff::civil::date(2032, 6, 30),
            then: Some("thermo-v3".to_owned()),
        }),
        is_critical: false,
        stones: Vec::new(),
    }
}

pub(crate) fn id(n: usize) -> DeviceId {
    DeviceId::try_from(format!("th-{n:04}")).expect("a safe name")
}

/// Device `n`, hardware C if even and B if odd, in wave 0, waiting.
pub(crate) fn device(n: usize) -> DeviceView {
    DeviceView {
        id: id(n),
        hardware: if n.is_multiple_of(2) { "C" } else { "B" }.into(),
        site: None,
        zone: "America/Denver".into(),
        wave: 0,
        last_seen: Some(at(0).into()),
        progress: Progress::Waiting,
        running: Some(OLD.into()),
        before: Some(OLD.into()),
    }
}

/// Lets devices count by site, so many of them at each, in their order.
pub(crate) fn at_sites(rollout: &mut Rollout, view: &mut FleetView, at_each: usize) {
    rollout.rules.install.unit = plan::Unit::Site;
    for (n, device) in view.devices.iter_mut().enumerate() {
        device.site = Some(site(n / at_each));
    }
}

pub(crate) fn site(n: usize) -> Site {
    Site::new(format!("site-{n}")).expect("a safe name")
}

/// `count` devices, all in wave 0.
pub(crate) fn view(count: usize) -> FleetView {
    FleetView {
        devices: (0..count).map(device).collect(),
        ..FleetView::default()
    }
}

/// As many devices in each wave as `sizes` says.
pub(crate) fn waves_of(sizes: &[usize]) -> (Rollout, FleetView) {
    let waves = sizes.iter().enumerate();
    let waves: Vec<usize> = waves.flat_map(|(w, n)| vec![w; *n]).collect();
    let mut view = view(waves.len());
    for (device, wave) in view.devices.iter_mut().zip(&waves) {
        device.wave = *wave;
    }
    let enrolments: Vec<_> = view
        .devices
        .iter()
        .map(|d| Enrolment {
            device: d.id.clone(),
            wave: d.wave,
        })
        .collect();
    let (id, revision) = (RolloutId(1), "00".to_owned());
    let rollout = Rollout::start(id, candidate(), rules(), revision, 7, &enrolments, at(0));
    (rollout, view)
}

/// A rollout with `canary` devices in its first wave, which is open.
pub(crate) fn opened(canary: usize) -> Rollout {
    let (rollout, view) = waves_of(&[canary]);
    step(&rollout, &view, at(0)).rollout
}

pub(crate) fn on_trial(began: i64) -> Progress {
    Progress::OnTrial {
        began: at(began),
        booted: at(began + 1),
    }
}

pub(crate) fn confirmed(began: i64) -> Progress {
    Progress::Confirmed {
        began: at(began),
        booted: at(began + 1),
        at: at(began + 5),
    }
}

pub(crate) fn failed(began: i64, cause: FailureCause) -> Progress {
    Progress::Failed {
        began: at(began),
        at: at(began + 4),
        cause,
    }
}

/// Makes `device` run the candidate well, and be heard of at `seen`.
pub(crate) fn confirm(device: &mut DeviceView, began: i64, seen: i64) {
    device.progress = confirmed(began);
    device.last_seen = Some(at(seen).into());
    device.running = Some(NEW.into());
}
