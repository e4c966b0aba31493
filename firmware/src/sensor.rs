//! The sensor: a stand-in for a thermistor, since QEMU's machine has no analogue converter.
//!
//! Readings are computed, the same after every reset: a level, a little noise, and a disturbed line
//! whenever the pump beside the sensor starts. It never touches hardware, so the same source runs
//! in host tests.

use crate::pool::BLOCK_READINGS;

/// The pump starts at every eleventh burst, which is about every eleven seconds at one burst a
/// second.
pub const PUMP_PERIOD_BURSTS: u32 = 11;

/// Raw reading around which the noise plays: 21.5 degrees.
const LEVEL_RAW: u16 = 512;

/// What a starting pump adds to one reading of the burst.
const PUMP_SPIKE_RAW: u16 = 300;

/// Source of raw readings in the range of a 10-bit converter.
#[derive(Debug)]
pub struct Sensor {
    noise: u32,
    bursts: u32,
}

impl Sensor {
    /// A sensor just after power-on.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            noise: 1,
            bursts: 0,
        }
    }

    /// Fills one burst of readings. One reading in the burst of a starting pump stands out.
    pub fn read_burst(&mut self, readings: &mut [u16; BLOCK_READINGS]) {
        self.bursts = self.bursts.wrapping_add(1);
        for reading in readings.iter_mut() {
            *reading = LEVEL_RAW + self.next_noise();
        }
        if self.bursts.is_multiple_of(PUMP_PERIOD_BURSTS) {
            readings[BLOCK_READINGS / 2] += PUMP_SPIKE_RAW;
        }
    }

    /// Noise of 0 to 7 raw steps: the high bits of a linear congruential generator (Numerical
    /// Recipes, section 7.1).
    fn next_noise(&mut self) -> u16 {
        self.noise = self
            .noise
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        (self.noise >> 29) as u16
    }
}

impl Default for Sensor {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_burst_of_a_starting_pump_stands_out() {
        let mut sensor = Sensor::new();
        let mut readings = [0; BLOCK_READINGS];
        for burst in 1..=3 * PUMP_PERIOD_BURSTS {
            sensor.read_burst(&mut readings);
            let disturbed = readings
                .iter()
                .any(|reading| *reading >= LEVEL_RAW + PUMP_SPIKE_RAW);
            assert_eq!(
                disturbed,
                burst % PUMP_PERIOD_BURSTS == 0,
                "burst {burst}: {readings:?}"
            );
        }
    }
}
