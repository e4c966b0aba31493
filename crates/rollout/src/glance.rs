//! What people are told of a rollout, counted while its devices are walked over: a fleet is looked at without being in memory.
//!
//! Each device is shown once and judged by the same rules as in a step. What is kept of single devices is bounded: the first ones of each
//! wave's test, in the order in which it hears them, and those that are compared. A test that hasn't ended by then asks for another walk,
//! in which it hears the next ones; most end within some hundred. Read [`Glance`].

use std::cmp::Ordering;
use std::collections::{BTreeSet, BinaryHeap};
use std::mem::take;

use jiff::Timestamp;
use mainstay_fleet::{DeviceId, Site};

use crate::monitor::{self, Hearing};
use crate::needs::{self, ClassVersions};
use crate::returns::Returns;
use crate::rollout::{Phase, Rollout};
use crate::score::{Score, Tally};
use crate::sprt::Sprt;
use crate::unit::Sites;
use crate::view::{DeviceView, FleetView, SoftReading};
use crate::wait::{self, Known, Wait};
use crate::wave;

/// So many devices of a wave wait for its test in one walk: some hundred kilobytes, and more than most tests hear.
pub const HEARD_IN_A_WALK: usize = 8192;

/// A rollout's devices, counted as they are judged at one moment.
#[derive(Debug, Clone)]
pub struct Glance {
    at: Timestamp,
    waves: Vec<Seen>,
    /// A test that has heard nobody.
    fresh: Sprt,
    heard_in_a_walk: usize,
    is_first_walk: bool,
    is_any_to_come: bool,
    returns: Returns,
    /// Those of whom more is kept.
    compared: BTreeSet<DeviceId>,
    /// What is kept of them.
    pairs: FleetView,
}

/// What was seen of one wave.
#[derive(Debug, Clone)]
struct Seen {
    tally: Tally,
    sites: Sites<Site>,
    units: u32,
    hearing: Hearing<Site>,
    /// The first in its order that it hasn't heard yet.
    next: BinaryHeap<First>,
    /// The last that it has heard.
    last: Option<Place>,
    /// Whether more would come than those.
    is_more: bool,
    /// Whether it hears nobody any more.
    is_over: bool,
}

/// When a device began, and its name: its place in the order of its wave's test.
type Place = (Timestamp, DeviceId);

/// A device that waits to be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
struct First {
    place: Place,
    site: Option<Site>,
    score: Score,
}

impl Ord for First {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

impl PartialOrd for First {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Glance {
    /// Before the first device is shown, which is judged as of `at`. `readings` are what [`FleetView::readings`] would be.
    #[must_use]
    pub fn new(rollout: &Rollout, readings: Option<Vec<SoftReading>>, at: Timestamp) -> Self {
        let pairs = rollout.waves.iter().flat_map(|wave| &wave.controls.pairs);
        let compared = pairs.flat_map(|pair| [pair.treated.clone(), pair.control.clone()]);
        let waves = 0..rollout.waves.len();
        Self {
            at,
            waves: waves.map(|wave| Seen::new(rollout, wave)).collect(),
            fresh: Sprt::of(rollout.rules.test()),
            heard_in_a_walk: HEARD_IN_A_WALK,
            is_first_walk: true,
            is_any_to_come: false,
            returns: Returns::default(),
            compared: compared.collect(),
            pairs: FleetView {
                readings,
                ..FleetView::default()
            },
        }
    }

    /// Shows it a device of the rollout, each once in a walk, in any order.
    pub fn add(&mut self, rollout: &Rollout, device: &DeviceView) {
        let most = self.heard_in_a_walk;
        if !self.is_first_walk {
            if let Some(wave) = self.waves.get_mut(device.wave) {
                let score = crate::score::score(rollout, device, self.at);
                wave.let_wait(device, score, most);
            }
            return;
        }
        self.is_any_to_come |= device.progress.began().is_none();
        self.returns.count(&rollout.candidate, device, &[]);
        if self.compared.contains(&device.id) {
            self.pairs.devices.push(device.clone());
        }
        if let Some(wave) = self.waves.get_mut(device.wave) {
            wave.units += u32::from(wave.sites.add(device.site.clone()));
            let score = wave.tally.add(rollout, device, self.at);
            wave.let_wait(device, score, most);
        }
    }

    /// All devices were shown. Whether they must be shown once more, as a test hasn't heard enough of them.
    #[must_use]
    pub fn ends_walk(&mut self) -> bool {
        self.is_first_walk = false;
        for wave in &mut self.waves {
            wave.hear();
        }
        self.waves.iter().any(|wave| !wave.is_over)
    }

    /// As of when devices were judged.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The members of a wave by their score; none of a wave that there isn't.
    #[must_use]
    pub fn tally(&self, wave: usize) -> Tally {
        let wave = self.waves.get(wave);
        wave.map_or_else(Tally::default, |wave| wave.tally.end(wave.units))
    }

    /// How far the devices of a halted rollout have come back.
    #[must_use]
    pub fn returns(&self) -> Returns {
        self.returns
    }

    /// The test of a wave, as it stands; none of a wave that there isn't.
    #[must_use]
    pub fn path_of(&self, wave: usize) -> Option<&Sprt> {
        self.waves.get(wave).map(|wave| &wave.hearing.sprt)
    }

    /// Why the rollout, as it is by now, isn't further: what its next step would wait for, as long as that neither halts nor asks nor opens a
    /// wave. `others` are what [`FleetView::others`] would be.
    #[must_use]
    pub fn waits(
        &self,
        rollout: &Rollout,
        others: Option<Vec<ClassVersions>>,
        now: Timestamp,
    ) -> Vec<Wait> {
        let is_under_way = matches!(rollout.phase, Phase::Rolling { .. }) && !rollout.is_starting();
        if !is_under_way {
            return wait::of(rollout, self, now);
        }
        let mut next = rollout.clone();
        let others = FleetView {
            others,
            ..FleetView::default()
        };
        needs::observe(&mut next, &others, now);
        monitor::observe_tests(&mut next, |_, wave| self.test(wave), now);
        let tally = self.tally(next.current_wave());
        if next.newest_open_wave().is_some() {
            wave::pass(&mut next, &tally, now);
        }
        wait::of(&next, self, now)
    }
}

impl Known for Glance {
    fn is_any_to_come(&self) -> bool {
        self.is_any_to_come
    }

    fn unsettled(&self) -> u32 {
        (0..self.waves.len()).map(|wave| self.pending(wave)).sum()
    }

    fn missing(&self, rollout: &Rollout, wave: usize, now: Timestamp) -> Option<(u32, u32)> {
        wait::comparisons_missing(rollout, &self.pairs, wave, now)
    }

    fn test(&self, wave: usize) -> Sprt {
        let test = self.path_of(wave).unwrap_or(&self.fresh);
        test.clone()
    }

    fn pending(&self, wave: usize) -> u32 {
        self.tally(wave).pending
    }
}

impl Seen {
    fn new(rollout: &Rollout, wave: usize) -> Self {
        Self {
            tally: Tally::begin(rollout, wave),
            sites: Sites::of(&rollout.rules),
            units: 0,
            hearing: Hearing::of(&rollout.rules),
            next: BinaryHeap::new(),
            last: None,
            is_more: false,
            is_over: false,
        }
    }

    /// Lets a device wait to be heard, if it is one of the next `most`.
    fn let_wait(&mut self, device: &DeviceView, score: Score, most: usize) {
        let Some(began) = device.progress.began().filter(|_| !self.is_over) else {
            return;
        };
        let comes_after = |(at, id): &Place| (began, &device.id) > (*at, id);
        if self.last.as_ref().is_some_and(|last| !comes_after(last)) {
            return;
        }
        let first = || First {
            place: (began, device.id.clone()),
            site: device.site.clone(),
            score,
        };
        if self.next.len() < most {
            self.next.push(first());
            return;
        }
        self.is_more = true;
        if let Some(mut latest) = self.next.peek_mut()
            && !comes_after(&latest.place)
        {
            *latest = first();
        }
    }

    /// Hears those that wait. What was counted by its sites keeps none of them: as many as devices may be.
    fn hear(&mut self) {
        self.sites.forget();
        let next = take(&mut self.next).into_sorted_vec();
        self.is_over |= !self.is_more;
        self.is_more = false;
        for First { place, site, score } in next {
            self.last = Some(place);
            if !self.hearing.hear(site, || score) {
                self.is_over = true;
                break;
            }
        }
        if self.is_over {
            self.hearing.spoken.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use mainstay_plan as plan;

    use super::*;
    use crate::monitor::replay;
    use crate::progress::{FailureCause, Progress};
    use crate::step::step;
    use crate::testing::{self, at};

    /// Walks over the view as often as the glance asks for it; how often that was.
    fn glanced(rollout: &Rollout, view: &FleetView, most: usize, now: Timestamp) -> (Glance, u32) {
        let mut glance = Glance::new(rollout, view.readings.clone(), now);
        glance.heard_in_a_walk = most;
        let mut walks = 0;
        loop {
            walks += 1;
            // Each walk in another order.
            match walks % 2 {
                0 => view.devices.iter().for_each(|d| glance.add(rollout, d)),
                _ => view
                    .devices
                    .iter()
                    .rev()
                    .for_each(|d| glance.add(rollout, d)),
            }
            if !glance.ends_walk() {
                return (glance, walks);
            }
        }
    }

    fn check(rollout: &Rollout, view: &FleetView, most: usize, now: Timestamp) -> u32 {
        let (glance, walks) = glanced(rollout, view, most, now);
        for wave in 0..rollout.waves.len() {
            let whole = replay(rollout, view, wave, now);
            let path = glance.path_of(wave).expect("it is there");
            assert_eq!(path.path(), whole.path(), "wave {wave}, {most} in a walk");
            assert_eq!(glance.tally(wave), Tally::of(rollout, view, wave, now));
            let seen = &glance.waves[wave];
            assert_eq!((seen.sites.kept(), seen.hearing.spoken.kept()), (0, 0));
        }
        assert_eq!(glance.returns(), Returns::of(rollout, view));
        assert_eq!(glance.unsettled(), wave::unsettled(rollout, view, now));
        walks
    }

    /// Some of everything, in no order.
    fn mixed(view: &mut FleetView) {
        for (n, device) in view.devices.iter_mut().enumerate() {
            let began = i64::try_from(n * 7 % 30).expect("small");
            match n % 9 {
                0..=3 => testing::confirm(device, began, 90),
                4 => device.progress = testing::on_trial(began),
                5 if n % 2 == 0 => {
                    device.progress = testing::failed(began, FailureCause::SelfTest);
                }
                6 => {
                    device.progress = Progress::Returned {
                        began: at(began),
                        at: at(began + 5),
                    };
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_fleet_that_is_walked_over_is_judged_like_one_in_memory() {
        let (mut rollout, mut view) = testing::waves_of(&[90, 60, 30]);
        mixed(&mut view);
        for unit in [plan::Unit::Device, plan::Unit::Site] {
            if unit == plan::Unit::Site {
                testing::at_sites(&mut rollout, &mut view, 3);
            }
            for now in [0, 20, 35, 59, 61, 95, 72 * 60] {
                for most in [1, 4, HEARD_IN_A_WALK] {
                    let walks = check(&rollout, &view, most, at(now));
                    assert!(most < 10 || walks == 1, "{walks} walks at {now}");
                }
            }
        }
    }

    #[test]
    fn a_test_that_has_not_ended_asks_for_another_walk() {
        let rollout = testing::opened(40);
        let mut view = testing::view(40);
        (0..40).for_each(|n| testing::confirm(&mut view.devices[n], 0, 35));
        // The test accepts after twenty.
        assert_eq!(check(&rollout, &view, 8, at(40)), 3);
        assert_eq!(check(&rollout, &view, 20, at(40)), 1);
    }

    #[test]
    fn it_waits_for_what_the_next_step_waits_for() {
        let (rollout, mut view) = testing::waves_of(&[40, 20, 20]);
        let mut rollout = step(&rollout, &view, at(0)).rollout;
        for (minute, confirmed) in [(5, 0), (10, 3), (40, 10), (45, 30), (60, 40), (400, 40)] {
            for device in view.devices.iter_mut().take(confirmed) {
                testing::confirm(device, 0, minute);
            }
            let next = step(&rollout, &view, at(minute));
            let (glance, _) = glanced(&next.rollout, &view, HEARD_IN_A_WALK, at(minute));
            let waits = glance.waits(&next.rollout, None, at(minute));
            assert_eq!(waits, next.waits, "minute {minute}");
            if next.actions.is_empty() {
                let (glance, _) = glanced(&rollout, &view, HEARD_IN_A_WALK, at(minute));
                let waits = glance.waits(&rollout, None, at(minute));
                assert_eq!(waits, next.waits, "before the step of minute {minute}");
            }
            rollout = next.rollout;
        }
    }
}
