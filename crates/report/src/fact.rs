//! The small things that every page is made of.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A labelled value, e.g. "Soak" and "2 h after the wave's last device".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is, in two or three words.
    pub label: String,
    /// Its value, as people read it.
    pub value: String,
}

impl Fact {
    /// A fact from its two texts.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
        }
    }
}

/// How something stands. Pages show it as a shape and a word, and by colour only beside them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// A plain fact.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Under way.
    Busy,
    /// Someone should look.
    Attention,
    /// It went wrong.
    Bad,
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// What happened, as a short clause: "Installed 1.1.0 in slot B".
    pub what: String,
    /// More about it; may be empty.
    pub detail: String,
    /// How it stands.
    pub tone: Tone,
}
