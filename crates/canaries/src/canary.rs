//! One canary, lived through by the rollout itself.
//!
//! The rollout is stepped every few hours, as a server does far more often; the test is fed in the order in
//! which devices began, so that the hours between change when a verdict falls and not which. Read
//! [`Canary::live`].

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::{DeviceId, ReleaseDigest};
use mainstay_plan as plan;
use mainstay_rollout::{
    Candidate, DeviceView, Enrolment, FailureCause, FleetView, Phase, Progress, Rollout, RolloutId,
    Rules, step,
};

use crate::fate::Fate;
use crate::world::{END, GIVE_UP, HORIZON, POLL};

/// How a canary ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The rollout halted.
    Halts,
    /// The next wave opened.
    GoesOn,
    /// A person is asked, and the question stands.
    Asks,
}

/// Minutes between two steps.
const STEP: i64 = 6 * 60;

/// A canary that is lived through again and again.
pub struct Canary {
    fresh: Rollout,
    view: FleetView,
}

impl Canary {
    /// Of so many devices, judged by these rates; all else as in the starting plan.
    ///
    /// # Panics
    /// If the starting plan can't be read, which its own tests exclude.
    #[must_use]
    pub fn new(rule: &plan::HardFailure, devices: usize) -> Self {
        let view = FleetView {
            devices: (0..devices).map(device).collect(),
        };
        let mut enrolments: Vec<_> = view.devices.iter().map(|d| enrolled(&d.id, 0)).collect();
        enrolments.push(enrolled(&id(devices), 1));
        let revision = "00".to_owned();
        let fresh = Rollout::start(
            RolloutId(1),
            candidate(),
            rules(rule, devices),
            revision,
            1,
            &enrolments,
            at(0),
        );
        Self { fresh, view }
    }

    /// How it ends if this happens to its devices: one fate each.
    pub fn live(&mut self, fates: &[Fate]) -> Ending {
        let mut rollout = self.fresh.clone();
        for now in (0..=END + STEP).step_by(STEP as usize) {
            for (device, fate) in self.view.devices.iter_mut().zip(fates) {
                device.progress = progress(fate, now);
                device.last_seen = Some(at(fate.heard(now)));
            }
            rollout = step(&rollout, &self.view, at(now)).rollout;
            match rollout.phase {
                Phase::Halted { .. } => return Ending::Halts,
                Phase::Rolling { wave } if wave > 0 => return Ending::GoesOn,
                Phase::Complete { .. } => return Ending::GoesOn,
                Phase::Rolling { .. } | Phase::AwaitsHuman { .. } => {}
            }
        }
        Ending::Asks
    }
}

fn progress(fate: &Fate, now: i64) -> Progress {
    let Some(begins) = fate.begins.filter(|begins| *begins <= now) else {
        return Progress::Waiting;
    };
    let (began, booted) = (at(begins), at(begins + 1));
    match (fate.fails, fate.told()) {
        (Some(_), Some(told)) if told <= now => Progress::Failed {
            began,
            at: at(told),
            cause: FailureCause::SelfTest,
        },
        // It is on trial until it fails, or nobody ever hears of that.
        (Some(_), _) => Progress::OnTrial { began, booted },
        (None, _) if begins + 5 <= now => Progress::Confirmed {
            began,
            booted,
            at: at(begins + 5),
        },
        (None, _) => Progress::OnTrial { began, booted },
    }
}

/// Noon in Greenwich of a plain Wednesday, and so many minutes.
fn at(minutes: i64) -> Timestamp {
    const OPENED_S: i64 = 1_784_116_800;
    Timestamp::from_second(OPENED_S + minutes * 60).unwrap_or(Timestamp::MAX)
}

fn rules(rule: &plan::HardFailure, devices: usize) -> Rules {
    let checked = plan::check(plan::starting_plan(), &plan::FleetFacts::default());
    let plan = checked.plan.expect("the starting plan is a plan");
    let track = plan.tracks.each().next().expect("it has tracks");
    let minutes = SignedDuration::from_mins;
    Rules {
        waves: vec![plan::Wave::Canary, plan::Wave::Percent(100)],
        canary: plan::Canary {
            devices: u32::try_from(devices).unwrap_or(u32::MAX),
            at_least_per_hardware: 1,
        },
        window: plan::Window {
            from: Time::midnight(),
            until: Time::midnight(),
            days: plan::DaySet::DAILY,
            dst_gap: plan::DstGap::Skip,
        },
        give_up_after: minutes(GIVE_UP),
        poll: minutes(POLL),
        soak: minutes(POLL),
        install: plan::HardFailure {
            horizon: minutes(HORIZON),
            ..rule.clone()
        },
        ..Rules::new(&plan, track)
    }
}

fn candidate() -> Candidate {
    Candidate {
        release: ReleaseDigest([2; 32]),
        version: "1.1.0".to_owned(),
        sequence: 2,
        class: "thermo-v2".to_owned(),
        returns_to: vec![ReleaseDigest([1; 32])],
    }
}

fn device(n: usize) -> DeviceView {
    DeviceView {
        id: id(n),
        hardware: if n.is_multiple_of(2) { "B" } else { "C" }.to_owned(),
        zone: "America/Denver".to_owned(),
        wave: 0,
        last_seen: None,
        progress: Progress::Waiting,
        running: None,
        before: None,
    }
}

fn id(n: usize) -> DeviceId {
    DeviceId::try_from(format!("th-{n:06}")).expect("a safe name")
}

fn enrolled(device: &DeviceId, wave: usize) -> Enrolment {
    let device = device.clone();
    Enrolment { device, wave }
}
