//! Three rollouts: one under way, one halted, one complete.

use mainstay_report::{
    EnrolledDevice, Fact, Monitor, RolloutCard, RolloutDevicesPage, RolloutPage, RolloutState,
    SprtChart, SprtPoint, SprtVerdict, Tone, WaveBar,
};

use super::incidents::incident;
use super::{DIGEST, ZONES, at, frame};

pub fn wave(name: &str, counts: [u32; 6]) -> WaveBar {
    let [updated, failed, returned, on_trial, unreached, pending] = counts;
    WaveBar {
        name: name.into(),
        members: counts.iter().sum(),
        updated,
        failed,
        returned,
        on_trial,
        unreached,
        pending,
    }
}

/// A path by the rules of the demonstration's plan, in which the devices named in `failing` fail.
pub fn sprt(scored: u32, failing: &[u32], verdict: SprtVerdict) -> SprtChart {
    let (p0, p1): (f64, f64) = (0.01, 0.12);
    let mut points = vec![SprtPoint::default()];
    for scored in 1..=scored {
        let last = points[points.len() - 1];
        let failed = failing.contains(&scored);
        let step = if failed {
            p1 / p0
        } else {
            (1.0 - p1) / (1.0 - p0)
        };
        points.push(SprtPoint {
            scored,
            failures: last.failures + u32::from(failed),
            ratio: last.ratio + step.ln(),
        });
    }
    SprtChart {
        points,
        accept_at: (0.1_f64 / 0.95).ln(),
        reject_at: (0.9_f64 / 0.05).ln(),
        verdict,
        expect_percent: 1.0,
        halt_percent: 12.0,
    }
}

pub fn halting() -> SprtChart {
    sprt(6, &[3, 6], SprtVerdict::Reject { after: 6 })
}

pub fn halted_card() -> RolloutCard {
    RolloutCard {
        id: 3,
        version: "1.2.0".into(),
        class: "thermo-v2".into(),
        state: RolloutState::Halted,
        started_at: at(1380),
        being_counted: false,
        waves: vec![
            wave("canary", [0, 2, 13, 0, 0, 25]),
            wave("10 %", [0, 0, 0, 0, 0, 46]),
            wave("100 %", [0, 0, 0, 0, 0, 414]),
        ],
        sprt: Some(halting()),
        why_it_waits: vec![
            "2 of the first 6 devices scored failed their self-test, 4 min after boot.".into(),
            "A halt is for good: 1.2.0 is offered to no device any more.".into(),
        ],
        next: Some("fix the fault, and release 1.2.1; 15 devices had 1.2.0, 13 are back.".into()),
    }
}

pub fn rolling_card() -> RolloutCard {
    RolloutCard {
        id: 4,
        version: "1.1.1".into(),
        class: "thermo-v3".into(),
        state: RolloutState::Rolling,
        started_at: at(1400),
        being_counted: false,
        waves: vec![
            wave("canary", [40, 0, 0, 0, 0, 0]),
            wave("10 %", [21, 0, 0, 9, 0, 16]),
            wave("100 %", [0, 0, 0, 0, 0, 414]),
        ],
        sprt: Some(sprt(21, &[9], SprtVerdict::Continue)),
        why_it_waits: vec![
            "16 devices of wave 10 % wait for their window: the next opens 01:00 America/Denver \
             (in 6 h 12 min)."
                .into(),
            "The test needs 29 more healthy devices to accept.".into(),
        ],
        next: Some("nothing to do.".into()),
    }
}

pub fn complete_card() -> RolloutCard {
    RolloutCard {
        id: 2,
        version: "1.1.0".into(),
        class: "thermo-v2".into(),
        state: RolloutState::Complete,
        started_at: at(60),
        being_counted: false,
        waves: complete_waves(),
        sprt: Some(sprt(20, &[], SprtVerdict::Accept { after: 20 })),
        why_it_waits: vec![],
        next: None,
    }
}

pub fn complete_waves() -> Vec<WaveBar> {
    vec![
        wave("canary", [40, 0, 0, 0, 0, 0]),
        wave("10 %", [46, 0, 0, 0, 0, 0]),
        wave("100 %", [412, 0, 0, 0, 2, 0]),
    ]
}

/// The halted rollout.
pub fn rollout_page() -> RolloutPage {
    RolloutPage {
        frame: frame(),
        card: halted_card(),
        facts: vec![
            Fact::new("Release", "thermo-v2@1.2.0, sequence 12"),
            Fact::new("Manifest", DIGEST),
            Fact::new("Built and signed", "ana@northwind.example, engineer"),
            Fact::new("Approved", "sam@northwind.example, release manager"),
            Fact::new("Scheduled", "kim@northwind.example, operations"),
            Fact::new("Soak", "2 h"),
        ],
        monitors: vec![Monitor {
            wave: "canary".into(),
            sprt: halting(),
        }],
        incidents: vec![incident()],
        timeline: incident().timeline,
        devices: (1..=12)
            .map(|number| EnrolledDevice {
                id: format!("th-{number:04}"),
                hardware: "B".into(),
                zone: ZONES[number % ZONES.len()].into(),
                wave: "canary".into(),
                progress: if number < 3 {
                    "failed: self-test"
                } else {
                    "back on 1.1.0"
                }
                .into(),
                tone: if number < 3 { Tone::Bad } else { Tone::Plain },
                since: Some(at(1430)),
            })
            .collect(),
        devices_total: 500,
    }
}

/// The second of five pages.
pub fn rollout_devices_page() -> RolloutDevicesPage {
    let RolloutPage {
        frame,
        card,
        devices,
        devices_total,
        ..
    } = rollout_page();
    RolloutDevicesPage {
        frame,
        rollout: card.id,
        version: card.version,
        class: card.class,
        rows: devices,
        total: devices_total,
        after: Some("th-0100".into()),
        next: Some("th-0200".into()),
    }
}
