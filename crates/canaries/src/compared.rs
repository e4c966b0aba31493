//! One canary that is compared with devices held back, drawn and lived through by the rollout itself.
//!
//! Devices begin over several nights, and some lose their network for days at any time, on either side. Nobody begins while its network is lost, and
//! those that never begin are never heard of. Each is read at the first poll from its pair's horizon on at which it is heard of, in whole units,
//! as devices count. Read [`Compared::live`].

use std::collections::HashMap;

use jiff::SignedDuration;
use mainstay_fleet::{Device, DeviceId};
use mainstay_plan::{HardFailure, SignalName, SoftSignal, Unit};
use mainstay_rollout::readings::{Wanted, wanted};
use mainstay_rollout::{
    DeviceView, FleetView, Phase, Question, Rollout, RolloutId, Rules, SoftReading, draw, step,
};

use crate::canary::{self, Ending, at, minutes};
use crate::dice::Dice;
use crate::fate::Fate;
use crate::reading;
use crate::world::{FIELD, POLL, SOFT_END, SOFT_HORIZON};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparing {
    /// The plan's soft signals.
    pub signals: &'static [SignalName],
    /// Whether nobody keeps readings, so that silence alone decides.
    pub is_quiet: bool,
    /// The canary's size.
    pub devices: u32,
    /// What is read on the release, in every signal, as the mean of all devices: in percent of as much as the plan allows; at 0, no more than before.
    pub worse: u32,
    /// So many percent of the devices bear all of that.
    pub among: u32,
    /// The share that loses its network for three days at some time, whatever it runs.
    pub silent: f64,
    /// The share of updated devices that the release silences for good.
    pub silenced: f64,
}

/// The margin of a signal in percent, as in the example plan: the more devices differ, the wider, or a person is asked about
/// nearly every release.
#[must_use]
pub fn margin(signal: SignalName) -> u16 {
    match signal {
        SignalName::Battery => 10,
        SignalName::Connectivity => 25,
        SignalName::ErrorLog => 50,
    }
}

/// Minutes between two steps: so often somebody looks, and no more often would find more.
const STEP: i64 = 12 * 60;

/// One device's life, on either side.
#[derive(Debug, Clone)]
struct Life {
    fate: Fate,
    /// In the signal's units, one for each signal, as if it weren't updated.
    readings: Vec<f64>,
    /// Whether it is among those that bear what the release makes worse.
    bears: bool,
    /// Whether the release silences it.
    silenced: bool,
}

/// A fleet whose canaries are compared again and again.
pub struct Compared {
    comparing: Comparing,
    rules: Rules,
    fleet: Vec<Device>,
    numbers: HashMap<DeviceId, usize>,
}

impl Compared {
    /// A fleet of two and a half times the canary.
    #[must_use]
    pub fn new(comparing: &Comparing) -> Self {
        let devices = comparing.devices as usize;
        let fleet: Vec<_> = (0..devices * 5 / 2).map(|n| canary::device(n, n)).collect();
        let numbers = fleet.iter().enumerate();
        Self {
            comparing: *comparing,
            rules: rules(comparing),
            numbers: numbers.map(|(n, d)| (d.id.clone(), n)).collect(),
            fleet,
        }
    }

    /// How many percent of these canaries may be halted for soft signals: their share of alpha.
    #[must_use]
    pub fn halts_max(&self) -> f64 {
        self.rules.shares().soft
    }

    /// Lives through one canary by this seed.
    ///
    /// # Panics
    /// If nobody may get the release, which is so for no fleet of [`Compared::new`].
    #[must_use]
    pub fn live(&self, seed: u64, dice: &mut Dice) -> Ending {
        let drawn = draw(&canary::terms(), &self.rules, seed, &self.fleet, at(0));
        let enrolments = drawn.expect("the whole fleet is eligible");
        let view = |n: usize, wave| DeviceView {
            wave,
            ..canary::view(&self.fleet[n])
        };
        let members = enrolments.iter().map(|e| (self.numbers[&e.device], e.wave));
        let devices: Vec<DeviceView> = members.map(|(n, wave)| view(n, wave)).collect();
        let lives = devices.iter().map(|_| self.life(dice)).collect();
        let rollout = Rollout::start(
            RolloutId(1),
            canary::candidate(),
            self.rules.clone(),
            "00".to_owned(),
            seed,
            &enrolments,
            at(0),
        );
        let fleet = FleetView {
            devices,
            ..FleetView::default()
        };
        self.ending(rollout, fleet, lives)
    }

    fn life(&self, dice: &mut Dice) -> Life {
        let start = dice.below(FIELD.nights) * 24 * 60 + dice.below(3 * 60);
        let is_away = dice.happens(FIELD.away);
        let from = dice.below(SOFT_END);
        let to = from + FIELD.silence;
        let lost = dice.happens(self.comparing.silent);
        let begins = match lost && (from..to).contains(&start) {
            true => to,
            false => start,
        };
        let read = |signal: &SignalName| reading::draw(*signal, dice);
        Life {
            readings: self.comparing.signals.iter().map(read).collect(),
            bears: dice.happens(f64::from(self.comparing.among) / 100.0),
            silenced: dice.happens(self.comparing.silenced),
            fate: Fate {
                begins: (!is_away).then_some(begins),
                fails: None,
                unheard: lost.then_some((from, to)),
                phase: dice.below(POLL),
            },
        }
    }

    fn ending(&self, mut rollout: Rollout, mut view: FleetView, lives: Vec<Life>) -> Ending {
        for now in (0..=SOFT_END + STEP).step_by(STEP as usize) {
            for (device, life) in view.devices.iter_mut().zip(&lives) {
                if device.wave == 0 {
                    device.progress = canary::progress(&life.fate, now);
                }
                let heard = || at(life.heard(now, device.wave == 0));
                device.last_seen = life.fate.begins.map(|_| heard().into());
            }
            let reads = !self.comparing.is_quiet;
            view.readings = reads.then(|| self.read(&rollout, &view, &lives, now));
            rollout = step(&rollout, &view, at(now)).rollout;
            match &rollout.phase {
                Phase::Halted { .. } => return Ending::Halts,
                Phase::Rolling { wave } if *wave > 0 => return Ending::GoesOn,
                Phase::AwaitsHuman {
                    question: Question::SilenceExcess { .. },
                    ..
                } => return Ending::Asks,
                _ => {}
            }
        }
        Ending::Asks
    }

    /// All readings that are wanted and could be taken up to `now`.
    fn read(
        &self,
        rollout: &Rollout,
        view: &FleetView,
        lives: &[Life],
        now: i64,
    ) -> Vec<SoftReading> {
        let devices = view.devices.iter().zip(lives);
        let lives: HashMap<_, _> = devices
            .map(|(d, life)| (&d.id, (d.wave == 0, life)))
            .collect();
        let take = |wanted: Wanted| {
            let (treated, life) = lives[&wanted.device];
            let n = self
                .comparing
                .signals
                .iter()
                .position(|s| *s == wanted.signal)?;
            let worse = match treated && life.bears {
                true => self.comparing.factor(wanted.signal),
                false => 1.0,
            };
            Some(SoftReading {
                at: at(life.heard_from(minutes(wanted.at), now, treated)?),
                device: wanted.device,
                signal: wanted.signal,
                // Readings are far below the largest number of 32 bits.
                milli: (life.readings[n] * worse).round() as u32 * 1000,
            })
        };
        wanted(rollout, view).into_iter().filter_map(take).collect()
    }
}

impl Comparing {
    /// By what the readings of a device that bears the fault are multiplied.
    fn factor(&self, signal: SignalName) -> f64 {
        if self.worse == 0 {
            return 1.0;
        }
        let allowed = 1.0 + f64::from(margin(signal)) / 100.0;
        let mean = allowed * f64::from(self.worse) / 100.0;
        1.0 + (mean - 1.0) * 100.0 / f64::from(self.among)
    }
}

impl Life {
    /// The newest minute up to `now` at which it was heard of.
    fn heard(&self, now: i64, treated: bool) -> i64 {
        let end = self.fate.begins.map(|begins| begins + 6 * POLL);
        match end.filter(|_| self.silenced && treated) {
            Some(end) => self.fate.heard(now.min(end)),
            None => self.fate.heard(now),
        }
    }

    /// The first minute from `due` to `now` at which it is heard of, at one of the polls that still count.
    fn heard_from(&self, due: i64, now: i64, treated: bool) -> Option<i64> {
        let polls = (due..=now.min(due + 4 * POLL)).step_by(POLL as usize);
        polls
            .map(|at| self.heard(at + POLL - 1, treated))
            .find(|heard| *heard >= due && *heard <= now)
    }
}

fn rules(comparing: &Comparing) -> Rules {
    let hard = HardFailure {
        expect: 1.0,
        halt: 12.0,
        alpha: 5,
        power: 90,
        horizon: SignedDuration::from_hours(24),
        unit: Unit::Device,
    };
    let soft = |name: &SignalName| SoftSignal {
        name: *name,
        worse_by_at_most: margin(*name),
        horizon: SignedDuration::from_mins(SOFT_HORIZON),
    };
    Rules {
        soft: comparing.signals.iter().map(soft).collect(),
        ..canary::rules(&hard, comparing.devices as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATTERY: Comparing = Comparing {
        signals: &[SignalName::Battery],
        is_quiet: false,
        devices: 200,
        worse: 0,
        among: 100,
        silent: 0.0,
        silenced: 0.0,
    };

    fn check(comparing: &Comparing, expected: Ending) {
        let ending = Compared::new(comparing).live(7, &mut Dice::of(7, 1));
        assert_eq!(ending, expected, "{comparing:?}");
    }

    #[test]
    fn plain_cases_end_as_they_should() {
        check(&BATTERY, Ending::GoesOn);
        check(
            &Comparing {
                worse: 270,
                ..BATTERY
            },
            Ending::Halts,
        );
        check(
            &Comparing {
                silenced: 0.5,
                ..BATTERY
            },
            Ending::Asks,
        );
    }

    #[test]
    fn what_few_bear_is_as_much_as_what_all_bear() {
        let factor = |worse, among| {
            let comparing = Comparing {
                worse,
                among,
                ..BATTERY
            };
            comparing.factor(SignalName::Battery)
        };
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
        assert!(near(factor(0, 100), 1.0) && near(factor(0, 10), 1.0));
        assert!(near(factor(100, 100), 1.1) && near(factor(100, 10), 2.0));
        assert!(near(factor(200, 100), 2.2) && near(factor(200, 10), 13.0));
    }

    /// Nobody begins without a network, and who never begins is never heard of.
    #[test]
    fn nobody_begins_in_silence() {
        let comparing = Comparing {
            silent: 1.0,
            ..BATTERY
        };
        let (compared, mut dice) = (Compared::new(&comparing), Dice::of(3, 1));
        for _ in 0..2000 {
            let fate = compared.life(&mut dice).fate;
            let (from, to) = fate.unheard.expect("all lose it");
            assert!(fate.begins.is_none_or(|at| !(from..to).contains(&at)));
        }
    }

    #[test]
    fn a_device_is_read_when_it_is_heard_of() {
        let life = |unheard, silenced| Life {
            fate: Fate {
                begins: Some(0),
                fails: None,
                unheard,
                phase: 10,
            },
            readings: Vec::new(),
            bears: true,
            silenced,
        };
        let here = life(None, false);
        assert_eq!(here.heard_from(600, 700, true), Some(610));
        assert_eq!(here.heard_from(600, 605, true), None, "not yet");
        assert_eq!(
            life(Some((590, 680)), false).heard_from(600, 900, true),
            Some(730)
        );
        let silenced = life(None, true);
        assert_eq!(silenced.heard_from(600, 900, true), None);
        assert_eq!(silenced.heard_from(600, 900, false), Some(610));
    }
}
