//! Calibration: turns a raw reading of the 10-bit converter into hundredths of a degree Celsius.
//!
//! The table is the data that every sample depends on, so the self-test checks it against
//! [`CHECKSUM`]. Nothing ever changes the table at run time.

use crate::crc::crc32;

/// One point every 64 raw steps, both ends included.
pub const POINTS: usize = 17;

/// Temperature in hundredths of a degree at raw readings 0, 64, 128 ... 1024 of a slightly bent
/// thermistor curve.
pub static TABLE: [u16; POINTS] = CURVE;

/// What [`crc32`] of the table must give. The compiler computes it, so a damaged flash cannot
/// change both alike.
pub const CHECKSUM: u32 = crc32(&CURVE);

const CURVE: [u16; POINTS] = [
    0, 310, 602, 880, 1146, 1404, 1655, 1902, 2148, 2395, 2646, 2903, 3168, 3445, 3736, 4045, 4376,
];

const RAW_STEP: u16 = 64;
const RAW_MAX: u16 = 1023;

/// Temperature for a raw reading, on the straight line between the two nearest points of the table.
#[must_use]
pub fn centidegrees(raw: u16) -> u16 {
    let raw = raw.min(RAW_MAX);
    let index = usize::from(raw / RAW_STEP);
    let (below, above) = (TABLE[index], TABLE[index + 1]);
    below + (above - below) * (raw % RAW_STEP) / RAW_STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meets_the_points_and_rises_between_them() {
        assert_eq!(centidegrees(0), 0);
        assert_eq!(centidegrees(512), 2148);
        assert_eq!(centidegrees(544), (2148 + 2395) / 2);
        assert!((0..RAW_MAX).all(|raw| centidegrees(raw) <= centidegrees(raw + 1)));
    }

    #[test]
    fn a_reading_beyond_the_converter_counts_as_its_highest() {
        assert_eq!(centidegrees(u16::MAX), centidegrees(RAW_MAX));
    }
}
