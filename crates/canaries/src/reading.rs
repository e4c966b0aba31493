//! What soft signals read on a fleet's devices.
//!
//! Three shapes that fleets have: a battery's drain lies around a middle; error logs have a long tail, and now and then a storm;
//! missed polls are mostly none. A release that is worse makes each reading larger by the same share. Read [`draw`].

use mainstay_plan::SignalName;

use crate::dice::Dice;

/// The share of devices whose error log storms, and by what factor.
const STORM: (f64, f64) = (0.02, 50.0);

/// The share of devices that miss no poll.
const WELL_CONNECTED: f64 = 0.7;

/// One device's reading, in the signal's units.
pub fn draw(signal: SignalName, dice: &mut Dice) -> f64 {
    let around =
        |middle: f64, spread: f64, dice: &mut Dice| middle * (spread * dice.normal()).exp();
    match signal {
        SignalName::Battery => around(20.0, 0.3, dice),
        SignalName::ErrorLog => {
            let storm = if dice.happens(STORM.0) { STORM.1 } else { 1.0 };
            storm * around(5.0, 1.0, dice)
        }
        SignalName::Connectivity if dice.happens(WELL_CONNECTED) => 0.0,
        SignalName::Connectivity => around(1.0, 0.7, dice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half of all readings are below it.
    fn middle(signal: SignalName) -> f64 {
        let mut dice = Dice::of(1, 1);
        let mut readings: Vec<f64> = (0..10_001).map(|_| draw(signal, &mut dice)).collect();
        readings.sort_by(f64::total_cmp);
        readings[5000]
    }

    #[test]
    fn middles_are_as_declared() {
        let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 0.05;
        assert!(near(middle(SignalName::Battery), 20.0));
        assert!(near(middle(SignalName::ErrorLog), 5.0 * 1.025));
        assert_eq!(middle(SignalName::Connectivity), 0.0);
    }
}
