//! Giving an approved release its rollout, and taking that back: the steps of operations.

use jiff::Timestamp;
use mainstay_access::{Permission, Person};

use crate::refusal::Refusal;
use crate::release::Release;
use crate::stage::{Rolling, Scheduled, Stage, StageName};

impl Release {
    /// `Approved` to `Scheduled`: operations gave it the rollout with this number.
    ///
    /// # Errors
    /// If the release isn't approved, if the person built or approved it, or lacks the duty.
    pub fn schedule(self, by: &Person, rollout: i64, at: Timestamp) -> Result<Self, Refusal> {
        let Stage::Approved(approved) = &self.stage else {
            return Err(self.wrong_stage(StageName::Approved, StageName::Scheduled));
        };
        self.refuse_same_person(&by.email, StageName::Scheduled)?;
        by.may(Permission::StartRollout)?;
        let scheduled = Scheduled {
            approved: approved.clone(),
            by: by.email.clone(),
            at,
            rollout,
        };
        Ok(self.into_stage(Stage::Scheduled(scheduled)))
    }

    /// `Scheduled` to `Rolling`: the rollout has started.
    ///
    /// # Errors
    /// If the release isn't scheduled.
    pub fn start(self, at: Timestamp) -> Result<Self, Refusal> {
        let Stage::Scheduled(scheduled) = &self.stage else {
            return Err(self.wrong_stage(StageName::Scheduled, StageName::Rolling));
        };
        let scheduled = scheduled.clone();
        Ok(self.into_stage(Stage::Rolling(Rolling { scheduled, at })))
    }

    /// `Scheduled` or `Rolling` back to `Approved`: its rollout was withdrawn before a wave opened, and it may be given another one.
    /// Who did that stands in the rollout.
    ///
    /// # Errors
    /// If the release has no rollout, or that is over.
    pub fn unschedule(self) -> Result<Self, Refusal> {
        let scheduled = match &self.stage {
            Stage::Scheduled(scheduled) | Stage::Rolling(Rolling { scheduled, .. }) => scheduled,
            _ => return Err(self.wrong_stage(StageName::Rolling, StageName::Approved)),
        };
        let approved = scheduled.approved.clone();
        Ok(self.into_stage(Stage::Approved(approved)))
    }
}
