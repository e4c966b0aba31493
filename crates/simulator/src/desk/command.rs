//! What a person at the desk, or a signal, does to the device.

use std::path::PathBuf;

use jiff::SignedDuration;
use mainstay_device::Slot;

/// The commands of the prompt, one a line.
pub const HELP: &str = "\
power cut [N]       cut the power now, or within the Nth flash operation from now; it comes back
power off | on      keep it off, or switch it on
network off | on    no server can be reached, or all is well again
network lossy P     lose P percent of requests and answers, and cut as many downloads
clock +N | -N       set the clock wrong by so much (30s, 10m, 2h, 3650d) and restart
clock right         set it right and restart
flash full          refuse every write from now on, as a worn-out or full part does
flash mend          take writes again
flash rot a | b     erase a page of the image in that slot
self-test fail|pass what the running image finds about itself
bundle FILE         plug a stick with this bundle in
status              what it runs, what it tries, what it hasn't told yet
help | quit";

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Cut the power within this flash operation from now on, 0 being the next; none is now.
    PowerCut(Option<u64>),
    /// Switch it off, or on.
    Power(bool),
    /// So many thousandths of everything on the network are lost; 1000 is no network.
    NetworkLoses(u32),
    /// The clock is so far ahead.
    Clock(SignedDuration),
    /// Flash refuses writes, or takes them.
    FlashRefuses(bool),
    /// A page of this slot's image is erased.
    FlashRots(Slot),
    /// The running image's self-test passes, or fails.
    SelfTest(bool),
    /// A stick with this bundle is plugged in.
    Bundle(PathBuf),
    /// Say how it stands.
    Status,
    /// Say what can be said.
    Help,
    /// Switch it off for good.
    Quit,
}

/// Why a line is no command.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{line}` is no command here; `help` lists them all")]
pub struct CommandError {
    /// The line.
    pub line: String,
}

impl Command {
    /// Reads a line of the prompt.
    ///
    /// # Errors
    /// If it is none of [`HELP`].
    pub fn parse(line: &str) -> Result<Self, CommandError> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let command = match words[..] {
            ["power", "cut"] => Some(Self::PowerCut(None)),
            ["power", "cut", index] => index.parse().ok().map(|n| Self::PowerCut(Some(n))),
            ["power", "off"] => Some(Self::Power(false)),
            ["power", "on"] => Some(Self::Power(true)),
            ["network", "off"] => Some(Self::NetworkLoses(1000)),
            ["network", "on"] => Some(Self::NetworkLoses(0)),
            ["network", "lossy", percent] => percentage(percent).map(Self::NetworkLoses),
            ["clock", "right"] => Some(Self::Clock(SignedDuration::ZERO)),
            ["clock", ahead] => duration(ahead).map(Self::Clock),
            ["flash", "full"] => Some(Self::FlashRefuses(true)),
            ["flash", "mend"] => Some(Self::FlashRefuses(false)),
            ["flash", "rot", "a"] => Some(Self::FlashRots(Slot::A)),
            ["flash", "rot", "b"] => Some(Self::FlashRots(Slot::B)),
            ["self-test", "fail"] => Some(Self::SelfTest(false)),
            ["self-test", "pass"] => Some(Self::SelfTest(true)),
            ["bundle", file] => Some(Self::Bundle(file.into())),
            ["status"] => Some(Self::Status),
            ["help"] => Some(Self::Help),
            ["quit"] => Some(Self::Quit),
            _ => None,
        };
        command.ok_or_else(|| CommandError {
            line: line.trim().to_owned(),
        })
    }
}

/// Thousandths of a percentage up to 100.
fn percentage(text: &str) -> Option<u32> {
    let percent: u32 = text.parse().ok()?;
    (percent <= 100).then(|| percent * 10)
}

/// A signed number with its unit, such as `-3650d`, of at most a thousand years.
fn duration(text: &str) -> Option<SignedDuration> {
    const YEARS_MAX: i64 = 1000;
    let signed = text.starts_with(['+', '-']);
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let total = number.parse::<i64>().ok()?.checked_mul(seconds)?;
    let possible = total.abs() <= YEARS_MAX * 366 * 86_400;
    (signed && possible).then(|| SignedDuration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_help_is_a_command() {
        assert_eq!(HELP.lines().count(), 13);
        for (line, expected) in [
            ("power cut", Command::PowerCut(None)),
            (" power  cut 7 ", Command::PowerCut(Some(7))),
            ("power off", Command::Power(false)),
            ("power on", Command::Power(true)),
            ("network off", Command::NetworkLoses(1000)),
            ("network on", Command::NetworkLoses(0)),
            ("network lossy 15", Command::NetworkLoses(150)),
            ("clock right", Command::Clock(SignedDuration::ZERO)),
            ("clock -2h", Command::Clock(SignedDuration::from_hours(-2))),
            (
                "clock +3650d",
                Command::Clock(SignedDuration::from_hours(3650 * 24)),
            ),
            ("flash full", Command::FlashRefuses(true)),
            ("flash mend", Command::FlashRefuses(false)),
            ("flash rot b", Command::FlashRots(Slot::B)),
            ("self-test fail", Command::SelfTest(false)),
            (
                "bundle stick.bundle",
                Command::Bundle("stick.bundle".into()),
            ),
            ("status", Command::Status),
            ("help", Command::Help),
            ("quit", Command::Quit),
        ] {
            assert_eq!(Command::parse(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn anything_else_is_told_as_none() {
        for line in [
            "",
            "power",
            "power cut soon",
            "power cut -1",
            "network lossy 101",
            "clock 5d",
            "clock +5",
            "clock +",
            "clock +9999999999999999999d",
            "clock +400000d",
            "clock +1é",
            "flash rot c",
            "Quit",
            "quit now",
        ] {
            assert_eq!(
                Command::parse(line),
                Err(CommandError {
                    line: line.to_owned()
                }),
            );
        }
    }
}
