//! The station: one sample a second, one report a minute, for ever.
//!
//! [`Station`] is the part without hardware, and [`run`] is the loop around it. The loop never
//! stops after a failed self-test: a device that still talks can still be rolled back.
//!
//! Lines on the serial port, which other programs read:
//!
//! ```text
//! mainstay-demo 1.1.0
//! self-test ok uptime=0s
//! sample average=2164 count=60
//! self-test ok uptime=60s
//! self-test FAILED uptime=240s: sample pool exhausted
//! ```

use crate::calibration;
use crate::pool::Pool;
use crate::sampler::{Sample, TakeSample};
use crate::self_test::{self, Fault};
use crate::sensor::Sensor;

/// Seconds between two reports: short enough to steer a rollout by, long enough to keep the serial
/// line quiet.
pub const REPORT_PERIOD_S: u32 = 60;

/// What distinguishes one released version from another.
#[derive(Debug)]
pub struct Release {
    /// Version as it is printed at start and written on the artifact.
    pub version: &'static str,
    /// How this version takes a sample.
    pub take_sample: TakeSample,
    /// Whether each report says the average of its minute (since 1.1.0).
    pub reports_average: bool,
}

/// Everything that the station remembers. It lives on the stack of [`run`].
#[derive(Debug, Default)]
pub struct Station {
    pool: Pool,
    sensor: Sensor,
    minute: Minute,
}

impl Station {
    /// Takes one sample and counts it if it says something about the temperature.
    pub fn sample(&mut self, take_sample: TakeSample) {
        if let Sample::Centidegrees(value) = take_sample(&mut self.pool, &mut self.sensor) {
            self.minute.add(value);
        }
    }

    /// Tests the table in flash and this station's own pool.
    ///
    /// # Errors
    /// The first [`Fault`] found.
    pub fn self_test(&mut self) -> Result<(), Fault> {
        self_test::run(&calibration::TABLE, &mut self.pool)
    }

    /// Samples since the last call.
    pub fn close_minute(&mut self) -> Minute {
        core::mem::take(&mut self.minute)
    }
}

/// Samples since the last report. At most 60 sixteen-bit values, so the sum cannot overflow.
#[derive(Debug, Default, Clone, Copy)]
pub struct Minute {
    sum: u32,
    count: u32,
}

impl Minute {
    /// Samples counted.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Mean in hundredths of a degree, or `None` without samples.
    #[must_use]
    pub const fn average(self) -> Option<u32> {
        self.sum.checked_div(self.count)
    }

    const fn add(&mut self, value: u16) {
        self.sum += value as u32;
        self.count += 1;
    }
}

/// Runs a version on the device. This is the whole application.
#[cfg(target_os = "none")]
pub fn run(release: &Release) -> ! {
    let mut uart = crate::board::Uart::start();
    let mut seconds = crate::board::Seconds::start();
    let mut station = Station::default();
    let mut uptime_s: u32 = 0;

    uart.line(format_args!("mainstay-demo {}", release.version));
    report(&mut uart, &mut station, release, uptime_s);
    loop {
        seconds.wait_for_next();
        uptime_s = uptime_s.wrapping_add(1);
        station.sample(release.take_sample);
        if uptime_s.is_multiple_of(REPORT_PERIOD_S) {
            report(&mut uart, &mut station, release, uptime_s);
        }
    }
}

#[cfg(target_os = "none")]
fn report(uart: &mut crate::board::Uart, station: &mut Station, release: &Release, uptime_s: u32) {
    let minute = station.close_minute();
    if release.reports_average
        && let Some(average) = minute.average()
    {
        uart.line(format_args!(
            "sample average={average} count={}",
            minute.count()
        ));
    }
    match station.self_test() {
        Ok(()) => uart.line(format_args!("self-test ok uptime={uptime_s}s")),
        Err(fault) => uart.line(format_args!("self-test FAILED uptime={uptime_s}s: {fault}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::{mean, mean_if_quiet};

    /// First report, in seconds, whose self-test fails within ten minutes.
    fn first_failure_s(take_sample: TakeSample) -> Option<u32> {
        let mut station = Station::default();
        (1..=600).find(|uptime_s| {
            station.sample(take_sample);
            uptime_s % REPORT_PERIOD_S == 0 && station.self_test().is_err()
        })
    }

    #[test]
    fn good_versions_keep_passing_and_the_faulty_one_fails_at_its_fourth_report() {
        assert_eq!(first_failure_s(mean), None);
        assert_eq!(first_failure_s(mean_if_quiet), Some(240));
    }

    #[test]
    fn a_minute_without_samples_has_no_average() {
        assert_eq!(Station::default().close_minute().average(), None);
    }
}
