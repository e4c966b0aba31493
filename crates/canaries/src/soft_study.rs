//! The second study: canaries that are compared with devices held back.
//!
//! What must hold: a release that is at its margin in every signal, or better, is halted in at most the soft signals' share of alpha of all canaries; one that is
//! worse by half or more goes on by itself in at most alpha of them, where readings are more than next to nothing; and where devices fall silent whatever they run, a
//! person is asked about silence in at most alpha of them. Read [`run`], then [`Row`].

use mainstay_plan::SignalName;

use crate::canary::Ending;
use crate::compared::{Compared, Comparing};
use crate::count::{Count, shared};
use crate::dice::Dice;
use crate::study::{ALPHA, Amount};
use crate::world::FIELD;

/// What is read on releases, in percent of as much as the plan allows: no more than before, just as much, and beyond.
pub const WORSE: [u32; 4] = [0, 100, 150, 200];

/// The share of updated devices that releases silence, in percent.
pub const SILENCED: [u32; 3] = [0, 10, 20];

/// The signals of each row, with the canary's size, and how many percent of the devices bear the harm.
const READ: [(&[SignalName], u32, u32); 7] = [
    (&[SignalName::Battery], 40, 100),
    (&[SignalName::Battery], 100, 100),
    (&[SignalName::ErrorLog], 100, 100),
    (&[SignalName::Connectivity], 100, 100),
    (&ALL, 100, 100),
    (&ALL, 250, 100),
    (&[SignalName::Battery], 100, 10),
];

/// Every signal that a plan may name.
const ALL: [SignalName; 3] = [
    SignalName::Battery,
    SignalName::ErrorLog,
    SignalName::Connectivity,
];

/// The share that loses its network whatever it runs, in percent, with the canary's size.
const SILENT: [(u32, u32); 3] = [(4, 40), (4, 100), (40, 100)];

/// What became of one kind of comparison.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was compared; how bad the release was stands with the counts.
    pub comparing: Comparing,
    /// The release's fault in percent (of [`WORSE`] or [`SILENCED`]), with how canaries ended.
    pub counts: Vec<(u32, Count)>,
}

impl Row {
    /// Whether a bad release is promised not to go on: not where most readings lie below one unit, the smallest step that is
    /// told. Half as much again of next to nothing is little.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.comparing.signals != [SignalName::Connectivity] && self.is_judged()
    }

    /// Whether anything is promised of it: not where the harm gathers in a few devices, which is shown and no more.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.comparing.among == 100
    }
}

/// Both tables.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Soft signals.
    pub read: Vec<Row>,
    /// Silence.
    pub silent: Vec<Row>,
}

/// Lives through all canaries; `told` hears of each row as it is done.
pub fn run(amount: Amount, mut told: impl FnMut(&Row)) -> Rows {
    let mut rows = Rows::default();
    for (signals, devices, among) in READ {
        let comparing = Comparing {
            signals,
            is_quiet: false,
            devices,
            worse: 0,
            among,
            silent: FIELD.silent,
            silenced: 0.0,
        };
        let with = |worse| Comparing { worse, ..comparing };
        let done = row(comparing, &WORSE, with, amount);
        told(&done);
        rows.read.push(done);
    }
    for (silent, devices) in SILENT {
        let comparing = Comparing {
            signals: &ALL[..1],
            is_quiet: true,
            devices,
            worse: 0,
            among: 100,
            silent: f64::from(silent) / 100.0,
            silenced: 0.0,
        };
        let with = |silenced: u32| Comparing {
            silenced: f64::from(silenced) / 100.0,
            ..comparing
        };
        let done = row(comparing, &SILENCED, with, amount);
        told(&done);
        rows.silent.push(done);
    }
    rows
}

fn row(
    comparing: Comparing,
    faults: &[u32],
    with: impl Fn(u32) -> Comparing,
    amount: Amount,
) -> Row {
    let counts = faults
        .iter()
        .map(|fault| (*fault, count(&with(*fault), amount)));
    Row {
        comparing,
        counts: counts.collect(),
    }
}

fn count(comparing: &Comparing, amount: Amount) -> Count {
    shared(amount.canaries, amount.threads, |numbers| {
        let fleet = Compared::new(comparing);
        let mut count = Count::default();
        for number in numbers {
            let mut dice = Dice::of(amount.seed, u64::from(number));
            let ending = fleet.live(amount.seed ^ u64::from(number), &mut dice);
            count.canaries += 1;
            count.halts += u32::from(ending == Ending::Halts);
            count.asks += u32::from(ending == Ending::Asks);
        }
        count
    })
}

/// What doesn't hold, as sentences; each share may miss by four standard errors.
#[must_use]
pub fn broken(rows: &Rows) -> Vec<String> {
    let alpha = f64::from(ALPHA);
    let judged = rows.read.iter().filter(|row| row.is_judged());
    let read = judged.flat_map(|row| {
        row.counts.iter().filter_map(|(worse, count)| match worse {
            worse if *worse <= 100 => {
                let most = Compared::new(&row.comparing).halts_max();
                too_many("halts", row, *worse, count, (count.halts, most))
            }
            _ if !row.is_told() => None,
            worse => too_many("goes on", row, *worse, count, (count.goes_on(), alpha)),
        })
    });
    let silent = rows.silent.iter().flat_map(|row| {
        let idle = row.counts.iter().filter(|(silenced, _)| *silenced == 0);
        idle.filter_map(|(fault, count)| too_many("asks", row, *fault, count, (count.asks, alpha)))
    });
    read.chain(silent).collect()
}

/// If `number` of the counted canaries are more than `most` percent.
fn too_many(
    what: &str,
    row: &Row,
    fault: u32,
    count: &Count,
    (number, most): (u32, f64),
) -> Option<String> {
    let found = count.percent(number);
    let Comparing {
        signals, devices, ..
    } = row.comparing;
    (found > most + count.tolerance(most)).then(|| {
        format!("{signals:?}, {devices} devices, a fault of {fault} %: {found:.2} % {what}, {most} % allowed")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand canaries of one fault, so many of which halt and so many ask.
    fn rows(signals: &'static [SignalName], fault: u32, halts: u32, asks: u32) -> Rows {
        let comparing = Comparing {
            signals,
            is_quiet: false,
            devices: 100,
            worse: 0,
            among: 100,
            silent: 0.0,
            silenced: 0.0,
        };
        let count = Count {
            canaries: 1000,
            halts,
            asks,
            ..Count::default()
        };
        let row = Row {
            comparing,
            counts: vec![(fault, count)],
        };
        Rows {
            read: vec![row.clone()],
            silent: vec![row],
        }
    }

    #[test]
    fn what_gathers_in_few_devices_is_shown_and_not_judged() {
        let mut few = rows(&ALL, 100, 900, 0);
        assert_eq!(broken(&few).len(), 1);
        few.read[0].comparing.among = 10;
        assert_eq!(broken(&few), [""; 0]);
    }

    #[test]
    fn promises_are_held_to_their_numbers() {
        let broken = |rows: &Rows| broken(rows).len();
        assert_eq!(
            broken(&rows(&ALL, 100, 22, 900)),
            0,
            "a fifth of alpha, within four standard errors"
        );
        assert_eq!(broken(&rows(&ALL, 100, 23, 900)), 1, "halted at the margin");
        assert_eq!(broken(&rows(&ALL, 150, 900, 22)), 1, "went on though worse");
        assert_eq!(
            broken(&rows(READ[3].0, 150, 900, 22)),
            0,
            "nothing is told of next to nothing"
        );
        assert_eq!(
            broken(&rows(&ALL, 0, 0, 78)),
            1,
            "asked about silence without any"
        );
    }
}
