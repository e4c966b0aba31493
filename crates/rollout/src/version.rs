//! The versions of a plan, which are three numbers, and those of releases, which may be pre-releases.
//!
//! Read [`number`] and [`version`].

use mainstay_plan::VersionNumber;
use semver::Version;

/// The three numbers of a version. A pre-release has those of its release: whether it may pass for that is for the caller to say.
#[must_use]
pub fn number(version: &Version) -> VersionNumber {
    VersionNumber::new(version.major, version.minor, version.patch)
}

/// The release with these three numbers.
#[must_use]
pub fn version(number: VersionNumber) -> Version {
    Version::new(number.major, number.minor, number.patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_three_numbers() {
        for (text, expected) in [
            ("2.0.0", "2.0.0"),
            ("1.22.333-rc.1+build.5", "1.22.333"),
            ("18446744073709551615.0.1", "18446744073709551615.0.1"),
        ] {
            let parsed: Version = text.parse().expect("a version");
            let number = number(&parsed);
            assert_eq!(number.to_string(), expected);
            assert_eq!(version(number).to_string(), expected);
        }
    }
}
