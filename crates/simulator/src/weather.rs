//! The noise in which health must be judged: error-log lines, battery drain, missed polls.
//!
//! Ordinary noise differs from device to device, and a faulty image adds to it. None of it makes a
//! device fail by itself; it is what a plan's soft signals compare, and what operators see beside the hard failures. Every simulated
//! device measures all of it.

use mainstay_protocol::{Health, Measures, SelfTest};

use crate::behaviour::Behaviour;
use crate::dice::Dice;

/// Error-log lines an hour that an ordinary device writes, at most.
const ORDINARY_ERROR_LOGS_MAX: u64 = 3;
/// Battery drain of an ordinary device in thousandths a day: from this ...
const ORDINARY_DRAIN_FROM: u64 = 8;
/// ... over this span.
const ORDINARY_DRAIN_SPAN: u64 = 5;
/// An image that fills its error log also wakes its processor more often.
const EXTRA_DRAIN_WHEN_FAULTY: u16 = 6;

/// What a device measures of itself after `uptime_s` seconds of running an image.
pub fn measure(
    behaviour: &Behaviour,
    hardware: &str,
    uptime_s: u64,
    missed_polls: u16,
    dice: &mut Dice,
) -> Health {
    let extra_logs = behaviour.extra_error_logs_per_hour(uptime_s, hardware);
    let extra_drain = match extra_logs {
        0 => behaviour.extra_drain_permille_per_day(),
        _ => EXTRA_DRAIN_WHEN_FAULTY,
    };
    let drain = ORDINARY_DRAIN_FROM + dice.below(ORDINARY_DRAIN_SPAN);
    Health {
        uptime_s: u32::try_from(uptime_s).unwrap_or(u32::MAX),
        error_logs_per_hour: small(dice.below(ORDINARY_ERROR_LOGS_MAX + 1)) + extra_logs,
        battery_drain_permille_per_day: small(drain).saturating_add(extra_drain),
        missed_polls,
        self_test: match behaviour.self_test_passes(uptime_s, hardware) {
            true => SelfTest::Passed,
            false => SelfTest::Failed,
        },
        measures: Some(Measures {
            error_log: true,
            battery: true,
        }),
    }
}

/// A number that is below a thousand by the constants above.
fn small(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
