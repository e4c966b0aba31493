//! One canary, drawn and lived through by the rollout itself.
//!
//! The rollout is stepped every few hours, as a server does far more often; the test is fed in the order in
//! which devices began, so that the hours between change when a verdict falls and not which. Read
//! [`Canary::live`].

use std::collections::HashMap;

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::device::SITE;
use mainstay_fleet::{Device, DeviceId, ReleaseDigest, Running, Terms};
use mainstay_plan as plan;
use mainstay_rollout::{
    Candidate, DeviceView, FailureCause, FleetView, Phase, Progress, Rollout, RolloutId, Rules,
    draw, step,
};

use crate::fate::Fate;
use crate::world::{END, GIVE_UP, HORIZON, POLL, World};

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

/// A fleet whose canaries are drawn and lived through again and again.
pub struct Canary {
    candidate: Candidate,
    terms: Terms,
    rules: Rules,
    fleet: Vec<Device>,
    views: HashMap<DeviceId, (usize, DeviceView)>,
}

impl Canary {
    /// A canary of so many devices, judged by these rates; all else as in the starting plan. Where devices share sites, the
    /// fleet has as many sites as the canary has devices; else the canary is all of it.
    ///
    /// # Panics
    /// If the starting plan can't be read, which its own tests exclude.
    #[must_use]
    pub fn new(rule: &plan::HardFailure, devices: usize, world: &World) -> Self {
        let at_each = world.site as usize;
        let fleet: Vec<_> = (0..devices * at_each)
            .map(|n| device(n, n / at_each))
            .collect();
        let views = fleet.iter().enumerate();
        Self {
            candidate: candidate(),
            terms: terms(),
            rules: rules(rule, devices),
            views: views.map(|(n, d)| (d.id.clone(), (n, view(d)))).collect(),
            fleet,
        }
    }

    /// How many devices the fleet has.
    #[must_use]
    pub fn fleet(&self) -> usize {
        self.fleet.len()
    }

    /// Draws a canary by this seed, and says how it ends if this happens to the fleet: one fate for each device.
    ///
    /// # Panics
    /// If nobody may get the release, which is so for no fleet of [`Canary::new`].
    #[must_use]
    pub fn live(&self, seed: u64, fates: &[Fate]) -> Lived {
        let drawn = draw(&self.terms, &self.rules, seed, &self.fleet, at(0));
        let enrolments = drawn.expect("the whole fleet is eligible");
        let members: Vec<_> = enrolments.iter().filter(|e| e.wave == 0).collect();
        let members = members.iter().filter_map(|e| self.views.get(&e.device));
        let (fates, devices): (Vec<Fate>, Vec<DeviceView>) =
            members.map(|(n, view)| (fates[*n], view.clone())).unzip();
        let rollout = Rollout::start(
            RolloutId(1),
            self.candidate.clone(),
            self.rules.clone(),
            "00".to_owned(),
            seed,
            &enrolments,
            at(0),
        );
        let ending = ending(
            rollout,
            &mut FleetView {
                devices,
                ..FleetView::default()
            },
            &fates,
        );
        Lived { ending, fates }
    }
}

/// A canary that was lived through.
pub struct Lived {
    /// How it ended.
    pub ending: Ending,
    /// What happened to its members.
    pub fates: Vec<Fate>,
}

fn ending(mut rollout: Rollout, view: &mut FleetView, fates: &[Fate]) -> Ending {
    for now in (0..=END + STEP).step_by(STEP as usize) {
        for (device, fate) in view.devices.iter_mut().zip(fates) {
            device.progress = progress(fate, now);
            device.last_seen = Some(at(fate.heard(now)).into());
        }
        rollout = step(&rollout, view, at(now)).rollout;
        match rollout.phase {
            Phase::Halted { .. } => return Ending::Halts,
            Phase::Rolling { wave } if wave > 0 => return Ending::GoesOn,
            Phase::Complete { .. } => return Ending::GoesOn,
            Phase::Rolling { .. } | Phase::AwaitsHuman { .. } | Phase::Withdrawn { .. } => {}
        }
    }
    Ending::Asks
}

pub(crate) fn progress(fate: &Fate, now: i64) -> Progress {
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

/// Noon in Greenwich of a plain Wednesday.
const OPENED_S: i64 = 1_784_116_800;

/// The minute, counted from [`at`]'s nought, that an instant lies in.
pub(crate) fn minutes(at: Timestamp) -> i64 {
    (at.as_second() - OPENED_S).div_euclid(60)
}

/// So many minutes after it opened.
pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(OPENED_S + minutes * 60).unwrap_or(Timestamp::MAX)
}

fn starting_plan() -> plan::Plan {
    plan::parse(plan::starting_plan()).expect("the starting plan is a plan")
}

pub(crate) fn rules(rule: &plan::HardFailure, devices: usize) -> Rules {
    let plan = starting_plan();
    let track = plan.tracks.each().next().expect("it has tracks");
    let minutes = SignedDuration::from_mins;
    Rules {
        waves: vec![plan::Wave::Canary, plan::Wave::Percent(100)],
        canary: plan::Canary {
            devices: u32::try_from(devices).unwrap_or(u32::MAX),
            at_least_per_hardware: 1,
            at_least_per: Vec::new(),
        },
        // The nights are drawn with the fates.
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

pub(crate) fn candidate() -> Candidate {
    Candidate {
        release: ReleaseDigest([2; 32]),
        version: "1.1.0".to_owned(),
        sequence: 2,
        class: "thermo-v2".to_owned(),
        returns_to: vec![ReleaseDigest([1; 32])],
        image_bytes: 0,
    }
}

/// The revisions of the fleet's devices, in turns.
const HARDWARE: [&str; 2] = ["B", "C"];

/// As in the starting plan, but for the hardware: everybody may get it.
pub(crate) fn terms() -> Terms {
    let plan = starting_plan();
    Terms {
        hardware: HARDWARE.map(str::to_owned).into(),
        ..mainstay_rollout::terms(&candidate(), &plan.classes[0], plan::TrackName::Maintenance)
    }
}

pub(crate) fn device(n: usize, site: usize) -> Device {
    Device {
        id: DeviceId::try_from(format!("th-{n:06}")).expect("a safe name"),
        class: "thermo-v2".to_owned(),
        hardware: HARDWARE[n % HARDWARE.len()].to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: at(0),
        last_seen: None,
        running: Some(Running {
            release: ReleaseDigest([1; 32]),
            version: "1.0.0".to_owned(),
            sequence: 1,
            verified: true,
            last_resort: false,
            since: at(0),
        }),
        attributes: [(SITE.to_owned(), format!("site-{site}"))].into(),
    }
}

pub(crate) fn view(device: &Device) -> DeviceView {
    DeviceView {
        id: device.id.clone(),
        hardware: device.hardware.as_str().into(),
        site: device.site(),
        zone: device.zone.as_str().into(),
        wave: 0,
        last_seen: None,
        progress: Progress::Waiting,
        running: None,
        before: None,
    }
}
