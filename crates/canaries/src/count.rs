//! How thousands of canaries end.

use mainstay_plan as plan;

use crate::canary::{Canary, Ending, Lived};
use crate::dice::Dice;
use crate::fate;
use crate::naive;
use crate::world::World;

/// How many of so many canaries ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// All of them.
    pub canaries: u32,
    /// Halted.
    pub halts: u32,
    /// Asked a person.
    pub asks: u32,
    /// Would have halted if outcomes were counted as they come.
    pub as_they_come: u32,
    /// Would have halted if silence were failure.
    pub silence_is_failure: u32,
}

impl Count {
    /// How many went on by themselves.
    #[must_use]
    pub fn goes_on(&self) -> u32 {
        self.canaries - self.halts - self.asks
    }

    /// The share, in percent, that a number of them makes.
    #[must_use]
    pub fn percent(&self, number: u32) -> f64 {
        100.0 * f64::from(number) / f64::from(self.canaries.max(1))
    }

    /// Four standard errors of a share that is `percent` in truth, in percent.
    #[must_use]
    pub fn tolerance(&self, percent: f64) -> f64 {
        let share = percent / 100.0;
        400.0 * (share * (1.0 - share) / f64::from(self.canaries.max(1))).sqrt()
    }

    fn and(self, other: Self) -> Self {
        Self {
            canaries: self.canaries + other.canaries,
            halts: self.halts + other.halts,
            asks: self.asks + other.asks,
            as_they_come: self.as_they_come + other.as_they_come,
            silence_is_failure: self.silence_is_failure + other.silence_is_failure,
        }
    }
}

/// What is counted.
#[derive(Debug, Clone)]
pub struct Case {
    /// What the plan declares.
    pub rule: plan::HardFailure,
    /// The percentage of devices on which the release fails.
    pub rate: f64,
    /// The canary's size.
    pub devices: u32,
    /// Where the devices stand.
    pub world: World,
}

/// Lives through `canaries` of them, on so many threads. The same seed gives the same count.
#[must_use]
pub fn count(case: &Case, canaries: u32, seed: u64, threads: u32) -> Count {
    shared(canaries, threads, |numbers| some(case, numbers, seed))
}

/// The numbers of the canaries that one of several threads lives through.
pub(crate) type Numbers = core::iter::StepBy<core::ops::Range<u32>>;

/// Shares the numbers from 0 up to `canaries` among threads, and adds up what each counts.
pub(crate) fn shared(canaries: u32, threads: u32, some: impl Fn(Numbers) -> Count + Sync) -> Count {
    let (threads, some) = (threads.max(1), &some);
    std::thread::scope(|scope| {
        let part = |first| scope.spawn(move || some((first..canaries).step_by(threads as usize)));
        let parts: Vec<_> = (0..threads).map(part).collect();
        let counts = parts
            .into_iter()
            .map(|part| part.join().expect("no thread panics"));
        counts.fold(Count::default(), Count::and)
    })
}

fn some(case: &Case, numbers: impl Iterator<Item = u32>, seed: u64) -> Count {
    let canary = Canary::new(&case.rule, case.devices as usize, &case.world);
    let mut fates = Vec::new();
    let mut count = Count::default();
    for number in numbers {
        let mut dice = Dice::of(seed, u64::from(number));
        fate::draw(
            &case.world,
            canary.fleet(),
            case.rate / 100.0,
            &mut dice,
            &mut fates,
        );
        let Lived { ending, fates } = canary.live(seed ^ u64::from(number), &fates);
        count = count.and(Count {
            canaries: 1,
            halts: u32::from(ending == Ending::Halts),
            asks: u32::from(ending == Ending::Asks),
            as_they_come: u32::from(naive::as_they_come(&case.rule, &fates)),
            silence_is_failure: u32::from(naive::silence_is_failure(&case.rule, &fates)),
        });
    }
    count
}
