//! What holds whatever happens, in whatever order: properties over random stories.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::offer::in_flight;
use crate::progress::{FailureCause, Progress};
use crate::rollout::{Phase, Rollout};
use crate::testing::{NEW, at, waves_of};
use crate::view::{DeviceView, FleetView};
use crate::{Action, Kind, Step, halt, offer, question, step};

/// Something that happens outside.
#[derive(Debug, Clone)]
enum Event {
    /// Time goes on, and all devices are heard of if `seen`.
    Minutes { minutes: i64, seen: bool },
    /// A share of the devices checks in, and takes what it is offered.
    CheckIns { from: usize, count: usize },
    /// Some devices that have begun boot it, and end in this way (none: they stay on trial).
    Outcomes {
        from: usize,
        count: usize,
        failure: Option<Option<FailureCause>>,
    },
    /// A person answers whatever is asked.
    Answer,
    /// A person stops it.
    Stop,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let span = || (0_usize..60, 1_usize..60);
    let cause = prop_oneof![
        12 => Just(None),
        6 => Just(Some(None)),
        1 => Just(Some(Some(FailureCause::SelfTest))),
    ];
    let event = prop_oneof![
        4 => (1_i64..90, prop::bool::weighted(0.9)).prop_map(|(minutes, seen)| Event::Minutes { minutes, seen }),
        4 => span().prop_map(|(from, count)| Event::CheckIns { from, count }),
        4 => (span(), cause).prop_map(|((from, count), failure)| Event::Outcomes { from, count, failure }),
        1 => Just(Event::Answer),
    ];
    let rare = prop_oneof![60 => event, 1 => Just(Event::Stop)];
    prop::collection::vec(rare, 1..80)
}

/// A world small enough to search: 60 devices in waves of 25, 10 and 25.
struct World {
    rollout: Rollout,
    view: FleetView,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let (rollout, view) = waves_of(&[25, 10, 25]);
        Self {
            rollout,
            view,
            now: at(0),
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Minutes { minutes, seen } => self.pass(*minutes, *seen),
            Event::CheckIns { from, count } => self.check_in(*from, *count),
            Event::Outcomes {
                from,
                count,
                failure,
            } => {
                let now = self.now;
                let some = self.view.devices.iter_mut().skip(*from).take(*count);
                some.for_each(|device| end(device, *failure, now));
            }
            Event::Answer => {
                let answered = question::answer(&self.rollout, "kim", "go on", self.now);
                self.rollout = answered.unwrap_or(self.rollout.clone());
            }
            Event::Stop => {
                let halted = halt::by_person(&self.rollout, &self.view, "kim", "stop", self.now);
                if let Ok(step) = halted {
                    self.take(step);
                }
            }
        }
    }

    fn pass(&mut self, minutes: i64, seen: bool) {
        self.now += SignedDuration::from_mins(minutes);
        for device in self.view.devices.iter_mut().filter(|_| seen) {
            device.last_seen = Some(self.now);
        }
    }

    fn check_in(&mut self, from: usize, count: usize) {
        let in_flight = in_flight(&self.rollout, &self.view, self.now);
        for device in self.view.devices.iter_mut().skip(from).take(count) {
            let offered = offer(&self.rollout, device, in_flight, self.now);
            let forward = offered.is_ok_and(|offer| offer.kind == Kind::Forward);
            if forward && device.progress.began().is_none() {
                device.progress = Progress::Began { at: self.now };
            }
        }
    }

    /// Performs a step's actions.
    fn take(&mut self, step: Step) {
        self.rollout = step.rollout;
        for action in step.actions {
            if let Action::Return { device, to } = action {
                let device = self.view.devices.iter_mut().find(|d| d.id == device);
                let device = device.expect("an enrolled device");
                let began = device.progress.began().unwrap_or(self.now);
                device.progress = Progress::Returning {
                    began,
                    at: self.now,
                    to,
                };
            }
        }
    }
}

fn end(device: &mut DeviceView, failure: Option<Option<FailureCause>>, now: Timestamp) {
    let began = match device.progress {
        Progress::Began { at } => at,
        Progress::OnTrial { began, .. } => began,
        _ => return,
    };
    device.running = Some(NEW);
    device.progress = match failure {
        None => Progress::Confirmed {
            began,
            booted: now,
            at: now,
        },
        Some(None) => Progress::OnTrial { began, booted: now },
        Some(Some(cause)) => Progress::Failed {
            began,
            at: now,
            cause,
        },
    };
}

/// What must hold between a rollout and its successor.
fn check_step(earlier: &Rollout, step: &Step, view: &FleetView) -> Result<(), TestCaseError> {
    let later = &step.rollout;
    let mut unraised = later.clone();
    unraised.generation = earlier.generation;
    let raised = u64::from(unraised != *earlier);
    prop_assert_eq!(later.generation, earlier.generation + raised);
    for (before, after) in earlier.waves.iter().zip(&later.waves) {
        prop_assert_eq!(before.members, after.members);
        prop_assert!(after.opened_at.is_some() || before.opened_at.is_none());
        prop_assert!(after.passed.is_some() || before.passed.is_none());
        prop_assert!(
            after.closed_at.is_none() || after.passed.is_some() || after == &later.waves[2]
        );
    }
    for wave in 1..later.waves.len() {
        let opened = later.waves[wave].opened_at.is_some();
        prop_assert!(
            !opened || later.waves[wave - 1].passed.is_some(),
            "opened without grounds"
        );
    }
    if let Phase::Halted { .. } = earlier.phase {
        prop_assert_eq!(later, earlier);
    }
    check_halt(step, view)
}

/// A halt opens one incident, and nothing is promised after it.
fn check_halt(step: &Step, view: &FleetView) -> Result<(), TestCaseError> {
    let count = |wanted: fn(&Action) -> bool| step.actions.iter().filter(|a| wanted(a)).count();
    let halts = count(|a| matches!(a, Action::Halt { .. }));
    prop_assert_eq!(halts, count(|a| matches!(a, Action::OpenIncident(_))));
    if let Phase::Halted { at, .. } = &step.rollout.phase {
        for device in &view.devices {
            let offered = offer(&step.rollout, device, 0, *at);
            prop_assert!(offered.is_err() || offered.is_ok_and(|o| o.kind == Kind::Return));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_a_rollout_keeps_its_promises(events in events()) {
        let mut world = World::new();
        for event in &events {
            world.happen(event);
            let earlier = world.rollout.clone();
            let first = step(&earlier, &world.view, world.now);
            check_step(&earlier, &first, &world.view)?;
            world.take(first);
            let second = step(&world.rollout, &world.view, world.now);
            prop_assert_eq!(&second.rollout, &world.rollout, "a second step is no news");
            prop_assert_eq!(second.actions, Vec::new());
            prop_assert!(!second.waits.is_empty());
        }
    }

    /// Without failures, and with every device taking part, every rollout completes.
    #[test]
    fn a_good_release_always_arrives(steps in prop::collection::vec(1_i64..40, 200)) {
        let mut world = World::new();
        for minutes in steps {
            world.happen(&Event::Minutes { minutes, seen: true });
            let outcome = step(&world.rollout, &world.view, world.now);
            world.take(outcome);
            world.happen(&Event::CheckIns { from: 0, count: 60 });
            world.happen(&Event::Outcomes { from: 0, count: 60, failure: None });
        }
        let complete = matches!(world.rollout.phase, Phase::Complete { .. });
        prop_assert!(complete, "{:?}", world.rollout.phase);
    }
}
