//! Soft signals: error log, battery, connectivity, by group of devices.
//!
//! Only means and their difference, beside the plan's margin: whether a difference is more than
//! chance isn't said here, so nothing halts on it. Read [`HealthSample`], then [`compare`].

use std::collections::BTreeMap;

use mainstay_plan::{SignalName, SoftSignal};
use mainstay_protocol::{Health, SelfTest};
use serde::{Deserialize, Serialize};

/// How a device said it is, at one check-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthSample {
    /// Error lines in its log in the last hour.
    pub error_logs_per_hour: u16,
    /// Battery drain, in thousandths of its capacity a day.
    pub battery_drain_permille_per_day: u16,
    /// Check-ins that failed since the last good one.
    pub missed_polls: u16,
    /// Its own judgement; none before it has looked.
    pub self_test_passed: Option<bool>,
}

impl From<&Health> for HealthSample {
    fn from(health: &Health) -> Self {
        Self {
            error_logs_per_hour: health.error_logs_per_hour,
            battery_drain_permille_per_day: health.battery_drain_permille_per_day,
            missed_polls: health.missed_polls,
            self_test_passed: match health.self_test {
                SelfTest::NotRun => None,
                SelfTest::Passed => Some(true),
                SelfTest::Failed => Some(false),
            },
        }
    }
}

/// The means over one group of samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupMeans {
    /// How many samples.
    pub samples: u32,
    /// Error lines an hour.
    pub error_logs_per_hour: f64,
    /// Battery drain in thousandths a day.
    pub battery_drain_permille_per_day: f64,
    /// Missed check-ins.
    pub missed_polls: f64,
}

impl GroupMeans {
    fn add(&mut self, sample: &HealthSample) {
        self.samples += 1;
        let mix = |mean: &mut f64, value: u16| {
            *mean += (f64::from(value) - *mean) / f64::from(self.samples);
        };
        mix(&mut self.error_logs_per_hour, sample.error_logs_per_hour);
        mix(
            &mut self.battery_drain_permille_per_day,
            sample.battery_drain_permille_per_day,
        );
        mix(&mut self.missed_polls, sample.missed_polls);
    }

    /// The mean of one signal.
    #[must_use]
    pub fn of(&self, signal: SignalName) -> f64 {
        match signal {
            SignalName::ErrorLog => self.error_logs_per_hour,
            SignalName::Battery => self.battery_drain_permille_per_day,
            SignalName::Connectivity => self.missed_polls,
        }
    }
}

/// The means of each group: by release and hardware revision, or whatever the caller groups by.
pub fn means<'a>(
    samples: impl IntoIterator<Item = (&'a str, HealthSample)>,
) -> BTreeMap<&'a str, GroupMeans> {
    let mut groups = BTreeMap::<_, GroupMeans>::new();
    for (group, sample) in samples {
        groups.entry(group).or_default().add(&sample);
    }
    groups
}

/// One signal of the candidate's devices beside that of devices held back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The signal.
    pub signal: SignalName,
    /// Its mean on the candidate.
    pub candidate: f64,
    /// Its mean on the others.
    pub control: f64,
    /// By how many percent the candidate is worse (below zero: better); none if the control's mean
    /// is zero or a group is empty.
    pub worse_by_percent: Option<f64>,
    /// The plan's margin in percent.
    pub margin_percent: u16,
}

/// Compares two groups by one of the plan's signals. Of every signal, more is worse.
#[must_use]
pub fn compare(rule: &SoftSignal, candidate: &GroupMeans, control: &GroupMeans) -> Comparison {
    let (new, old) = (candidate.of(rule.name), control.of(rule.name));
    let both = candidate.samples > 0 && control.samples > 0 && old > 0.0;
    Comparison {
        signal: rule.name,
        candidate: new,
        control: old,
        worse_by_percent: both.then(|| (new - old) / old * 100.0),
        margin_percent: rule.worse_by_at_most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(errors: u16) -> HealthSample {
        HealthSample {
            error_logs_per_hour: errors,
            battery_drain_permille_per_day: 20,
            missed_polls: 0,
            self_test_passed: Some(true),
        }
    }

    fn rule(name: SignalName) -> SoftSignal {
        SoftSignal {
            name,
            worse_by_at_most: 10,
            horizon: jiff::SignedDuration::from_hours(48),
        }
    }

    #[test]
    fn groups_keep_their_own_means() {
        let samples = [("new", sample(6)), ("old", sample(4)), ("new", sample(0))];
        let means = means(samples);
        assert_eq!(
            (means["new"].samples, means["new"].error_logs_per_hour),
            (2, 3.0)
        );
        assert_eq!(means["old"].of(SignalName::ErrorLog), 4.0);
    }

    #[test]
    fn a_difference_is_told_beside_the_margin() {
        let means = means([("new", sample(6)), ("old", sample(4))]);
        let compared = |name| compare(&rule(name), &means["new"], &means["old"]);
        let errors = compared(SignalName::ErrorLog);
        assert_eq!(
            (errors.worse_by_percent, errors.margin_percent),
            (Some(50.0), 10)
        );
        assert_eq!(compared(SignalName::Battery).worse_by_percent, Some(0.0));
        assert_eq!(compared(SignalName::Connectivity).worse_by_percent, None);
    }

    #[test]
    fn nothing_is_said_of_an_empty_group() {
        let full = means([("new", sample(6))])["new"];
        let rule = rule(SignalName::ErrorLog);
        let compared = compare(&rule, &full, &GroupMeans::default());
        assert_eq!(compared.worse_by_percent, None);
    }
}
