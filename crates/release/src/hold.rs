//! The hold: one person's brake on a release, which takes two people to let go.
//!
//! It only ever denies. Devices hear of it in every status, and refuse the release from their next
//! check-in on; what they run already they keep. Read [`Hold`].

use core::fmt;

use jiff::Timestamp;
use mainstay_access::{Denied, Email, Permission, Person};
use mainstay_trust::Digest;
use mainstay_trust::status::HELD_MAX;
use serde::{Deserialize, Serialize};

use crate::release::{Release, ReleaseId};

/// The longest reason, in bytes: a sentence or two that stand in every list.
pub const REASON_BYTES_MAX: usize = 500;

/// A release on hold, and who put it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The release.
    pub release: ReleaseId,
    /// Its manifest's digest, as a status names it.
    pub manifest: Digest,
    /// Who holds it.
    pub by: Email,
    /// Since when.
    pub at: Timestamp,
    /// Why, in their words.
    pub reason: String,
    /// How far it is from its end.
    pub state: HoldState,
}

/// How far a hold is from its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum HoldState {
    /// Nobody has asked to end it.
    InForce,
    /// One person has asked. It is in force as before.
    ReleaseAsked(Asked),
    /// A second person has agreed; it is over.
    Released {
        /// The first.
        asked: Asked,
        /// The second.
        by: Email,
        /// When.
        at: Timestamp,
    },
}

/// Who asked to end a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Who.
    pub by: Email,
    /// When.
    pub at: Timestamp,
}

/// Why a hold isn't placed, or not ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HoldRefusal {
    /// The person's duty doesn't include it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No reason was given, or one too long to read.
    #[error("a hold needs a reason of 1 to {REASON_BYTES_MAX} bytes")]
    Reason,
    /// As many are on hold as a status can name.
    #[error("{HELD_MAX} releases are on hold already, as many as devices can be told of")]
    TooMany,
    /// The one who asked to end it can't be the one who agrees.
    #[error("{who} has asked to release the hold on {release}, and somebody else must agree")]
    NeedsAnother {
        /// The release.
        release: ReleaseId,
        /// Who asked.
        who: Email,
    },
    /// The hold is over.
    #[error("the hold on {release} is over")]
    Over {
        /// The release.
        release: ReleaseId,
    },
}

impl HoldRefusal {
    /// The stable id.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Denied(denied) => denied.id(),
            Self::Reason => "hold.reason",
            Self::TooMany => "hold.too-many",
            Self::NeedsAnother { .. } => "hold.needs-another",
            Self::Over { .. } => "hold.over",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Denied(denied) => denied.cure(),
            Self::Reason => "say in a sentence why nobody should install it".to_owned(),
            Self::TooMany => {
                "revoke what is bad for good, and release what isn't: `mainstay hold list`"
                    .to_owned()
            }
            Self::NeedsAnother { .. } => {
                "ask a colleague to run `mainstay hold release` with their own token".to_owned()
            }
            Self::Over { .. } => "nothing more to do; hold it anew if it must stop".to_owned(),
        }
    }
}

impl fmt::Display for HoldState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InForce => f.write_str("in force"),
            Self::ReleaseAsked(asked) => write!(f, "in force; {} asked to release it", asked.by),
            Self::Released { asked, by, .. } => write!(f, "released by {} and {by}", asked.by),
        }
    }
}

impl Hold {
    /// Puts `release` on hold; `others` are in force already.
    ///
    /// # Errors
    /// If the duty of `by` doesn't include it, the reason is missing, or there are too many.
    pub fn place(
        release: &Release,
        by: &Person,
        reason: &str,
        others: usize,
        at: Timestamp,
    ) -> Result<Self, HoldRefusal> {
        by.may(Permission::HoldRelease)?;
        let reason = reason.trim();
        if reason.is_empty() || reason.len() > REASON_BYTES_MAX {
            return Err(HoldRefusal::Reason);
        }
        if others >= HELD_MAX as usize {
            return Err(HoldRefusal::TooMany);
        }
        Ok(Self {
            release: release.id.clone(),
            manifest: release.facts.manifest,
            by: by.email.clone(),
            at,
            reason: reason.to_owned(),
            state: HoldState::InForce,
        })
    }

    /// Somebody holds what is on hold already: nothing changes, but a request to end it falls. Of
    /// two people of different minds the one who says "stop" is believed.
    ///
    /// # Errors
    /// If the duty of `by` doesn't include it, or the hold is over.
    pub fn again(self, by: &Person) -> Result<Self, HoldRefusal> {
        by.may(Permission::HoldRelease)?;
        match self.state {
            HoldState::Released { .. } => Err(self.over()),
            _ => Ok(self.into_state(HoldState::InForce)),
        }
    }

    /// The first person asks to end it; the second, somebody else, agrees and thereby ends it.
    ///
    /// # Errors
    /// If the duty of `by` doesn't include it, the same person asked, or it is over.
    pub fn release(self, by: &Person, at: Timestamp) -> Result<Self, HoldRefusal> {
        by.may(Permission::HoldRelease)?;
        let who = by.email.clone();
        match self.state.clone() {
            HoldState::InForce => {
                Ok(self.into_state(HoldState::ReleaseAsked(Asked { by: who, at })))
            }
            HoldState::ReleaseAsked(asked) if asked.by == who => Err(HoldRefusal::NeedsAnother {
                release: self.release,
                who,
            }),
            HoldState::ReleaseAsked(asked) => {
                Ok(self.into_state(HoldState::Released { asked, by: who, at }))
            }
            HoldState::Released { .. } => Err(self.over()),
        }
    }

    /// Whether devices are told to refuse the release.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        !matches!(self.state, HoldState::Released { .. })
    }

    fn into_state(self, state: HoldState) -> Self {
        Self { state, ..self }
    }

    fn over(self) -> HoldRefusal {
        HoldRefusal::Over {
            release: self.release,
        }
    }
}
