//! How soon the fleet had a release: shares of the active devices that confirmed it. Read [`Adopted::reached`].
//!
//! Only devices that were drawn are counted. Where the waves end before they have drawn everybody, a share of these is none of the
//! fleet: it is told, and meets no goal.

use jiff::{SignedDuration, Timestamp};

use super::Part;
use super::level::{Figure, Found, Goal, Measure, Standing, devices, span};
use super::tally::seconds;

/// The confirmations of one or several releases, in their order.
pub(super) struct Adopted {
    /// Seconds from each release's start, rising.
    after_s: Vec<u32>,
    active: u64,
    unreachable: u64,
    /// For each release: seconds since its start, and active devices that may still get it.
    going_on: Vec<(u64, u64)>,
    /// Where the waves of those releases end that don't reach everybody, in percent of the devices outside the canary.
    ending_at: Vec<u8>,
    /// Releases that were halted: they reach nobody any more, and say nothing of how soon one does.
    halted: usize,
}

impl Adopted {
    pub fn of(parts: &[Part<'_>], now: Timestamp) -> Self {
        let counted = parts
            .iter()
            .filter(|(rolled, _)| rolled.halted_at.is_none());
        let mut adopted = Self {
            after_s: Vec::new(),
            active: 0,
            unreachable: 0,
            going_on: Vec::new(),
            ending_at: Vec::new(),
            halted: parts.len(),
        };
        for (rolled, tally) in counted {
            adopted.halted -= 1;
            adopted.after_s.extend(&tally.adopted_after_s);
            adopted.active += tally.counts.active();
            adopted.unreachable += tally.counts.unreachable;
            let may_follow = tally.may_follow(rolled);
            adopted
                .going_on
                .push((seconds(rolled.started_at, now), may_follow));
            adopted.ending_at.extend(rolled.ends_at_percent);
        }
        adopted.after_s.sort_unstable();
        adopted
    }

    /// When `measure`'s share of the active devices had it, against `goal`. It is met once enough had it in time, if these
    /// stand for the fleet, and missed once not enough can.
    pub fn reached(&self, measure: Measure, goal: Option<SignedDuration>) -> Found {
        let percent = measure.percent().unwrap_or(100);
        let needed = self.needed(percent);
        let figure = self.after(needed).map(|seconds| Figure::Time { seconds });
        let goal = goal.map(Goal::within);
        let (standing, ending) = self.stands(needed, goal);
        Found {
            measure,
            figure,
            goal,
            standing,
            because: self.sentence(percent, needed, &ending),
        }
    }

    /// So many devices are `percent` of the active ones, a begun one counted.
    fn needed(&self, percent: u8) -> u64 {
        (self.active * u64::from(percent)).div_ceil(100)
    }

    /// After how many seconds so many had it.
    fn after(&self, needed: u64) -> Option<u64> {
        let last = usize::try_from(needed.checked_sub(1)?).ok()?;
        self.after_s.get(last).map(|after| u64::from(*after))
    }

    fn stands(&self, needed: u64, goal: Option<Goal>) -> (Standing, String) {
        let part = self.only_a_part();
        let Some(Goal::Within { seconds: promised }) = goal else {
            let told = part.map(|part| format!("; {part}"));
            return (Standing::NoGoal, told.unwrap_or_default());
        };
        if needed == 0 {
            return (Standing::Unsaid, String::new());
        }
        // Too few of those that were drawn are too few of the fleet as well: the others of it can't get it at all.
        let (in_time, may_follow) = self.within(promised);
        let standing = match () {
            () if in_time + may_follow < needed => Standing::Missed,
            () if in_time >= needed && part.is_none() => Standing::Met,
            () => Standing::Unsaid,
        };
        let but = match (part, standing) {
            (Some(part), _) => format!(", and {part}"),
            (None, Standing::Unsaid) => ", and there is time left".to_owned(),
            (None, _) => String::new(),
        };
        (standing, format!("; {} are promised{but}", span(promised)))
    }

    /// How many had it within so many seconds, and how many more still may.
    fn within(&self, promised: u64) -> (u64, u64) {
        let in_time = self
            .after_s
            .partition_point(|after| u64::from(*after) <= promised) as u64;
        let still_in_time = |going_on: &&(u64, u64)| going_on.0 <= promised;
        let may_follow: u64 = self
            .going_on
            .iter()
            .filter(still_in_time)
            .map(|one| one.1)
            .sum();
        (in_time, may_follow)
    }

    /// Why the devices that were drawn don't stand for the fleet; none if they do.
    fn only_a_part(&self) -> Option<String> {
        let all = self.going_on.len();
        match (self.ending_at.as_slice(), all) {
            ([], _) => None,
            ([0], 1) => Some("its waves end with the canary".to_owned()),
            ([percent], 1) => Some(format!("its waves end at {percent} % of the fleet")),
            (some, _) => Some(format!(
                "{} of {all} releases reach only a part of the fleet",
                some.len()
            )),
        }
    }

    fn sentence(&self, percent: u8, needed: u64, ending: &str) -> String {
        let (have, active) = (self.after_s.len(), self.active);
        let apart = match self.unreachable {
            0 => String::new(),
            count => format!(", {} that can't be reached left out", devices(count)),
        };
        match self.after(needed) {
            None if active == 0 && self.unreachable > 0 => {
                format!("None of {} can be reached.", devices(self.unreachable))
            }
            None if active == 0 && self.halted > 0 => {
                "It was halted, and reaches nobody any more.".to_owned()
            }
            None if active == 0 => "It has no devices.".to_owned(),
            Some(after) => {
                let after = span(after);
                format!(
                    "{percent} % of {active} active devices had it verified after {after}{apart}{ending}."
                )
            }
            None => format!(
                "{have} of {active} active devices have it verified, {needed} are {percent} %{apart}{ending}."
            ),
        }
    }
}
