//! What is known when a rollout halts, gathered for the people who must understand it.
//!
//! It states facts and counts; it names no cause. What all failing devices share is told beside
//! how many of those that ran the release share it too, and beside the chance that this is a
//! coincidence: two failures out of three devices always share something. Read [`Evidence`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_fleet::{DeviceId, ReleaseDigest};
use serde::{Deserialize, Serialize};

use crate::halt::HaltReason;
use crate::progress::FailureCause;
use crate::returns::{self, CannotReturn};
use crate::rollout::{Rollout, RolloutId};
use crate::view::{DeviceView, FleetView};

/// An incident shows this many single failures; with more, the counts say it better.
pub const FIRST_FAILURES_MAX: usize = 20;

/// An incident names this many stranded devices; a longer list is a query, not a page.
pub const STRANDED_MAX: usize = 1000;

/// What is known when a rollout halts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The rollout.
    pub rollout: RolloutId,
    /// The release that was halted.
    pub release: ReleaseDigest,
    /// Its version.
    pub version: String,
    /// When it was halted.
    pub at: Timestamp,
    /// In which wave, from 0.
    pub wave: usize,
    /// Why.
    pub reason: HaltReason,
    /// How many devices were in the rollout.
    pub enrolled: u32,
    /// How many had begun to install.
    pub began: u32,
    /// How many had run it, be it for one failed boot.
    pub ran: u32,
    /// How many failures were known, scored or not.
    pub failed: u32,
    /// The failures by cause.
    pub causes: Vec<(FailureCause, u32)>,
    /// The first failures, oldest first, at most [`FIRST_FAILURES_MAX`].
    pub first_failures: Vec<FirstFailure>,
    /// What all failing devices share and not all devices that ran it do, most telling first.
    /// Empty with fewer than two failures.
    pub common: Vec<Common>,
    /// The devices that can't go back, and why, at most [`STRANDED_MAX`].
    pub cannot_return: Vec<(DeviceId, CannotReturn)>,
}

/// One failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstFailure {
    /// The device.
    pub device: DeviceId,
    /// Its hardware revision.
    pub hardware: String,
    /// What failed.
    pub cause: FailureCause,
    /// When it had begun to install.
    pub began: Timestamp,
    /// When the failure became known.
    pub at: Timestamp,
}

/// Something that all failing devices share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Common {
    /// Of what kind.
    pub kind: Trait,
    /// The shared value.
    pub value: String,
    /// How many devices failed; all of them share the value.
    pub failing: u32,
    /// How many of the devices that ran it share the value ...
    pub ran_with: u32,
    /// ... out of so many.
    pub ran: u32,
}

/// What devices may have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trait {
    /// The hardware revision.
    Hardware,
    /// The time zone.
    Zone,
    /// The site at which they stand, where that is declared.
    Site,
    /// The release it ran before.
    EarlierRelease,
}

impl Trait {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Hardware, Self::Zone, Self::Site, Self::EarlierRelease];

    fn of(self, device: &DeviceView) -> Option<Cow<'_, str>> {
        match self {
            Self::Hardware => Some(Cow::from(device.hardware.as_str())),
            Self::Zone => Some(Cow::from(device.zone.as_str())),
            Self::Site => device.site.as_ref().map(|site| Cow::from(site.as_str())),
            Self::EarlierRelease => {
                let before = device.before.as_deref();
                before.map(|release| release.to_string().into())
            }
        }
    }
}

impl Common {
    /// The chance, in percent rounded up, that as many devices picked blindly among those that ran
    /// it would all share the value: C(ran_with, failing) / C(ran, failing).
    #[must_use]
    pub fn coincidence_percent(&self) -> u32 {
        let step = |n: u32| f64::from(self.ran_with.saturating_sub(n)) / f64::from(self.ran - n);
        let chance: f64 = (0..self.failing.min(self.ran)).map(step).product();
        // Between 0 and 100 by construction.
        (chance * 100.0).ceil() as u32
    }
}

/// Gathers what is known of a rollout that `reason` has just halted.
#[must_use]
pub fn evidence(
    rollout: &Rollout,
    view: &FleetView,
    reason: HaltReason,
    now: Timestamp,
) -> Evidence {
    let (causes, failed) = causes(view);
    let stranded = returns::stranded(&rollout.candidate, view).take(STRANDED_MAX);
    Evidence {
        rollout: rollout.id,
        release: rollout.candidate.release,
        version: rollout.candidate.version.clone(),
        at: now,
        wave: rollout.current_wave(),
        reason,
        enrolled: count(view, |_| true),
        began: count(view, |d| d.progress.began().is_some()),
        ran: count(view, |d| d.progress.ran_it()),
        failed,
        causes,
        common: common(view),
        cannot_return: stranded.map(|(d, why)| (d.id.clone(), why)).collect(),
        first_failures: first_failures(view),
    }
}

fn count(view: &FleetView, belongs: impl Fn(&DeviceView) -> bool) -> u32 {
    let count = view.devices.iter().filter(|d| belongs(d)).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The oldest failures; of a million, only these are copied.
fn first_failures(view: &FleetView) -> Vec<FirstFailure> {
    let since = |device: &DeviceView| device.progress.failure().map(|(at, _)| at);
    let mut failures: Vec<_> = view.devices.iter().filter(|d| since(d).is_some()).collect();
    failures.sort_unstable_by_key(|device| (since(device), &device.id));
    failures
        .into_iter()
        .filter_map(first_failure)
        .take(FIRST_FAILURES_MAX)
        .collect()
}

fn first_failure(device: &DeviceView) -> Option<FirstFailure> {
    let (at, cause) = device.progress.failure()?;
    Some(FirstFailure {
        device: device.id.clone(),
        hardware: device.hardware.to_string(),
        cause,
        began: device.progress.began()?,
        at,
    })
}

/// The failures by cause, and how many there are.
fn causes(view: &FleetView) -> (Vec<(FailureCause, u32)>, u32) {
    let mut causes = BTreeMap::new();
    let failures = view.devices.iter().filter_map(|d| d.progress.failure());
    for (_, cause) in failures {
        *causes.entry(cause).or_default() += 1;
    }
    let failed = causes.values().sum();
    (causes.into_iter().collect(), failed)
}

fn common(view: &FleetView) -> Vec<Common> {
    let mut common: Vec<_> = Trait::ALL
        .into_iter()
        .filter_map(|kind| shared(view, kind))
        .collect();
    common.sort_by_key(Common::coincidence_percent);
    common
}

/// What all failing devices share of one trait, if not every device that ran it shares it.
fn shared(view: &FleetView, kind: Trait) -> Option<Common> {
    let failed = |d: &&DeviceView| d.progress.failure().is_some();
    let mut values = view.devices.iter().filter(failed).map(|d| kind.of(d));
    let value = values.next()??;
    if !values.all(|other| other.as_ref() == Some(&value)) {
        return None;
    }
    let exposed = |d: &DeviceView| d.progress.ran_it() || d.progress.failure().is_some();
    let has_it = |d: &DeviceView| kind.of(d).as_ref() == Some(&value);
    let common = Common {
        kind,
        failing: count(view, |d| d.progress.failure().is_some()),
        ran_with: count(view, |d| exposed(d) && has_it(d)),
        ran: count(view, exposed),
        value: value.into_owned(),
    };
    (common.failing >= 2 && common.ran_with < common.ran).then_some(common)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, at};

    fn halted() -> (Rollout, FleetView) {
        let mut view = testing::view(23);
        for device in &mut view.devices {
            device.progress = testing::on_trial(0);
        }
        // 12 of 23 are hardware B here; the six that fail are all B.
        view.devices[0].hardware = "B".into();
        for n in [1, 3, 5, 7, 9, 11] {
            view.devices[n].progress = testing::failed(n as i64, FailureCause::SelfTest);
        }
        (testing::opened(23), view)
    }

    #[test]
    fn what_the_failing_devices_share_is_told_beside_what_all_share() {
        let (rollout, view) = halted();
        let reason = HaltReason::Sprt {
            wave: 0,
            failures: 2,
            scored: 6,
        };
        let evidence = evidence(&rollout, &view, reason, at(20));
        let counts = (
            evidence.enrolled,
            evidence.began,
            evidence.ran,
            evidence.failed,
        );
        assert_eq!(counts, (23, 23, 23, 6));
        assert_eq!(evidence.causes, [(FailureCause::SelfTest, 6)]);
        assert_eq!(evidence.first_failures[0].device, view.devices[1].id);
        let hardware = Common {
            kind: Trait::Hardware,
            value: "B".to_owned(),
            failing: 6,
            ran_with: 12,
            ran: 23,
        };
        assert_eq!(evidence.common, std::slice::from_ref(&hardware));
        // C(12, 6) / C(23, 6) = 924 / 100947.
        assert_eq!(hardware.coincidence_percent(), 1);
    }

    #[test]
    fn a_site_that_all_failing_devices_share_is_told() {
        let (_, mut view) = halted();
        for (n, device) in view.devices.iter_mut().enumerate() {
            device.site = Some(testing::site(n / 12));
        }
        view.devices[1].hardware = "C".into();
        let told: Vec<_> = common(&view)
            .into_iter()
            .map(|one| (one.kind, one.value))
            .collect();
        assert_eq!(told, [(Trait::Site, "site-0".to_owned())]);
        // One of them isn't known to stand anywhere.
        view.devices[3].site = None;
        assert_eq!(common(&view), []);
    }

    #[test]
    fn one_failure_shares_nothing() {
        let (_, mut view) = halted();
        view.devices[3..]
            .iter_mut()
            .for_each(|d| d.progress = testing::on_trial(0));
        assert_eq!(common(&view), []);
    }

    #[test]
    fn devices_with_no_signed_way_back_are_named() {
        let (rollout, mut view) = halted();
        view.devices[0].before = None;
        view.devices[2].progress = testing::failed(0, FailureCause::Bricked);
        view.devices[2].running = Some(testing::NOTHING.into());
        let reason = HaltReason::Person {
            who: "kim".to_owned(),
            why: "smoke".to_owned(),
        };
        let evidence = evidence(&rollout, &view, reason, at(20));
        let expected = [
            (view.devices[0].id.clone(), CannotReturn::NothingBefore),
            (view.devices[2].id.clone(), CannotReturn::Bricked),
        ];
        assert_eq!(evidence.cannot_return, expected);
    }
}
