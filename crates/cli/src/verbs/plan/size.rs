//! `mainstay plan size`: how many devices a canary needs, and what each size would be worth.
//!
//! What sizes are worth is exact; `mainstay_rollout::chances` says of what. How often a good release is halted by mistake are upper
//! bounds. Read [`Size`], then [`Worth`] and [`Mistakes`].

use std::iter;
use std::path::PathBuf;

use clap::Args;
use jiff::SignedDuration;
use mainstay_plan::{HardFailure, HardTest, Plan, Unit};
use mainstay_rollout::chances::{self, Chances};
use mainstay_rollout::mistakes::Mistakes;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;

/// The rates to size for: a plan's, or those named here, which come before the plan's.
#[derive(Debug, Args)]
pub struct Size {
    /// The plan; `plan.toml` if neither it nor both `--expect` and `--halt` are given.
    file: Option<PathBuf>,
    /// Percent of devices that may fail on a good release.
    #[arg(long, value_name = "PERCENT")]
    expect: Option<f64>,
    /// Percent that must be noticed.
    #[arg(long, value_name = "PERCENT")]
    halt: Option<f64>,
    /// Percent of good releases that may be halted by mistake.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=50))]
    alpha: Option<u8>,
    /// Percent of bad releases that must be noticed.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(50..=99))]
    power: Option<u8>,
    /// A canary of this size too; repeat it for more.
    #[arg(long = "devices", value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    devices: Vec<u32>,
}

/// What to know before a canary's size is chosen.
#[derive(Debug, Serialize)]
struct Answer {
    rates: Rates,
    /// So few show at least one failure of the bad release, in 95 of 100 cases.
    shows_a_failure: u32,
    sizes: Vec<Worth>,
    /// Of the plan's canary, if there is a plan.
    mistakes: Option<Mistakes>,
}

/// All in percent.
#[derive(Debug, Serialize)]
struct Rates {
    expect: f64,
    halt: f64,
    alpha: u8,
    /// What of alpha the test on hard failures has; the soft signals have the rest.
    alpha_of_test: f64,
    power: u8,
}

/// What a canary of one size is worth.
#[derive(Debug, Serialize)]
struct Worth {
    devices: u32,
    /// Why this size is shown.
    because: Vec<&'static str>,
    /// If the release fails as rarely as expected.
    good: Chances,
    /// If it fails as often as must be noticed.
    bad: Chances,
}

/// The questions that a person would rather not be asked, as fractions of all canaries.
const ASKS: [(f64, &str); 2] = [(0.10, "asks you 1 in 10"), (0.05, "asks you 1 in 20")];

impl Size {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let plan = self.plan(output)?;
        let rule = self.rule(plan.as_ref())?;
        let answer = answer(&rule, plan.as_ref(), &self.devices);
        output.say(|| text(&answer), &answer);
        Ok(())
    }

    fn plan(&self, output: &Output) -> Result<Option<Plan>, Failure> {
        let named = self.file.clone();
        let enough = self.expect.is_some() && self.halt.is_some();
        let Some(file) = named.or_else(|| (!enough).then(|| PathBuf::from("plan.toml"))) else {
            return Ok(None);
        };
        super::read(&file, output).map(Some)
    }

    fn rule(&self, plan: Option<&Plan>) -> Result<HardFailure, Failure> {
        let plans = plan.map(|plan| &plan.health.install);
        let rule = HardFailure {
            expect: self.expect.or(plans.map(|p| p.expect)).unwrap_or_default(),
            halt: self.halt.or(plans.map(|p| p.halt)).unwrap_or_default(),
            alpha: self.alpha.or(plans.map(|p| p.alpha)).unwrap_or(5),
            power: self.power.or(plans.map(|p| p.power)).unwrap_or(90),
            horizon: SignedDuration::ZERO,
            unit: plans.map(|p| p.unit).unwrap_or_default(),
        };
        let (expect, halt, alpha, power) = (rule.expect, rule.halt, rule.alpha, rule.power);
        if 0.0 < expect && expect < halt && halt < 100.0 && alpha < power {
            return Ok(rule);
        }
        let what = format!(
            "{expect} % expected, {halt} % to be noticed, alpha {alpha} and power {power} make no test"
        );
        let cure = "0 < expect < halt < 100, and alpha below power";
        Err(Failure::usage("plan.size-rates", what, cure))
    }
}

fn answer(rule: &HardFailure, plan: Option<&Plan>, asked: &[u32]) -> Answer {
    let of = |plan: &Plan| rule.test(&plan.health.soft, plan.tracks.waves_max());
    let test = plan.map_or_else(|| rule.whole(), of);
    let least = test.canary_needed();
    let mut sizes: Vec<(u32, &'static str)> = Vec::new();
    sizes.extend(least.map(|devices| (devices, "the least that `plan check` takes")));
    sizes.extend(ASKS.iter().filter_map(|(most, because)| {
        chances::devices_for(test, *most).map(|devices| (devices, *because))
    }));
    sizes.extend(plan.map(|plan| (plan.rollout.canary.devices, "this plan's canary")));
    sizes.extend(asked.iter().map(|devices| (*devices, "as you asked")));
    Answer {
        rates: Rates {
            expect: rule.expect,
            halt: rule.halt,
            alpha: rule.alpha,
            alpha_of_test: test.alpha,
            power: rule.power,
        },
        mistakes: plan.map(|plan| Mistakes::of(rule, plan)),
        shows_a_failure: shows_a_failure(rule.halt),
        sizes: by_size(test, sizes),
    }
}

/// One row a size, the smallest first, with all its reasons.
fn by_size(test: HardTest, mut sizes: Vec<(u32, &'static str)>) -> Vec<Worth> {
    sizes.sort_unstable_by_key(|(devices, _)| *devices);
    let same = sizes.chunk_by(|(one, _), (next, _)| one == next);
    let worth = |same: &[(u32, &'static str)]| Worth {
        devices: same[0].0,
        because: same.iter().map(|(_, because)| *because).collect(),
        good: chances::of_wave(test, test.expect, same[0].0),
        bad: chances::of_wave(test, test.halt, same[0].0),
    };
    same.map(worth).collect()
}

/// The smallest number of devices of which at least one fails in 95 of 100 cases.
fn shows_a_failure(halt: f64) -> u32 {
    // A float-to-integer cast saturates, which is right for a count that no fleet reaches.
    (0.05_f64.ln() / (-halt / 100.0).ln_1p()).ceil() as u32
}

fn text(answer: &Answer) -> String {
    let Rates {
        expect,
        halt,
        alpha,
        alpha_of_test,
        power,
    } = answer.rates;
    let of_test = match alpha_of_test < f64::from(alpha) {
        true => format!(", of which this test has {alpha_of_test:.1} %"),
        false => String::new(),
    };
    let (good, bad) = (format!("if {expect} % fail"), format!("if {halt} % fail"));
    let mut lines = vec![
        format!(
            "{expect} % of devices may fail; {halt} % must be noticed, with {power} % power and {alpha} % false halts{of_test}"
        ),
        String::new(),
        format!("{:>9}   {good:<29}{bad}", ""),
        format!(
            "{:>9}   {:<9}{:<10}{:<10}{:<9}{:<10}goes on",
            "devices", "goes on", "asks you", "halts", "halts", "asks you"
        ),
    ];
    lines.extend(answer.sizes.iter().map(row));
    lines.push(String::new());
    lines.extend(remarks(answer));
    lines.join("\n")
}

fn row(size: &Worth) -> String {
    let share = |part: f64| format!("{:.1} %", part * 100.0);
    let Worth {
        devices, good, bad, ..
    } = size;
    format!(
        "{devices:>9}   {:<9}{:<10}{:<10}{:<9}{:<10}{:<10}{}",
        share(good.goes_on),
        share(good.asks),
        share(good.halts),
        share(bad.halts),
        share(bad.asks),
        share(bad.goes_on),
        size.because.join(", ")
    )
}

fn remarks(answer: &Answer) -> Vec<String> {
    let Rates { expect, halt, .. } = answer.rates;
    let mut remarks = vec![
        "asks you: every device is scored and the test can't tell, so a person decides.".to_owned(),
        format!(
            "{} devices show a failure at all if {halt} % fail, in 95 of 100 cases.",
            answer.shows_a_failure
        ),
    ];
    remarks.extend(answer.sizes.last().map(|largest| {
        format!(
            "Of {} devices {:.0} are scored on average if {expect} % fail, {:.0} if {halt} % do: until the test can tell, or all of them where it can't.",
            largest.devices, largest.good.scored, largest.bad.scored
        )
    }));
    remarks.extend(
        answer
            .mistakes
            .iter()
            .flat_map(|found| told(found, &answer.rates)),
    );
    remarks
}

/// How often a good release is halted by mistake, by what, and whether that is what the plan declares.
fn told(mistakes: &Mistakes, rates: &Rates) -> Vec<String> {
    let (alpha, canary) = (rates.alpha, mistakes.canary);
    let within = match canary <= f64::from(alpha) {
        true => format!("That is within the alpha of {alpha} %."),
        false => format!(
            "That is more than the alpha of {alpha} %: let the tripwire wait for more failures (`failures_in_one_stratum`)."
        ),
    };
    let (wire, soft) = (mistakes.by_tripwire, mistakes.by_soft_signals);
    let (margins, soft) = match soft > 0.0 {
        true => (
            ", and keeps within the margins of soft signals",
            format!(" {soft:.2} % by soft signals,"),
        ),
        false => ("", String::new()),
    };
    let each = match mistakes.unit {
        Unit::Device => "each",
        Unit::Site => "each site",
    };
    let first = format!(
        "A release that fails on {} % of devices, {each} for itself, and bricks none{margins}, is halted by mistake in at most {} % of canaries of {}: \
         {:.2} % by this test,{soft} {wire:.2} % by the tripwire of hardware revisions. {within}",
        rates.expect,
        rounded_up(canary),
        mistakes.devices,
        mistakes.by_test,
    );
    iter::once(first)
        .chain(told_of_later(mistakes, rates))
        .collect()
}

/// What comes to that after the canary, if anything does.
fn told_of_later(mistakes: &Mistakes, rates: &Rates) -> Option<String> {
    let Mistakes {
        unit,
        waves,
        rollout,
        ..
    } = mistakes;
    match (rollout, unit) {
        (Some(rollout), _) => Some(format!(
            "Each later wave begins this test afresh and has {:.1} % for it: over {waves} waves all of that is at most {} %.",
            rates.alpha_of_test,
            rounded_up(*rollout)
        )),
        (None, Unit::Site) if *waves > 1 => Some(
            "Of all waves together nothing is said: later ones bring more devices of the same sites, and with each of them its site is \
             likelier to count as failed."
                .to_owned(),
        ),
        (None, _) => None,
    }
}

/// An upper bound to two places, and never below itself but for what is lost in reckoning.
fn rounded_up(percent: f64) -> String {
    format!("{:.2}", (percent * 100.0 - 1e-6).ceil().max(0.0) / 100.0)
}
