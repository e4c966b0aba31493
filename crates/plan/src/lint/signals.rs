//! Whether what goes wrong without failing is judged, and can be.

use super::{Broken, Case, Reason, Rule};
use crate::class::Class;
use crate::finding::Severity;
use crate::health::SignalName;

/// A release isn't shown to be no worse in a signal by fewer than this share of devices that measure it; rollouts ask a person
/// then.
const READ_PERCENT_MIN: u64 = 75;
/// Of a class of which fewer devices were heard lately, nothing is said.
const HEARD_PERCENT_MIN: u64 = 50;

pub(super) const FMP037: Rule = Rule {
    reason: Reason {
        id: "FMP037",
        why: "a release that drains batteries or floods logs installs as well as any other",
        source: "SRE practice; Fitbit 2022",
    },
    severity: Severity::Error,
    statement: "What devices measure is judged, and what is judged they measure.",
    judge,
};

fn judge(case: &Case<'_>) -> Vec<Broken> {
    let classes = case.plan.classes.iter();
    let of_class = |class| {
        let measured = measured(case, class).into_iter().flatten();
        measured.filter_map(move |measured| unlike(case, class, &measured))
    };
    classes.flat_map(of_class).collect()
}

/// How many devices measure a signal, of those that were heard.
struct Measured {
    signal: SignalName,
    devices: u32,
    heard: u32,
}

impl Measured {
    fn is_measured(&self) -> bool {
        u64::from(self.devices) * 100 >= u64::from(self.heard) * READ_PERCENT_MIN
    }

    fn told(&self, class: &Class) -> String {
        let what = match self.signal {
            SignalName::ErrorLog => "error log",
            SignalName::Battery => "battery's drain",
            SignalName::Connectivity => "missed polls",
        };
        let Self { devices, heard, .. } = self;
        format!(
            "Of {heard} devices of {} that were heard lately, {devices} measure their {what}",
            class.id
        )
    }
}

/// What devices measure themselves: missed polls are counted by the server.
fn measured(case: &Case<'_>, class: &Class) -> Option<[Measured; 2]> {
    let known = case.facts.measuring_by_class.get(&class.id)?;
    let registered = case.facts.devices_by_class.get(&class.id).copied();
    let heard = known.heard;
    let enough =
        u64::from(heard) * 100 >= u64::from(registered.unwrap_or(heard)) * HEARD_PERCENT_MIN;
    let of = |signal, devices| Measured {
        signal,
        devices,
        heard,
    };
    (heard > 0 && enough).then(|| {
        [
            of(SignalName::ErrorLog, known.error_log),
            of(SignalName::Battery, known.battery),
        ]
    })
}

/// To be looked at: devices learn to measure, and forget it, by the very updates that a plan is for.
fn unlike(case: &Case<'_>, class: &Class, measured: &Measured) -> Option<Broken> {
    let id = measured.signal.id();
    let mut soft = case.plan.health.soft.iter();
    let is_judged = soft.any(|soft| soft.name == measured.signal);
    let told = measured.told(class);
    let broken = match (is_judged, measured.is_measured()) {
        (true, false) => Broken::new(
            format!("health.{id}"),
            format!(
                "{told}: no release can be shown to be no worse, and a person is asked in every wave but the last."
            ),
            format!("take [health.{id}] out until they do"),
        ),
        (false, true) => Broken::new(
            "health.install",
            format!("{told}, and nothing judges it."),
            format!("[health.{id}] with worse_by_at_most, as docs/concepts/statistics.md advises"),
        ),
        _ => return None,
    };
    Some(broken.mild())
}
