//! The study: six pairs of rates, in three worlds, with a good release and with one that is just bad enough.
//!
//! What must hold in the laboratory and in the field: a good release is halted in at most alpha of all
//! canaries, and a bad one goes on by itself in at most beta of them; in the laboratory no more go on or ask
//! than `plan size` reckons. The same holds where devices of a site fail together and the plan counts
//! sites. Where it counts devices there, nothing is promised: that is shown, and not judged. Read [`run`], then
//! [`Row`].

use jiff::SignedDuration;
use mainstay_plan as plan;
use mainstay_rollout::chances::{self, Chances};

use crate::count::{Case, Count, count};
use crate::world::{FIELD, LABORATORY, SITES, World};

/// What is expected to fail and what must be noticed, in percent.
pub const PAIRS: [(f64, f64); 6] = [
    (0.1, 1.0),
    (0.2, 1.0),
    (0.5, 2.0),
    (0.5, 5.0),
    (1.0, 5.0),
    (1.0, 12.0),
];

/// Canaries are sized so that a person is asked in so many of them at most, as fractions.
pub const ASKS_MAX: f64 = 0.05;

/// Where canaries are lived through, and what the plan counts.
pub const SETTINGS: [(World, plan::Unit); 4] = [
    (LABORATORY, plan::Unit::Device),
    (FIELD, plan::Unit::Device),
    (SITES, plan::Unit::Device),
    (SITES, plan::Unit::Site),
];

/// Alpha and power of every plan here, in percent.
pub const ALPHA: u8 = 5;
/// See [`ALPHA`].
pub const POWER: u8 = 90;

/// What became of one pair of rates in one world.
#[derive(Debug, Clone)]
pub struct Row {
    /// The declared rates.
    pub rule: plan::HardFailure,
    /// The world.
    pub world: World,
    /// The canary's size.
    pub devices: u32,
    /// The release fails as rarely as expected.
    pub good: Part,
    /// It fails as often as must be noticed.
    pub bad: Part,
}

impl Row {
    /// Whether anything is promised of it: not where devices fail together and are counted each for itself.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.world.site == 1 || self.rule.unit == plan::Unit::Site
    }
}

/// Of one release.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// What is reckoned for devices that are all scored and fail each for itself.
    pub exact: Chances,
    /// What was counted.
    pub count: Count,
}

/// How large a study is.
#[derive(Debug, Clone, Copy)]
pub struct Amount {
    /// Canaries for each row and each of its two releases.
    pub canaries: u32,
    /// What all chance follows from.
    pub seed: u64,
    /// Threads.
    pub threads: u32,
}

/// Lives through all canaries; `told` hears of each row as it is done.
pub fn run(amount: Amount, mut told: impl FnMut(&Row)) -> Vec<Row> {
    let mut rows = Vec::new();
    for (world, unit) in SETTINGS {
        for (expect, halt) in PAIRS {
            let row = row(rule(expect, halt, unit), world, amount);
            told(&row);
            rows.push(row);
        }
    }
    rows
}

fn rule(expect: f64, halt: f64, unit: plan::Unit) -> plan::HardFailure {
    plan::HardFailure {
        expect,
        halt,
        alpha: ALPHA,
        power: POWER,
        horizon: SignedDuration::from_hours(24),
        unit,
    }
}

fn row(rule: plan::HardFailure, world: World, amount: Amount) -> Row {
    let devices = chances::devices_for(rule.whole(), ASKS_MAX).unwrap_or(1);
    let part = |rate: f64| {
        let case = Case {
            rule: rule.clone(),
            rate,
            devices,
            world,
        };
        Part {
            exact: chances::of_wave(rule.whole(), rate, devices),
            count: count(&case, amount.canaries, amount.seed, amount.threads),
        }
    };
    let (good, bad) = (part(rule.expect), part(rule.halt));
    Row {
        rule,
        world,
        devices,
        good,
        bad,
    }
}

/// What doesn't hold, as sentences; each share may miss by four standard errors.
#[must_use]
pub fn broken(rows: &[Row]) -> Vec<String> {
    let judged = rows.iter().filter(|row| row.is_judged());
    judged.flat_map(of_row).collect()
}

fn of_row(row: &Row) -> Vec<String> {
    let (good, bad) = (row.good.count, row.bad.count);
    let (alpha, beta) = (f64::from(ALPHA), 100.0 - f64::from(POWER));
    let mut bounds = vec![
        (
            "of a good release halts",
            good.percent(good.halts),
            alpha,
            good.tolerance(alpha),
        ),
        (
            "of a bad release goes on",
            bad.percent(bad.goes_on()),
            beta,
            bad.tolerance(beta),
        ),
    ];
    if row.world == LABORATORY {
        bounds.extend([row.good, row.bad].iter().flat_map(as_reckoned));
    }
    let too_much = |(what, found, most, tolerance): (&str, f64, f64, f64)| {
        (found > most + tolerance).then(|| {
            let (expect, halt) = (row.rule.expect, row.rule.halt);
            format!(
                "{expect} % against {halt} %, {}: {found:.2} % {what}, {most:.2} % allowed",
                row.world.name
            )
        })
    };
    bounds.into_iter().filter_map(too_much).collect()
}

/// What doesn't halt: neither share may be more than was reckoned. More may halt, for the tripwire is no part of the reckoning;
/// what it costs good releases is held to alpha with the rest.
fn as_reckoned(part: &Part) -> Vec<(&'static str, f64, f64, f64)> {
    let (count, exact) = (part.count, part.exact);
    let pairs = [
        ("goes on", count.goes_on(), exact.goes_on),
        ("asks", count.asks, exact.asks),
    ];
    let bound = |(what, found, exact): (&'static str, u32, f64)| {
        (
            what,
            count.percent(found),
            exact * 100.0,
            count.tolerance(exact * 100.0) + 0.01,
        )
    };
    pairs.map(bound).to_vec()
}
