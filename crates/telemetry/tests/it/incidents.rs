//! A halted rollout as pages and people see it.

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use mainstay_plan as plan;
use mainstay_rollout::{
    Action, Candidate, DeviceId, DeviceView, Enrolment, FailureCause, FleetView, Progress,
    ReleaseDigest, Rollout, RolloutId, Rules, Step, step,
};
use mainstay_telemetry::{Counting, Incident, IncidentId, summary};

const OLD: ReleaseDigest = ReleaseDigest([1; 32]);

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn rules() -> Rules {
    Rules {
        waves: vec![plan::Wave::Canary, plan::Wave::Percent(100)],
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

fn candidate() -> Candidate {
    Candidate {
        release: ReleaseDigest([2; 32]),
        version: "1.2.0".to_owned(),
        sequence: 2,
        class: "thermo-v2".to_owned(),
        returns_to: vec![OLD],
        image_bytes: 0,
    }
}

/// Device `n` of 40: every other one is hardware B, and there the candidate fails after 4 minutes.
fn device(n: i64) -> DeviceView {
    let fails = n % 2 == 1 && n < 12;
    DeviceView {
        id: DeviceId::try_from(format!("th-{n:04}")).expect("a safe name"),
        hardware: if n % 2 == 1 { "B" } else { "C" }.into(),
        site: None,
        zone: "America/Denver".into(),
        wave: 0,
        last_seen: Some(at(35).into()),
        progress: match fails {
            true => Progress::Failed {
                began: at(0),
                at: at(4),
                cause: FailureCause::SelfTest,
            },
            false => Progress::Confirmed {
                began: at(0),
                booted: at(1),
                at: at(6),
            },
        },
        running: Some(OLD.into()),
        before: Some(OLD.into()),
    }
}

fn halted() -> (Rollout, FleetView, Step) {
    let view = FleetView {
        devices: (0..40).map(device).collect(),
        ..FleetView::default()
    };
    let enrolments: Vec<_> = view
        .devices
        .iter()
        .map(|d| Enrolment {
            device: d.id.clone(),
            wave: 0,
        })
        .collect();
    let revision = "00".to_owned();
    let (id, now) = (RolloutId(3), at(0));
    let rollout = Rollout::start(id, candidate(), rules(), revision, 7, &enrolments, now);
    let rollout = step(&rollout, &FleetView::default(), at(0)).rollout;
    let outcome = step(&rollout, &view, at(5));
    (outcome.rollout.clone(), view, outcome)
}

fn incident() -> Incident {
    let (rollout, _, outcome) = halted();
    let evidence = outcome.actions.into_iter().find_map(|action| match action {
        Action::OpenIncident(evidence) => Some(*evidence),
        _ => None,
    });
    let evidence = evidence.expect("a halt opens an incident");
    Incident::open(IncidentId(1), &rollout, evidence)
}

#[test]
fn an_incident_says_what_was_halted_and_what_is_suspected() {
    let incident = incident();
    assert_eq!(incident.id.to_string(), "INC-1");
    assert_eq!(
        incident.title,
        "1.2.0 was halted: 6 of the 20 devices of hardware B that began have failed (the plan stops at 4)"
    );
    let shared = "every failing device is hardware B (6 of 6; B is 50 % of those that ran it)";
    assert_eq!(incident.shared, [shared]);
    assert_eq!(incident.suspected.as_deref(), Some(shared));
    assert_eq!((incident.affected, incident.cannot_return.len()), (40, 0));
}

#[test]
fn its_timeline_runs_from_the_first_wave_to_the_halt() {
    let timeline = incident().timeline;
    let lines: Vec<_> = timeline.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[0], "the canary wave opened");
    assert_eq!(
        lines[1],
        "th-0001 (hardware B) failed its self-test and went back"
    );
    assert!(lines[7].starts_with("1.2.0 was halted"));
    assert!(timeline.is_sorted_by_key(|entry| entry.at));
}

#[test]
fn a_summary_counts_what_is_scored_and_what_is_known() {
    let (rollout, view, _) = halted();
    let summary = summary(&rollout, &view, at(5));
    let canary = &summary.waves[0];
    assert_eq!((canary.name.as_str(), canary.tally.members), ("canary", 40));
    assert_eq!((canary.stages.verified, canary.stages.failed), (34, 6));
    assert_eq!(
        (canary.tally.pending, canary.tally.failed),
        (40, 0),
        "nothing at its horizon yet"
    );
    assert_eq!(canary.path.len(), 1, "the path is at its origin");
    assert_eq!(
        (summary.ever_ran, summary.returns.out, summary.returns.back),
        (40, 34, 6)
    );
}

#[test]
fn a_summary_of_devices_that_come_one_by_one_is_the_same() {
    let (rollout, view, _) = halted();
    for minute in [5, 29, 30, 35, 5000] {
        let mut counting = Counting::new(&rollout, None, at(minute));
        for device in view.devices.iter().rev() {
            assert!(counting.add(&rollout, device));
        }
        assert!(!counting.ends_walk(), "forty devices are heard at once");
        let whole = summary(&rollout, &view, at(minute));
        assert_eq!(counting.summary(&rollout), whole, "minute {minute}");
    }
}

#[test]
fn what_is_shown_is_also_stored() {
    let incident = incident();
    let text = serde_json::to_string(&incident).expect("plain data");
    assert_eq!(
        serde_json::from_str::<Incident>(&text).expect("as written"),
        incident
    );
}
