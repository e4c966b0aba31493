//! The program behind `cargo xtask bench rollout`: what one step of a rollout over a million devices takes, and what a
//! preview of 30 days over a hundred thousand does.
//!
//! Called with `step` or `preview`, each in a process of its own, so that each has its own peak of memory. Beside each
//! time stands its ceiling, measured in the same run on the same devices: one pass that only reads the fleet's view; and
//! the bare moments of a preview, put on a heap and taken off again.

#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures with the clock that the rollout itself must not read"
)]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::hint::black_box;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::{Device, DeviceId, ReleaseDigest, Running};
use mainstay_plan as plan;
use mainstay_rollout::{
    Candidate, DeviceView, Enrolment, FailureCause, FleetView, Labels, Pace, Phase, Premise,
    Preview, Progress, Rollout, RolloutId, Rules, preview, step, terms,
};

/// Devices of the step, and of the preview.
const STEP_DEVICES: usize = 1_000_000;
const PREVIEW_DEVICES: usize = 100_000;

/// Each is measured so often, and the median counts.
const ROUNDS: usize = 7;

const OLD: ReleaseDigest = ReleaseDigest([1; 32]);
const NEW: ReleaseDigest = ReleaseDigest([2; 32]);

const CLASS: &str = "device-v1";
const HARDWARE: [&str; 2] = ["A", "B"];
const ZONES: [&str; 6] = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
];

/// Waves over which a month passes: each rests for five days, and nights are short.
const MONTH: [plan::Wave; 5] = [
    plan::Wave::Canary,
    plan::Wave::Percent(1),
    plan::Wave::Percent(10),
    plan::Wave::Percent(50),
    plan::Wave::Percent(100),
];

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("step") => measure_step(),
        Some("preview") => measure_preview(),
        _ => {
            eprintln!("say `step` or `preview`");
            std::process::exit(2);
        }
    }
}

fn figure(name: &str, number: f64, unit: &str) {
    println!("figure {name} {number:.3} {unit}");
}

/// The middle of what several rounds take, in seconds.
fn median(mut round: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            round();
            begin.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[ROUNDS / 2]
}

/// The most memory that this process has had, in MiB. Linux only; 0 elsewhere.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn starting_plan() -> plan::Plan {
    plan::parse(plan::starting_plan()).expect("its own tests read it")
}

fn rules(waves: &[plan::Wave]) -> Rules {
    let plan = starting_plan();
    let track = plan.tracks.get(plan::TrackName::Maintenance);
    let rules = Rules::new(&plan, track.expect("it has that track"));
    Rules {
        waves: waves.to_vec(),
        ..rules
    }
}

fn candidate() -> Candidate {
    Candidate {
        release: NEW,
        version: "1.1.0".to_owned(),
        sequence: 2,
        class: CLASS.to_owned(),
        returns_to: vec![OLD],
        image_bytes: 0,
    }
}

fn start() -> Timestamp {
    "2027-03-01T12:00:00Z".parse().expect("an instant")
}

fn id(n: usize) -> DeviceId {
    DeviceId::new(format!("th-{n:07}")).expect("letters, a dash and digits")
}

fn hardware(n: usize) -> String {
    HARDWARE[n % HARDWARE.len()].to_owned()
}

/// One step in each state that is worth naming, in seconds.
fn measure_step() {
    let (rollout, mut view) = million();
    let mut slowest = 0.0_f64;
    let mut measured = |name: &str, rollout: &Rollout, view: &FleetView, hours: i64| {
        let now = start() + SignedDuration::from_hours(hours);
        let seconds = median(|| {
            black_box(step(black_box(rollout), black_box(view), now));
        });
        figure(&format!("plan_step_1m_devices_{name}"), seconds, "s");
        slowest = slowest.max(seconds);
    };
    measured("first", &rollout, &view, 0);
    let last = in_last_wave(&rollout, &view);
    view.devices.iter_mut().enumerate().for_each(live);
    // None has reached its horizon at first, then some, then all.
    measured("undecided", &last, &view, 0);
    measured("scoring", &last, &view, 60);
    let decided = step(&last, &view, start() + SignedDuration::from_hours(60)).rollout;
    assert!(!decided.is_over(), "it goes on: {:?}", decided.phase);
    measured("decided", &decided, &view, 60);
    view.devices.iter_mut().step_by(20).for_each(fail);
    let halted = step(&decided, &view, start() + SignedDuration::from_hours(60)).rollout;
    assert!(matches!(halted.phase, Phase::Halted { .. }));
    measured("halting", &decided, &view, 60);
    measured("halted", &halted, &view, 60);
    let pass = median(|| {
        black_box(read(black_box(&view)));
    });
    figure("read_1m_devices", pass, "s");
    figure("plan_step_1m_devices", slowest, "s");
    figure("plan_step_1m_devices_vs_read", slowest / pass, "ratio");
    figure("plan_step_1m_devices_peak_memory_mib", peak_mib(), "MiB");
    let view_bytes = STEP_DEVICES * size_of::<DeviceView>();
    figure(
        "view_1m_devices_mib",
        view_bytes as f64 / 1_048_576.0,
        "MiB",
    );
}

/// A rollout that has just started, and its devices as the store hands them out.
fn million() -> (Rollout, FleetView) {
    let enrolments: Vec<_> = (0..STEP_DEVICES).map(enrolment).collect();
    let rollout = Rollout::start(
        RolloutId(1),
        candidate(),
        rules(&MONTH),
        String::new(),
        7,
        &enrolments,
        start(),
    );
    drop(enrolments);
    let mut labels = Labels::default();
    let devices = (0..STEP_DEVICES).map(|n| device_view(n, &mut labels));
    let view = FleetView {
        devices: devices.collect(),
        ..FleetView::default()
    };
    (rollout, view)
}

/// The rollout with all its waves open, an hour after each other.
fn in_last_wave(rollout: &Rollout, view: &FleetView) -> Rollout {
    let mut last = step(rollout, view, start()).rollout;
    let opened = (0..).zip(&mut last.waves);
    opened.for_each(|(n, wave)| wave.opened_at = Some(start() + SignedDuration::from_hours(n)));
    last.phase = Phase::Rolling {
        wave: MONTH.len() - 1,
    };
    last
}

fn device_view(n: usize, labels: &mut Labels) -> DeviceView {
    DeviceView {
        id: id(n),
        hardware: labels.of(&hardware(n)),
        site: None,
        zone: labels.of(ZONES[n % ZONES.len()]),
        wave: wave(n),
        last_seen: Some(start().into()),
        progress: Progress::Waiting,
        running: Some(labels.release(OLD)),
        before: Some(labels.release(OLD)),
    }
}

fn enrolment(n: usize) -> Enrolment {
    Enrolment {
        device: id(n),
        wave: wave(n),
    }
}

fn wave(n: usize) -> usize {
    match n {
        0..500 => 0,
        500..10_000 => 1,
        10_000..100_000 => 2,
        100_000..500_000 => 3,
        _ => 4,
    }
}

/// Nine of ten devices have confirmed, a few in a thousand failed, and the others wait.
fn live((n, device): (usize, &mut DeviceView)) {
    // A multiplicative hash: neighbours begin at moments that have nothing to do with each other.
    let hash = (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let seconds = i64::try_from((hash * 80_000) >> 32).expect("below 80,000");
    let began = start() + SignedDuration::from_secs(seconds);
    let booted = began + SignedDuration::from_secs(300);
    let at = booted + SignedDuration::from_secs(300);
    device.progress = match n % 1000 {
        0..3 => Progress::Failed {
            began,
            at,
            cause: FailureCause::SelfTest,
        },
        3..900 => Progress::Confirmed { began, booted, at },
        _ => Progress::Waiting,
    };
    device.last_seen = Some((start() + SignedDuration::from_hours(59)).into());
}

/// The candidate fails on it.
fn fail(device: &mut DeviceView) {
    let began = start();
    let at = began + SignedDuration::from_hours(59);
    let cause = FailureCause::SelfTest;
    device.progress = Progress::Failed { began, at, cause };
}

/// One pass that only reads: the ceiling of anything that looks at each device.
fn read(view: &FleetView) -> (usize, i64) {
    view.devices
        .iter()
        .fold((0, 0), |(waves, seconds), device| {
            let began = device.progress.began().map_or(0, Timestamp::as_second);
            let seen = device.last_seen().map_or(0, Timestamp::as_second);
            (waves + device.wave, seconds ^ began ^ seen)
        })
}

fn measure_preview() {
    let devices: Vec<_> = (0..PREVIEW_DEVICES).map(device).collect();
    let plan = starting_plan();
    let mut rules = rules(&MONTH);
    rules.limits.downloads = 400;
    rules.soak = SignedDuration::from_hours(6 * 24);
    let mut terms = terms(&candidate(), &plan.classes[0], plan::TrackName::Maintenance);
    terms.hardware = HARDWARE.map(str::to_owned).to_vec();
    let premise = Premise {
        terms,
        candidate: candidate(),
        rules,
        devices: &devices,
        seed: 7,
        now: start(),
        pace: Pace {
            image_bytes: 8 << 20,
            bytes_per_second: 100_000,
            restart: SignedDuration::from_secs(20),
            confirm: SignedDuration::from_mins(5),
        },
        look_every: SignedDuration::from_secs(10),
    };
    let begin = Instant::now();
    let preview = preview(&premise).expect("somebody is eligible");
    let seconds = begin.elapsed().as_secs_f64();
    let heap = median(|| {
        black_box(heap(PREVIEW_DEVICES));
    });
    tell(&preview);
    figure("preview_30_days_100k_devices", seconds, "s");
    figure("heap_100k_devices", heap, "s");
    figure(
        "preview_30_days_100k_devices_vs_heap",
        seconds / heap,
        "ratio",
    );
    figure("preview_100k_devices_peak_memory_mib", peak_mib(), "MiB");
}

/// That it was a month, and reached nearly everybody: else what was measured isn't what the figures are named after.
fn tell(preview: &Preview) {
    let days = preview.ends.map_or(0.0, |ends| {
        ends.duration_since(preview.starts).as_secs_f64() / 86_400.0
    });
    let unreached: u32 = preview.waves.iter().map(|wave| wave.unreached).sum();
    assert!(days >= 28.0, "a preview of {days} days is none of a month");
    assert!(unreached * 10 < preview.enrolled, "{unreached} unreached");
    figure("previewed_days", days, "days");
    figure("previewed_devices", f64::from(preview.enrolled), "devices");
    figure("previewed_unreached", f64::from(unreached), "devices");
}

/// The bare moments of a month: each device asks once a night, boots, confirms and is heard of.
fn heap(devices: usize) -> i64 {
    const MOMENTS_PER_DEVICE: i64 = 30 + 3;
    let first = (0..devices).map(|n| Reverse((i64::try_from(n).unwrap_or(0), n)));
    let mut agenda: BinaryHeap<_> = first.collect();
    let mut last = 0;
    for _ in 0..MOMENTS_PER_DEVICE {
        for _ in 0..devices {
            if let Some(Reverse((at, n))) = agenda.pop() {
                last = at;
                agenda.push(Reverse((at + 86_400_000, n)));
            }
        }
    }
    last
}

fn device(n: usize) -> Device {
    let seen = SignedDuration::from_secs(i64::try_from(n * 37 % 3600).expect("small"));
    Device {
        id: id(n),
        class: CLASS.to_owned(),
        hardware: hardware(n),
        zone: ZONES[n % ZONES.len()].to_owned(),
        bootloader: "9.0.0".to_owned(),
        registered_at: start(),
        last_seen: Some(start() - seen),
        running: Some(Running {
            release: OLD,
            version: "1.0.0".to_owned(),
            sequence: 1,
            verified: true,
            last_resort: false,
            since: start(),
        }),
        attributes: BTreeMap::new(),
    }
}
