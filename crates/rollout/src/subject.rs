//! The device that a sentence is about. Read [`Subject`].

use core::fmt;

/// The device a sentence is about, in the words people know it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Its id.
    pub device: &'a str,
    /// Its class.
    pub class: &'a str,
    /// Its hardware revision.
    pub hardware: &'a str,
    /// The version it runs, if it has said so.
    pub runs: Option<&'a str>,
}

impl Subject<'_> {
    /// What it runs, as the middle of a sentence.
    pub(crate) fn runs(&self) -> String {
        match self.runs {
            Some(version) => format!("runs {version}"),
            None => "hasn't said what it runs".to_owned(),
        }
    }
}

/// The beginning of each sentence about it: `th-0193 (thermo-v2, hardware B)`.
impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            device,
            class,
            hardware,
            ..
        } = self;
        write!(f, "{device} ({class}, hardware {hardware})")
    }
}
