//! Why there is no path. Read [`Stuck`].

use jiff::Timestamp;

use super::terms::FOLLOWED_DAYS;

/// Why an emergency has no path, or no end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stuck {
    /// There is no hotfix track that says what an emergency takes.
    #[error("the plan doesn't say what an emergency takes")]
    NotStated,
    /// Nobody stands anywhere.
    #[error("no zone is given in which devices stand")]
    Nowhere,
    /// Devices are given up before their turn comes: a rollout leaves them without the fix.
    #[error(
        "an emergency that begins at {starts} has no end: the {wave} opens at {opened}, and its devices in {zone} are given up at {given_up}, before a window opens in which they have their turn"
    )]
    GivenUp {
        /// When somebody begins.
        starts: Timestamp,
        /// In which wave: `canary` or `wave to 10 %`.
        wave: String,
        /// In which zone.
        zone: String,
        /// When the wave opens.
        opened: Timestamp,
        /// When its devices are given up.
        given_up: Timestamp,
    },
    /// It is followed for 500 days, and isn't over.
    #[error("an emergency that begins at {starts} isn't over after {FOLLOWED_DAYS} days")]
    NeverEnds {
        /// When somebody begins.
        starts: Timestamp,
    },
}

/// As [`Stuck`], before its beginning is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missed {
    Nowhere,
    GivenUp {
        wave: String,
        zone: String,
        opened: Timestamp,
        given_up: Timestamp,
    },
    Unknown,
}

impl Missed {
    /// The same, of an emergency that begins at `starts`.
    pub fn from(self, starts: Timestamp) -> Stuck {
        match self {
            Self::Nowhere => Stuck::Nowhere,
            Self::Unknown => Stuck::NeverEnds { starts },
            Self::GivenUp {
                wave,
                zone,
                opened,
                given_up,
            } => Stuck::GivenUp {
                starts,
                wave,
                zone,
                opened,
                given_up,
            },
        }
    }
}
