//! Sampling: one burst of raw readings becomes one temperature. This is where the versions differ.
//!
//! | version | function             | on a disturbed burst                                        |
//! |---------|----------------------|-------------------------------------------------------------|
//! | 1.0.0   | [`mean`]             | averages the spike in                                       |
//! | 1.1.0   | [`mean`]             | the same; the station also reports the minute's average     |
//! | 1.2.0   | [`mean_if_quiet`]    | rejects the burst, and **loses its block** (the real fault) |

use crate::calibration::centidegrees;
use crate::pool::{BLOCK_READINGS, Pool};
use crate::sensor::Sensor;

/// Readings of a quiet burst lie closer together than this many raw steps; the noise alone spans
/// eight.
const QUIET_SPREAD_RAW: u16 = 32;

/// What became of one burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Temperature in hundredths of a degree Celsius.
    Centidegrees(u16),
    /// The line was disturbed, so the burst says nothing about the temperature.
    Disturbed,
    /// No block was free to hold the burst.
    NoBlock,
}

/// How a version takes one sample.
pub type TakeSample = fn(&mut Pool, &mut Sensor) -> Sample;

/// Temperature of the burst's mean reading.
pub fn mean(pool: &mut Pool, sensor: &mut Sensor) -> Sample {
    let Some(block) = pool.take() else {
        return Sample::NoBlock;
    };
    let readings = pool.readings(&block);
    sensor.read_burst(readings);
    let mean = mean_raw(readings);
    pool.give_back(block);
    Sample::Centidegrees(centidegrees(mean))
}

/// Like [`mean`], but a burst with an outlier is rejected instead of averaged.
///
/// The fault of version 1.2.0, kept on purpose: the early return forgets `give_back`, so each start
/// of the pump costs one block. Twenty blocks at one start in eleven seconds last 220 seconds, and
/// the self-test at 240 seconds is the first to find the pool dry. Nothing crashes before that,
/// which is why only watching the device for minutes helps.
pub fn mean_if_quiet(pool: &mut Pool, sensor: &mut Sensor) -> Sample {
    let Some(block) = pool.take() else {
        return Sample::NoBlock;
    };
    let readings = pool.readings(&block);
    sensor.read_burst(readings);
    if spread_raw(readings) > QUIET_SPREAD_RAW {
        return Sample::Disturbed;
    }
    let mean = mean_raw(readings);
    pool.give_back(block);
    Sample::Centidegrees(centidegrees(mean))
}

/// Ten-bit readings cannot overflow the sum: 8 times 1023 is less than 65,536.
fn mean_raw(readings: &[u16; BLOCK_READINGS]) -> u16 {
    readings.iter().sum::<u16>() / BLOCK_READINGS as u16
}

fn spread_raw(readings: &[u16; BLOCK_READINGS]) -> u16 {
    let (lowest, highest) = readings
        .iter()
        .fold((u16::MAX, 0), |(low, high), r| (low.min(*r), high.max(*r)));
    highest - lowest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::POOL_BLOCKS;
    use crate::sensor::PUMP_PERIOD_BURSTS;

    /// Samples that a version takes before its pool runs dry, within one hour of one sample a
    /// second.
    fn samples_until_dry(take_sample: TakeSample) -> Option<usize> {
        let (mut pool, mut sensor) = (Pool::new(), Sensor::new());
        (0..3600).find(|_| take_sample(&mut pool, &mut sensor) == Sample::NoBlock)
    }

    #[test]
    fn mean_gives_every_block_back() {
        assert_eq!(samples_until_dry(mean), None);
    }

    #[test]
    fn mean_if_quiet_loses_a_block_at_each_start_of_the_pump() {
        assert_eq!(
            samples_until_dry(mean_if_quiet),
            Some(POOL_BLOCKS * PUMP_PERIOD_BURSTS as usize)
        );
    }

    #[test]
    fn mean_if_quiet_rejects_only_disturbed_bursts() {
        let (mut pool, mut sensor) = (Pool::new(), Sensor::new());
        for burst in 1..=2 * PUMP_PERIOD_BURSTS {
            let disturbed = mean_if_quiet(&mut pool, &mut sensor) == Sample::Disturbed;
            assert_eq!(disturbed, burst % PUMP_PERIOD_BURSTS == 0, "burst {burst}");
        }
    }
}
