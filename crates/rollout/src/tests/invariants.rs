//! What holds whatever happens, in whatever order: properties over random stories.

use jiff::{SignedDuration, Timestamp};
use mainstay_plan::SignalName;
use proptest::prelude::*;

use crate::excess::Silence;
use crate::offer::in_flight;
use crate::progress::{FailureCause, Progress};
use crate::readings::wanted;
use crate::rollout::{Phase, Rollout};
use crate::soft::SoftVerdict;
use crate::testing::{NEW, at, waves_of};
use crate::view::{DeviceView, FleetView, SoftReading};
use crate::wave::WaveState;
use crate::{Action, HaltReason, Kind, Step, halt, offer, question, step};

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
    /// By how many percent devices that run the candidate are worse, where the plan asks.
    worse: Option<u32>,
}

impl World {
    fn new() -> Self {
        let (rollout, view) = waves_of(&[25, 10, 25]);
        Self {
            rollout,
            view,
            now: at(0),
            worse: None,
        }
    }

    /// The same under a plan that compares two signals, one of them soon.
    fn comparing(worse: u32) -> Self {
        let mut world = Self::new();
        let rule = |name, minutes| mainstay_plan::SoftSignal {
            name,
            worse_by_at_most: 10,
            horizon: SignedDuration::from_mins(minutes),
        };
        world.rollout.rules.soft = vec![
            rule(SignalName::ErrorLog, 20),
            rule(SignalName::Battery, 90),
        ];
        world.worse = Some(worse);
        world
    }

    /// The same where people's safety hangs on the class.
    fn safe(worse: u32) -> Self {
        let mut world = Self::comparing(worse);
        world.rollout.rules.is_promoted_by_person = true;
        world
    }

    /// Reads everybody whose reading is due and who is heard of.
    fn read(&mut self) {
        let Some(worse) = self.worse else {
            return;
        };
        let due = wanted(&self.rollout, &self.view);
        let readings = due
            .into_iter()
            .filter(|wanted| wanted.at <= self.now)
            .filter_map(|wanted| {
                let n = self
                    .view
                    .devices
                    .iter()
                    .position(|d| d.id == wanted.device)?;
                let device = &self.view.devices[n];
                let percent = if device.runs(NEW) { 100 + worse } else { 100 };
                (device.last_seen() >= Some(wanted.at)).then_some(SoftReading {
                    device: wanted.device,
                    signal: wanted.signal,
                    at: wanted.at,
                    milli: (10_000 + n as u32 * 7919 % 3000) / 100 * percent,
                })
            });
        self.view.readings = Some(readings.collect());
    }

    fn happen(&mut self, event: &Event) {
        self.outside(event);
        self.read();
    }

    fn outside(&mut self, event: &Event) {
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
            device.last_seen = Some(self.now.into());
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
                    to: to.into(),
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
    device.running = Some(NEW.into());
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

/// Whether nothing that was compared in a wave is open: each signal is no worse, or a person has let it go on; and silence was looked at
/// to the end, or a person was asked about it.
fn is_compared(state: &WaveState) -> bool {
    let controls = &state.controls;
    let answered = |id| state.answers.iter().any(|a| a.question.id() == id);
    let signals = controls.signals.iter().all(|c| match c.verdict {
        SoftVerdict::NotWorse => true,
        SoftVerdict::Unclear => answered("rollout.soft-unclear"),
        SoftVerdict::Continue | SoftVerdict::Worse => false,
    });
    let silence = &controls.silence;
    let begun = silence != &Silence::default();
    signals && (!begun || silence.looks.ended || silence.is_excess)
}

/// Whether a person has opened the wave after this one, where it is a person who does.
fn is_promoted(rollout: &Rollout, state: &WaveState) -> bool {
    let mut answers = state.answers.iter();
    !rollout.rules.is_promoted_by_person
        || answers.any(|answer| answer.question.id() == "rollout.promotion")
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
        prop_assert!(
            !opened || is_compared(&later.waves[wave - 1]),
            "opened while it was being compared"
        );
        prop_assert!(
            !opened || is_promoted(later, &later.waves[wave - 1]),
            "opened without a person's word"
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

fn check_world(mut world: World, events: &[Event]) -> Result<(), TestCaseError> {
    for event in events {
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
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_a_rollout_keeps_its_promises(events in events()) {
        check_world(World::new(), &events)?;
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

proptest! {
    // Each case is a long life.
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_is_compared_a_rollout_keeps_its_promises(events in events(), worse in 0_u32..60) {
        check_world(World::comparing(worse), &events)?;
    }

    #[test]
    fn where_safety_hangs_on_it_a_person_opens_each_wave(events in events(), worse in 0_u32..30) {
        check_world(World::safe(worse), &events)?;
    }

    /// One that is no worse arrives too, and one that is much worse in its soft signals never does.
    #[test]
    fn comparisons_let_good_releases_through(steps in prop::collection::vec(5_i64..25, 200), is_bad: bool) {
        let mut world = World::comparing(if is_bad { 90 } else { 0 });
        for minutes in steps {
            world.happen(&Event::Minutes { minutes, seen: true });
            let outcome = step(&world.rollout, &world.view, world.now);
            world.take(outcome);
            world.happen(&Event::CheckIns { from: 0, count: 60 });
            world.happen(&Event::Outcomes { from: 0, count: 60, failure: None });
        }
        match &world.rollout.phase {
            Phase::Complete { .. } => prop_assert!(!is_bad),
            Phase::Halted { reason: HaltReason::SoftWorse { wave, .. }, .. } => prop_assert!(is_bad && *wave == 0),
            phase => prop_assert!(false, "{:?}", phase),
        }
    }
}
