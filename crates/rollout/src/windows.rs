//! The windows of a rollout's zones, each remembered while it stays as it is.
//!
//! Finding out when a window opens means looking at nights, clocks and holidays. Whoever asks about many devices in one
//! go, as a preview does, asks once a zone and change. Asked for the first time it tells exactly what
//! [`mainstay_plan::Window::state`] says; asked again, *why* a closed window is closed may be of a moment ago, *when* it
//! opens never is. Read [`Windows`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mainstay_fleet::Zone;
use mainstay_plan::WindowState;

use crate::rules::Rules;
use crate::wait::Wait;

/// The windows of one rollout's zones. In no zone may time run backwards.
#[derive(Debug, Default)]
pub(crate) struct Windows(BTreeMap<String, Remembered>);

#[derive(Debug)]
struct Remembered {
    zone: TimeZone,
    state: WindowState,
}

impl Windows {
    /// The state of the window in `zone`.
    ///
    /// # Errors
    /// [`Wait::UnknownZone`] if there is no such zone.
    pub(crate) fn state(
        &mut self,
        rules: &Rules,
        zone: &str,
        now: Timestamp,
    ) -> Result<&WindowState, Wait> {
        if !self.0.contains_key(zone) {
            let remembered = Remembered::first(rules, zone, now)?;
            self.0.insert(zone.to_owned(), remembered);
        }
        let remembered = self.0.get_mut(zone).expect("it was just put there");
        remembered.bring_up_to(rules, now);
        Ok(&remembered.state)
    }
}

impl Remembered {
    fn first(rules: &Rules, zone: &str, now: Timestamp) -> Result<Self, Wait> {
        let unknown = |_| Wait::UnknownZone {
            zone: zone.to_owned(),
        };
        let zone = Zone::parse(zone).map_err(unknown)?.time_zone().clone();
        let state = rules.window.state(now, &zone, &rules.blackout);
        Ok(Self { zone, state })
    }

    fn bring_up_to(&mut self, rules: &Rules, now: Timestamp) {
        let ends = match &self.state {
            WindowState::Open { until, .. } => until,
            WindowState::Opens { at, .. } => at,
        };
        if now >= *ends {
            self.state = rules.window.state(now, &self.zone, &rules.blackout);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jiff::civil::time;
    use mainstay_plan::{Blackout, DaySet};

    use super::*;
    use crate::testing;

    /// When the window changes next, and whether it is open until then.
    fn change(state: &WindowState) -> (bool, Timestamp) {
        match state {
            WindowState::Open { until, .. } => (true, *until),
            WindowState::Opens { at, .. } => (false, *at),
        }
    }

    /// Over the night on which clocks go back, a weekend and a holiday, every eleven minutes.
    #[test]
    fn what_is_remembered_is_what_a_fresh_look_tells() {
        let mut rules = testing::rules();
        rules.window.from = time(1, 30, 0, 0);
        rules.window.until = time(4, 0, 0, 0);
        rules.window.days = DaySet::parse("Mon-Thu").expect("days");
        rules.blackout = vec![Blackout::UsFederalHolidays];
        let start: Timestamp = "2026-10-30T12:00:00Z".parse().expect("a constant");
        let mut windows = Windows::default();
        for minutes in (0..40 * 24 * 60).step_by(11) {
            let now = start + SignedDuration::from_mins(minutes);
            for zone in ["America/Denver", "America/Phoenix", "Pacific/Guam"] {
                let tz = TimeZone::get(zone).expect("a zone");
                let fresh = rules.window.state(now, &tz, &rules.blackout);
                let remembered = windows.state(&rules, zone, now).expect("a zone");
                assert_eq!(change(remembered), change(&fresh), "{zone} {now}");
            }
        }
    }

    #[test]
    fn a_zone_that_is_none_is_told_each_time() {
        let (rules, mut windows) = (testing::rules(), Windows::default());
        let unknown = Err(Wait::UnknownZone {
            zone: "Mars/Olympus".to_owned(),
        });
        for _ in 0..2 {
            let told = windows.state(&rules, "Mars/Olympus", testing::at(0));
            assert_eq!(told.map(|_| ()), unknown);
        }
    }
}
