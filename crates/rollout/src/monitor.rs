//! The statistics of one wave: its sequential test, fed in enrolment order.
//!
//! Devices are fed in the order in which they began to install (then by id). One that waits for
//! its score holds back all that began after it, so that quick failures never overtake slow
//! successes. Where the plan counts sites, the first of a site that is scored speaks for it. The first verdict of a wave sticks: a late report can't take back an acceptance (the
//! tripwire still watches), nor a rejection. Read [`Monitor`], then [`replay`].

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::iter;

use jiff::Timestamp;
use mainstay_fleet::Site;
use serde::{Deserialize, Serialize};

use crate::rollout::Rollout;
use crate::rules::Rules;
use crate::score::{Score, score};
use crate::sprt::{Sprt, Verdict};
use crate::unit::Sites;
use crate::view::{DeviceView, FleetView};

/// What the sequential test of one wave has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitor {
    /// How many devices were scored healthy or failed, up to the verdict.
    pub scored: u32,
    /// How many of those failed.
    pub failures: u32,
    /// The verdict; sticky once it isn't `Continue`.
    pub verdict: Verdict,
    /// When the verdict fell.
    pub decided_at: Option<Timestamp>,
}

impl Monitor {
    /// Takes over what a replayed test has seen, unless the verdict has fallen already.
    pub(crate) fn observe(&mut self, sprt: &Sprt, now: Timestamp) {
        if self.verdict != Verdict::Continue {
            return;
        }
        let last = sprt.last();
        self.scored = last.scored;
        self.failures = last.failures;
        self.verdict = sprt.verdict();
        self.decided_at = (self.verdict != Verdict::Continue).then_some(now);
    }
}

/// Brings the monitors of all open waves up to `now`.
pub(crate) fn observe(rollout: &mut Rollout, view: &FleetView, now: Timestamp) {
    observe_tests(
        rollout,
        |rollout, wave| replay(rollout, view, wave, now),
        now,
    );
}

/// The same, of tests that somebody has.
pub(crate) fn observe_tests(
    rollout: &mut Rollout,
    test: impl Fn(&Rollout, usize) -> Sprt,
    now: Timestamp,
) {
    for wave in 0..=rollout.current_wave() {
        let undecided = |state: &crate::wave::WaveState| state.monitor.verdict == Verdict::Continue;
        if rollout.waves.get(wave).is_some_and(undecided) {
            let sprt = test(rollout, wave);
            rollout.waves[wave].monitor.observe(&sprt, now);
        }
    }
}

/// The sequential test of `wave` as it stands at `now`: the path that pages draw.
#[must_use]
pub fn replay(rollout: &Rollout, view: &FleetView, wave: usize, now: Timestamp) -> Sprt {
    let mut hearing = Hearing::of(&rollout.rules);
    for device in in_order(view, wave) {
        if !hearing.hear(device.site.as_ref(), || score(rollout, device, now)) {
            break;
        }
    }
    hearing.sprt
}

/// A wave's test while its devices are heard, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Hearing<S> {
    /// The test.
    pub(crate) sprt: Sprt,
    pub(crate) spoken: Sites<S>,
}

impl<S: Borrow<Site> + Ord> Hearing<S> {
    /// Nobody was heard yet.
    pub(crate) fn of(rules: &Rules) -> Self {
        Self {
            sprt: Sprt::of(rules.test()),
            spoken: Sites::of(rules),
        }
    }

    /// Hears the next device, of this site; whether the one after it is to be heard.
    pub(crate) fn hear(&mut self, site: Option<S>, score: impl FnOnce() -> Score) -> bool {
        if self
            .spoken
            .has(site.as_ref().map(<S as Borrow<Site>>::borrow))
        {
            return true;
        }
        let failed = match score() {
            Score::Pending => return false,
            Score::Healthy => false,
            Score::Failed { .. } => true,
            Score::Silent | Score::Unreached | Score::Refused | Score::Returned => return true,
        };
        self.sprt.push(failed);
        if self.sprt.verdict() != Verdict::Continue {
            // What comes after the verdict moves nothing.
            return false;
        }
        self.spoken.add(site);
        true
    }
}

/// So many members are put in order at first, and then each time so many times as many: a verdict mostly needs some dozens of
/// them, and sorting a million would be in vain.
const AT_FIRST: usize = 1024;
const TIMES_AS_MANY: usize = 16;

/// The members that have begun, in their order.
fn in_order(view: &FleetView, wave: usize) -> impl Iterator<Item = &DeviceView> {
    let counts = iter::successors(Some(AT_FIRST), |n| Some(n.saturating_mul(TIMES_AS_MANY)));
    let mut last = None;
    let batches = counts.map_while(move |count| {
        let batch = first_after(last, view, wave, count);
        last = batch.last().copied();
        last.is_some().then_some(batch)
    });
    batches.flatten()
}

/// The first `count` of them that come after `last`, in their order.
fn first_after<'v>(
    last: Option<&'v DeviceView>,
    view: &'v FleetView,
    wave: usize,
    count: usize,
) -> Vec<&'v DeviceView> {
    let mut first = BinaryHeap::new();
    let begun = view.wave(wave).filter(|d| d.progress.began().is_some());
    for device in begun.map(InOrder) {
        if last.is_some_and(|last| device <= InOrder(last)) {
            continue;
        }
        if first.len() < count {
            first.push(device);
        } else if let Some(mut latest) = first.peek_mut()
            && device < *latest
        {
            *latest = device;
        }
    }
    let sorted = first.into_sorted_vec();
    sorted.into_iter().map(|device| device.0).collect()
}

/// A device that has begun, in its place among the others.
#[derive(PartialEq, Eq)]
struct InOrder<'v>(&'v DeviceView);

impl Ord for InOrder<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |device: &Self| device.0.progress.began();
        let by_name = || self.0.id.cmp(&other.0.id);
        place(self).cmp(&place(other)).then_with(by_name)
    }
}

impl PartialOrd for InOrder<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::{FailureCause, Progress};
    use crate::testing::{self, at};

    #[test]
    fn an_early_failure_waits_behind_an_unscored_device() {
        let rollout = testing::opened(3);
        let mut view = testing::view(3);
        view.devices[0].progress = testing::on_trial(0);
        view.devices[1].progress = testing::failed(1, FailureCause::SelfTest);
        view.devices[2].progress = testing::failed(2, FailureCause::SelfTest);
        let scored = |view: &FleetView, now| replay(&rollout, view, 0, at(now)).last().scored;
        assert_eq!(scored(&view, 40), 0, "device 0 isn't scored yet");
        assert_eq!(scored(&view, 60), 2, "device 0 is silent: passed over");
        testing::confirm(&mut view.devices[0], 0, 35);
        assert_eq!(scored(&view, 40), 3);
    }

    #[test]
    fn the_first_of_a_site_that_is_scored_speaks_for_it() {
        let (mut rollout, mut view) = (testing::opened(6), testing::view(6));
        testing::at_sites(&mut rollout, &mut view, 3);
        let found = |view: &FleetView, now| {
            let last = replay(&rollout, view, 0, at(now)).last();
            (last.scored, last.failures)
        };
        // Site 0: silent, then failed twice. Site 1: well, then failed twice.
        view.devices[0].progress = testing::on_trial(0);
        (1..6).for_each(|n| {
            view.devices[n].progress = testing::failed(n as i64, FailureCause::SelfTest);
        });
        testing::confirm(&mut view.devices[3], 3, 35);
        assert_eq!(found(&view, 40), (0, 0), "device 0 isn't scored yet");
        assert_eq!(found(&view, 70), (2, 1), "one word from each site");
        // A device that stands nowhere speaks for itself.
        view.devices[5].site = None;
        assert_eq!(found(&view, 70), (3, 2));
        // Who may not speak any more holds nobody up.
        view.devices[2].progress = testing::on_trial(69);
        assert_eq!(found(&view, 70), (3, 2));
    }

    /// More than are put in order at once, and some that began at one moment.
    #[test]
    fn all_that_have_begun_come_in_their_order() {
        let mut view = testing::view(AT_FIRST + 300);
        for (n, device) in view.devices.iter_mut().enumerate() {
            let began = i64::try_from(n * 389 % 600).expect("small");
            let waits = n % 7 == 0;
            device.progress = if waits {
                Progress::Waiting
            } else {
                testing::on_trial(began)
            };
        }
        let begun = view.devices.iter().filter(|d| d.progress.began().is_some());
        let mut sorted: Vec<_> = begun.collect();
        sorted.sort_by_key(|device| (device.progress.began(), device.id.clone()));
        let found: Vec<_> = in_order(&view, 0).collect();
        assert!(found.len() > AT_FIRST && found == sorted);
    }

    #[test]
    fn the_first_verdict_sticks() {
        let rollout = testing::opened(40);
        let mut view = testing::view(40);
        (0..20).for_each(|n| testing::confirm(&mut view.devices[n], 0, 35));
        let mut monitor = Monitor::default();
        monitor.observe(&replay(&rollout, &view, 0, at(40)), at(40));
        let accepted = monitor.clone();
        assert_eq!(accepted.verdict, Verdict::Accept { after: 20 });
        for device in &mut view.devices {
            device.progress = testing::failed(0, FailureCause::SelfTest);
        }
        monitor.observe(&replay(&rollout, &view, 0, at(80)), at(80));
        assert_eq!(monitor, accepted);
    }
}
