//! What goes wrong in one run, as data and as text that a command line takes.
//!
//! Cuts stand in their order, each with the number of the flash operation at which it happens, counted from where
//! the scenario's sweep begins: `17:before,20:torn@5,21:weak@900,33:after`. A silent fault is `12:lost` or
//! `12:stuck@ADDRESS.BIT=VALUE`.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use mainstay_device::{Cut, SilentFault};

/// Everything that goes wrong in one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Power cuts, by rising operation.
    pub cuts: Vec<(u64, Cut)>,
    /// At most one fault that nobody is told of.
    pub silent: Option<(u64, SilentFault)>,
    /// How unstable bits read.
    pub seed: u64,
}

impl Faults {
    /// One cut.
    #[must_use]
    pub fn one(at: u64, cut: Cut, seed: u64) -> Self {
        Self {
            cuts: vec![(at, cut)],
            silent: None,
            seed,
        }
    }

    /// The cuts as text.
    #[must_use]
    pub fn cuts_text(&self) -> String {
        let text = |(at, cut): &(u64, Cut)| format!("{at}:{}", cut_text(*cut));
        self.cuts.iter().map(text).collect::<Vec<_>>().join(",")
    }

    /// The silent fault as text.
    #[must_use]
    pub fn silent_text(&self) -> Option<String> {
        let (at, fault) = self.silent?;
        Some(match fault {
            SilentFault::Lost => format!("{at}:lost"),
            SilentFault::StuckBit { address, bit, set } => {
                format!("{at}:stuck@{address}.{bit}={}", u8::from(set))
            }
        })
    }
}

impl fmt::Display for Faults {
    /// The options that bring exactly these faults about.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--seed {}", self.seed)?;
        if !self.cuts.is_empty() {
            write!(f, " --cuts {}", self.cuts_text())?;
        }
        match self.silent_text() {
            Some(silent) => write!(f, " --silent {silent}"),
            None => Ok(()),
        }
    }
}

fn cut_text(cut: Cut) -> String {
    match cut {
        Cut::Before => "before".to_owned(),
        Cut::After => "after".to_owned(),
        Cut::Torn { permille } => format!("permille@{permille}"),
        Cut::TornAt { bytes } => format!("torn@{bytes}"),
        Cut::Weak { bytes } => format!("weak@{bytes}"),
    }
}

/// One cut of a list, as [`Faults::cuts_text`] writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedCut(pub u64, pub Cut);

impl FromStr for PlannedCut {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (at, cut) = text.split_once(':').context("a cut is OPERATION:KIND")?;
        let at = at.parse().context("a cut's operation is a number")?;
        let (kind, number) = cut.split_once('@').unwrap_or((cut, "0"));
        let bytes = number.parse().context("behind @ stands a number")?;
        Ok(Self(
            at,
            match kind {
                "before" => Cut::Before,
                "after" => Cut::After,
                "permille" => Cut::Torn { permille: bytes },
                "torn" => Cut::TornAt { bytes },
                "weak" => Cut::Weak { bytes },
                other => bail!("no cut is called {other}: take before, torn@N, weak@N or after"),
            },
        ))
    }
}

/// A silent fault, as [`Faults::silent_text`] writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedSilence(pub u64, pub SilentFault);

impl FromStr for PlannedSilence {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (at, fault) = text
            .split_once(':')
            .context("a silent fault is OPERATION:KIND")?;
        let at = at.parse().context("its operation is a number")?;
        if fault == "lost" {
            return Ok(Self(at, SilentFault::Lost));
        }
        let stuck = || {
            let (address, rest) = fault.strip_prefix("stuck@")?.split_once('.')?;
            let (bit, value) = rest.split_once('=')?;
            Some(SilentFault::StuckBit {
                address: address.parse().ok()?,
                bit: bit.parse().ok()?,
                set: value == "1",
            })
        };
        let fault = stuck().context("a silent fault is lost, or stuck@ADDRESS.BIT=VALUE")?;
        Ok(Self(at, fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_written() {
        let faults = Faults {
            cuts: vec![
                (1, Cut::Before),
                (2, Cut::TornAt { bytes: 5 }),
                (30, Cut::Weak { bytes: 900 }),
                (31, Cut::After),
            ],
            silent: None,
            seed: 7,
        };
        let text = faults.cuts_text();
        let cuts = text.split(',').map(|cut| {
            let PlannedCut(at, cut) = cut.parse().expect("it was written so");
            (at, cut)
        });
        assert!(cuts.eq(faults.cuts.iter().copied()), "{text}");
        for fault in [
            SilentFault::Lost,
            SilentFault::StuckBit {
                address: 4097,
                bit: 3,
                set: true,
            },
        ] {
            let faults = Faults {
                silent: Some((9, fault)),
                ..Faults::default()
            };
            let text = faults.silent_text().expect("it has one");
            assert_eq!(
                text.parse::<PlannedSilence>().ok(),
                Some(PlannedSilence(9, fault))
            );
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "before", "x:before", "1:beside", "1:torn@x"] {
            assert!(text.parse::<PlannedCut>().is_err(), "{text:?}");
        }
        for text in ["", "lost", "1:gone", "1:stuck@5", "1:stuck@5.x=1"] {
            assert!(text.parse::<PlannedSilence>().is_err(), "{text:?}");
        }
    }
}
