//! What a class says of devices that run somebody else's update client. Read [`ClientRules`].
//!
//! Such a client says when it has installed something, and not whether the device then works. What it runs it says in an
//! attribute, if somebody has seen to that: only this *version word* makes a device count as updated. `docs/reference/clients.md` tells
//! the whole of it.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::read::written;

/// A client that speaks hawkBit's device interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientName {
    /// SWUpdate.
    Swupdate,
    /// rauc-hawkbit-updater.
    Rauc,
    /// Zephyr's client.
    Zephyr,
    /// Any other.
    Generic,
}

impl ClientName {
    /// `swupdate`, `rauc`, `zephyr` or `generic`, as the plan writes it.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Swupdate => "swupdate",
            Self::Rauc => "rauc",
            Self::Zephyr => "zephyr",
            Self::Generic => "generic",
        }
    }
}

/// Where the version word comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionWord {
    /// It may stand in a file that no update changes, until the device's own word has changed once.
    #[default]
    Static,
    /// The client reads it from what runs, each time.
    Live,
}

/// What becomes of a device that says it installed a release, and never which version it runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutWord {
    /// It stays unverified, and counts as silent when its time is over.
    #[default]
    Unverified,
    /// It counts as updated on the strength of its client's "success", this long after that.
    TakenAtItsWord {
        /// How long after.
        after: SignedDuration,
    },
}

impl WithoutWord {
    /// Whether it believes what `before` didn't, or sooner.
    #[must_use]
    pub fn is_looser_than(self, before: Self) -> bool {
        match (self, before) {
            (Self::Unverified, _) => false,
            (Self::TakenAtItsWord { .. }, Self::Unverified) => true,
            (Self::TakenAtItsWord { after }, Self::TakenAtItsWord { after: earlier }) => {
                after < earlier
            }
        }
    }

    /// As the plan writes it.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Unverified => "unverified".to_owned(),
            Self::TakenAtItsWord { after } => {
                format!("taken-at-its-word after {}", written(after))
            }
        }
    }
}

/// How a class's devices are heard that run another client. The default asks for nothing and believes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRules {
    /// The client that they are expected to run, when the plan names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientName>,
    /// The attribute in which they say which version they run, such as `sw_version`: one line of at most
    /// [`VERSION_ATTRIBUTE_CHARS_MAX`](crate::limits::VERSION_ATTRIBUTE_CHARS_MAX) characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_attribute: Option<String>,
    /// Where that word comes from.
    #[serde(default)]
    pub version_word: VersionWord,
    /// What becomes of who never says it.
    #[serde(default)]
    pub without_version_word: WithoutWord,
    /// Whether their clients check a signature over the image. It is the maker's word: a server can't see it.
    #[serde(default)]
    pub checks_signature: bool,
}

impl ClientRules {
    /// Whether the plan says nothing about other clients.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(hours: i64) -> WithoutWord {
        let after = SignedDuration::from_hours(hours);
        WithoutWord::TakenAtItsWord { after }
    }

    #[test]
    fn to_believe_more_or_sooner_is_looser() {
        let unverified = WithoutWord::Unverified;
        for (now, before, looser) in [
            (unverified, unverified, false),
            (unverified, after(1), false),
            (after(24), unverified, true),
            (after(24), after(24), false),
            (after(23), after(24), true),
            (after(25), after(24), false),
        ] {
            assert_eq!(now.is_looser_than(before), looser, "{now:?} {before:?}");
        }
    }

    #[test]
    fn what_becomes_of_the_silent_is_written_as_it_is_read() {
        assert_eq!(WithoutWord::Unverified.words(), "unverified");
        assert_eq!(after(24).words(), "taken-at-its-word after 1d");
        assert_eq!(after(26).words(), "taken-at-its-word after 26h");
    }
}
