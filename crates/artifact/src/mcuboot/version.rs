//! An image's version, from a release's.
//!
//! | offset | bytes | field | from a release's version |
//! |---|---|---|---|
//! | 0 | 1 | `iv_major` | major |
//! | 1 | 1 | `iv_minor` | minor |
//! | 2 | 2 | `iv_revision` | patch |
//! | 4 | 4 | `iv_build_num` | build, as in 1.4.0+7; else 0 |
//!
//! Source: `struct image_version` in MCUboot's `image.h`. The mapping is one to one: two releases of
//! different versions never look the same to a boot loader. See [`ImageVersion`].

use std::fmt;

use semver::Version;

/// Bytes of a version.
pub const VERSION_BYTES: usize = 8;

/// An image's version; later fields weigh less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ImageVersion {
    /// First number.
    pub major: u8,
    /// Second number.
    pub minor: u8,
    /// Third number.
    pub revision: u16,
    /// Fourth number, behind the plus sign.
    pub build: u32,
}

/// Why a release's version can't be an image's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not a semantic version.
    #[error("{0:?} isn't a semantic version")]
    NotSemantic(String),
    /// A number that the image has no room for.
    #[error("the {field} number of version {version} is above {max}, the most that MCUboot holds")]
    OutOfRange {
        /// The whole version.
        version: String,
        /// `major`, `minor` or `patch`.
        field: &'static str,
        /// The most it may be.
        max: u32,
    },
    /// Something like `-rc.1`.
    #[error("version {0} is a pre-release, for which MCUboot's version has no room")]
    PreRelease(String),
    /// Build metadata that isn't one number.
    #[error("the build part of version {0} isn't one number of at most 32 bits")]
    Build(String),
}

impl VersionError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        "mcuboot.version"
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::NotSemantic(_) => "Write the version like 1.4.0 or 1.4.0+7.",
            Self::OutOfRange { .. } => "Keep to at most 255.255.65535+4294967295.",
            Self::PreRelease(_) | Self::Build(_) => {
                "Tell builds of a version apart by one number, like 1.4.0+7."
            }
        }
    }
}

impl ImageVersion {
    /// The version of a release, `major.minor.patch` or `major.minor.patch+build`.
    pub fn from_release(version: &str) -> Result<Self, VersionError> {
        let parsed = Version::parse(version)
            .map_err(|_| VersionError::NotSemantic(version.chars().take(64).collect()))?;
        if !parsed.pre.is_empty() {
            return Err(VersionError::PreRelease(version.to_owned()));
        }
        let out_of_range = |field, max| VersionError::OutOfRange {
            version: version.to_owned(),
            field,
            max,
        };
        let byte = |number: u64, field| {
            u8::try_from(number).map_err(|_| out_of_range(field, u8::MAX.into()))
        };
        Ok(Self {
            major: byte(parsed.major, "major")?,
            minor: byte(parsed.minor, "minor")?,
            revision: u16::try_from(parsed.patch)
                .map_err(|_| out_of_range("patch", u16::MAX.into()))?,
            build: build_number(&parsed.build)
                .ok_or_else(|| VersionError::Build(version.to_owned()))?,
        })
    }

    /// As it stands in a header.
    pub fn encode(self) -> [u8; VERSION_BYTES] {
        let [r0, r1] = self.revision.to_le_bytes();
        let [b0, b1, b2, b3] = self.build.to_le_bytes();
        [self.major, self.minor, r0, r1, b0, b1, b2, b3]
    }

    /// Reads it from a header; every value is a version.
    pub fn parse([major, minor, r0, r1, b0, b1, b2, b3]: [u8; VERSION_BYTES]) -> Self {
        Self {
            major,
            minor,
            revision: u16::from_le_bytes([r0, r1]),
            build: u32::from_le_bytes([b0, b1, b2, b3]),
        }
    }
}

/// Nothing is 0. A leading zero is refused: 1.0.0+7 and 1.0.0+07 are two versions, and would be one
/// number.
fn build_number(build: &semver::BuildMetadata) -> Option<u32> {
    match build.as_str() {
        "" => Some(0),
        zeros if zeros.starts_with('0') => None,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

impl fmt::Display for ImageVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.revision)?;
        match self.build {
            0 => Ok(()),
            build => write!(f, "+{build}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: &str, expected: Result<(u8, u8, u16, u32), &str>) {
        match (ImageVersion::from_release(version), expected) {
            (Ok(v), Ok(fields)) => {
                assert_eq!((v.major, v.minor, v.revision, v.build), fields, "{version}");
                assert_eq!(ImageVersion::parse(v.encode()), v);
            }
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "{version}: {error}");
            }
            (found, _) => panic!("{version}: {found:?}"),
        }
    }

    #[test]
    fn releases_map_to_images_one_to_one() {
        check("1.2.3", Ok((1, 2, 3, 0)));
        check("0.0.0+1", Ok((0, 0, 0, 1)));
        check(
            "255.255.65535+4294967295",
            Ok((255, 255, u16::MAX, u32::MAX)),
        );
        check("256.0.0", Err("major number of version 256.0.0"));
        check("0.256.0", Err("minor"));
        check("0.0.65536", Err("patch"));
        check("0.0.0+4294967296", Err("32 bits"));
        check("1.0.0+0", Err("one number"));
        check("1.0.0+07", Err("one number"));
        check("1.0.0+build.7", Err("one number"));
        check("1.0.0-rc.1", Err("pre-release"));
        check("1.0", Err("semantic"));
    }

    #[test]
    fn shown_as_people_write_it() {
        for text in ["1.2.3", "1.2.3+4"] {
            let version = ImageVersion::from_release(text).unwrap();
            assert_eq!(version.to_string(), text);
        }
    }
}
