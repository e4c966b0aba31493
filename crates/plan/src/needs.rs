//! What must have been installed before a release: an earlier version on the same device (a stepping stone), or some
//! version on the devices of another class (a prerequisite).
//!
//! A plan writes both as `needs` of a class. Read [`VersionNumber`], [`Stone`] and [`Prerequisite`].

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::class::Class;
use crate::names::{ClassId, NameError};

/// The three numbers of a version, such as `2.0.0`. A plan names no pre-releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionNumber {
    /// The first number.
    pub major: u64,
    /// The second.
    pub minor: u64,
    /// The third.
    pub patch: u64,
}

impl VersionNumber {
    /// The version with these numbers.
    #[must_use]
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for VersionNumber {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        numbers(text).ok_or_else(|| NameError {
            what: "version",
            given: text.to_owned(),
            rule: "write it as three numbers, such as 2.0.0",
        })
    }
}

/// Digits alone: `+2.0.0` is a number to Rust, and no version to anybody.
fn numbers(text: &str) -> Option<VersionNumber> {
    let number = |part: &str| {
        let is_plain = part == "0" || !part.starts_with('0');
        let is_digits = part.bytes().all(|byte| byte.is_ascii_digit());
        (is_plain && is_digits).then(|| part.parse().ok()).flatten()
    };
    let mut parts = text.split('.').map(number);
    let mut next = || parts.next().flatten();
    let version = VersionNumber::new(next()?, next()?, next()?);
    parts.next().is_none().then_some(version)
}

impl From<VersionNumber> for String {
    fn from(version: VersionNumber) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for VersionNumber {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

/// A stepping stone: releases from some version on go only to devices that run at least another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stone {
    /// Which of its class's `needs` it is in the file, from 0.
    pub index: usize,
    /// The first release that asks for it; all later ones do, too.
    pub from: VersionNumber,
    /// What a device runs at least before it gets one of them.
    pub at_least: VersionNumber,
}

/// Releases from some version on wait until enough devices of another class run at least some version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prerequisite {
    /// Which of its class's `needs` it is in the file, from 0.
    pub index: usize,
    /// The first release that waits; all later ones do, too.
    pub from: VersionNumber,
    /// The other class.
    pub class: ClassId,
    /// What its devices run at least, verified.
    pub at_least: VersionNumber,
    /// How many of its devices, in percent of all that are registered: 1 to 100.
    pub share_percent: u8,
}

impl Class {
    /// What a device must have reached before it gets the release with this version: each stone, the lowest first.
    #[must_use]
    pub fn stones_before(&self, release: VersionNumber) -> Vec<VersionNumber> {
        let asking = self.stones.iter().filter(|stone| stone.from <= release);
        let mut stones: Vec<_> = asking.map(|stone| stone.at_least).collect();
        stones.sort_unstable();
        stones.dedup();
        stones
    }

    /// What the release with this version waits for in other classes, in the plan's order.
    #[must_use]
    pub fn prerequisites_of(&self, release: VersionNumber) -> Vec<Prerequisite> {
        let asking = self.prerequisites.iter();
        asking
            .filter(|prerequisite| prerequisite.from <= release)
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_numbers() {
        for good in ["0.0.0", "2.0.10", "1.18446744073709551615.3"] {
            let version: VersionNumber = good.parse().expect(good);
            assert_eq!(version.to_string(), good);
        }
        for bad in [
            "",
            "2",
            "2.0",
            "2.0.0.0",
            "2.0.0-rc.1",
            "2.0.x",
            "+2.0.0",
            "02.0.0",
            "2..0",
            " 2.0.0",
            "1.18446744073709551616.0",
        ] {
            assert!(bad.parse::<VersionNumber>().is_err(), "{bad:?}");
        }
        let version = |text: &str| text.parse::<VersionNumber>().expect("three numbers");
        assert!(
            version("2.10.0") > version("2.9.9"),
            "by number, not by letter"
        );
    }
}
