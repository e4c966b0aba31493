//! What comes of a rollout: complete, halted, rolled back; what comes after, superseded; and what
//! may come at any time, revoked.

use jiff::Timestamp;

use crate::refusal::Refusal;
use crate::release::Release;
use crate::stage::{Complete, Halted, Revoked, RolledBack, Rolling, Stage, StageName, Superseded};

impl Release {
    /// Whether no device should install it any more: its rollout was halted, or it was revoked.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        matches!(
            self.stage.name(),
            StageName::Halted | StageName::RolledBack | StageName::Revoked
        )
    }

    /// `Rolling` to `Complete`.
    ///
    /// # Errors
    /// If the release isn't rolling.
    pub fn complete(self, at: Timestamp) -> Result<Self, Refusal> {
        let rolling = self.rolling(StageName::Complete)?;
        Ok(self.into_stage(Stage::Complete(Complete { rolling, at })))
    }

    /// `Rolling` to `Halted`, with the rollout's reason as a sentence.
    ///
    /// # Errors
    /// If the release isn't rolling.
    pub fn halt(self, reason: &str, at: Timestamp) -> Result<Self, Refusal> {
        let halted = Halted {
            rolling: self.rolling(StageName::Halted)?,
            at,
            reason: reason.to_owned(),
        };
        Ok(self.into_stage(Stage::Halted(halted)))
    }

    fn rolling(&self, becomes: StageName) -> Result<Rolling, Refusal> {
        match &self.stage {
            Stage::Rolling(rolling) => Ok(rolling.clone()),
            _ => Err(self.wrong_stage(StageName::Rolling, becomes)),
        }
    }

    /// `Halted` to `RolledBack`: every device that could go back has said that it did.
    ///
    /// # Errors
    /// If the release isn't halted.
    pub fn roll_back(self, at: Timestamp) -> Result<Self, Refusal> {
        let Stage::Halted(halted) = &self.stage else {
            return Err(self.wrong_stage(StageName::Halted, StageName::RolledBack));
        };
        let halted = halted.clone();
        Ok(self.into_stage(Stage::RolledBack(RolledBack { halted, at })))
    }

    /// `Complete` to `Superseded`: `newer` has taken its place.
    ///
    /// # Errors
    /// If the release isn't complete, or the other isn't a newer one of its class.
    pub fn supersede(self, newer: &Self, at: Timestamp) -> Result<Self, Refusal> {
        let Stage::Complete(complete) = &self.stage else {
            return Err(self.wrong_stage(StageName::Complete, StageName::Superseded));
        };
        let same_class = newer.facts.class == self.facts.class;
        if !same_class || newer.facts.sequence <= self.facts.sequence {
            return Err(Refusal::NotNewer {
                release: self.id.clone(),
                newer: newer.id.clone(),
            });
        }
        let superseded = Superseded {
            complete: complete.clone(),
            newer: newer.id.clone(),
            at,
        };
        Ok(self.into_stage(Stage::Superseded(superseded)))
    }

    /// Any stage to `Revoked`, for good: no device installs it any more. `because` says by what, as
    /// a clause.
    ///
    /// # Errors
    /// If it is revoked already.
    pub fn revoke(self, because: &str, at: Timestamp) -> Result<Self, Refusal> {
        if let Stage::Revoked(_) = self.stage {
            return Err(Refusal::AlreadyRevoked {
                release: self.id.clone(),
            });
        }
        let revoked = Revoked {
            before: Box::new(self.stage.clone()),
            at,
            because: because.to_owned(),
        };
        Ok(self.into_stage(Stage::Revoked(revoked)))
    }
}
