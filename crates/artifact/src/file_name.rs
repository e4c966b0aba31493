//! What a payload is called where it travels as a file: some clients look at nothing but the name's end.
//!
//! A name is made of what is known, never taken from anybody, and holds only signs that need no quoting in a path, a URL or a
//! shell. Read [`file_name`].

use crate::mcuboot::header::MAGIC;

/// So many of a payload's first bytes tell its kind.
pub const HEAD_BYTES: usize = 6;

/// What the file of a payload is called, `thermo-v2-1.1.0.swu`: at most 108 bytes of `[A-Za-z0-9._-]`.
///
/// `class` is the class's id in the plan, `version` the release's. The `+` of a version becomes `_`, which no version
/// holds, so that two releases of a class never share a name.
pub fn file_name(class: &str, version: &str, ending: Ending) -> String {
    let safe = |sign: char| match sign {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '.' | '-' => sign,
        _ => '_',
    };
    let stem: String = format!("{class}-{version}").chars().map(safe).collect();
    stem + ending.as_str()
}

/// What a payload's file name ends with, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// `.swu`: a cpio archive of the kind that SWUpdate reads (`newc`, with or without checksums; cpio(5)).
    Swu,
    /// `.raucb`: a squashfs, of which a RAUC bundle is made (kernel documentation, "Squashfs").
    Raucb,
    /// `.signed.bin`: an image for MCUboot.
    SignedBin,
    /// `.bin`: anything else.
    Bin,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Self; 4] = [Self::Swu, Self::Raucb, Self::SignedBin, Self::Bin];

    /// The ending for a payload that begins with `head`, at least [`HEAD_BYTES`] of it if it has so many.
    pub fn of(head: &[u8]) -> Self {
        match head {
            [b'0', b'7', b'0', b'7', b'0', b'1' | b'2', ..] => Self::Swu,
            [b'h', b's', b'q', b's', ..] => Self::Raucb,
            _ if head.starts_with(&MAGIC.to_le_bytes()) => Self::SignedBin,
            _ => Self::Bin,
        }
    }

    /// The ending with its dot.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Swu => ".swu",
            Self::Raucb => ".raucb",
            Self::SignedBin => ".signed.bin",
            Self::Bin => ".bin",
        }
    }

    /// The ending that is written so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_ending() {
        let cases = [
            (&b"070702 and more"[..], ".swu"),
            (b"070701", ".swu"),
            (b"070707", ".bin"),
            (b"07070", ".bin"),
            (b"hsqs\x01", ".raucb"),
            (b"hsq", ".bin"),
            (b"\x3d\xb8\xf3\x96\0\0", ".signed.bin"),
            (b"\x96\xf3\xb8\x3d\0\0", ".bin"),
            (b"", ".bin"),
        ];
        for (head, ending) in cases {
            assert_eq!(Ending::of(head).as_str(), ending, "{head:?}");
        }
    }

    #[test]
    fn an_ending_is_read_as_it_is_written() {
        for ending in Ending::ALL {
            assert_eq!(Ending::parse(ending.as_str()), Some(ending));
        }
        assert_eq!(Ending::parse(".exe"), None);
    }

    #[test]
    fn a_name_holds_safe_signs_only_and_tells_versions_apart() {
        let cases = [
            ("thermo-v2", "1.1.0", "thermo-v2-1.1.0.swu"),
            ("thermo-v2", "1.1.0+build.7", "thermo-v2-1.1.0_build.7.swu"),
            (
                "thermo-v2",
                "1.1.0-rc.1+7-8",
                "thermo-v2-1.1.0-rc.1_7-8.swu",
            ),
            ("../etc", "1 \"%\u{e9}", ".._etc-1____.swu"),
        ];
        for (class, version, name) in cases {
            let found = file_name(class, version, Ending::Swu);
            assert_eq!(found, name);
            let is_safe = |sign: char| sign.is_ascii_alphanumeric() || "._-".contains(sign);
            assert!(found.chars().all(is_safe), "{found}");
        }
    }
}
