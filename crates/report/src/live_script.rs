//! The one script: it keeps a page as the server has it. Read [`LiveScript`].

use std::sync::LazyLock;

static HREF: LazyLock<String> = LazyLock::new(|| format!("{}?v={}", LiveScript::PATH, version()));

/// The script, which a server gives out at its own address. Pages without it are as they were when they were read.
#[derive(Debug, Clone, Copy)]
pub struct LiveScript;

impl LiveScript {
    /// The path at which it is given out.
    pub const PATH: &'static str = "/live.js";

    /// Its text.
    pub const TEXT: &'static str = include_str!("../assets/live.js");

    /// Its address, which changes with its text: whoever has what is there may keep it for ever.
    #[must_use]
    pub fn href() -> &'static str {
        &HREF
    }

    /// Whether an address with this version means this very text.
    #[must_use]
    pub fn is_version(shown: &str) -> bool {
        shown == version()
    }
}

/// What tells texts apart (FNV-1a): nobody's safety hangs on it, only whether a browser asks again.
fn version() -> String {
    let hash = LiveScript::TEXT
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_names_the_text() {
        let version = LiveScript::href()
            .strip_prefix("/live.js?v=")
            .expect("a version");
        assert_eq!(version.len(), 16);
        assert!(LiveScript::is_version(version) && !LiveScript::is_version("0"));
    }

    /// What a page may load and run is in its policy alone: nothing is made of text.
    #[test]
    fn it_makes_no_code_of_text() {
        for word in [
            "eval(",
            "innerHTML",
            "insertAdjacentHTML",
            "document.write",
            "http:",
        ] {
            assert!(!LiveScript::TEXT.contains(word), "{word}");
        }
    }
}
