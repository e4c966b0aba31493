//! Who may approve: a release manager who neither drafted nor signed the release.
//!
//! The device checks the same by the holders of the keys; here it is refused early, with words.

use jiff::Timestamp;
use mainstay_access::{Email, Permission, Person};
use mainstay_plan::PlanDigest;

use crate::refusal::Refusal;
use crate::release::Release;
use crate::stage::{Approved, Stage, StageName};

impl Release {
    /// `Gated` to `Approved`: a release manager's approval, which names `plan_revision`, was
    /// verified.
    ///
    /// # Errors
    /// If the release isn't through its gates, if the person built it, or lacks the duty.
    pub fn approve(
        self,
        by: &Person,
        plan_revision: PlanDigest,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        let Stage::Gated(gated) = &self.stage else {
            return Err(self.wrong_stage(StageName::Gated, StageName::Approved));
        };
        self.refuse_same_person(&by.email, StageName::Approved)?;
        by.may(Permission::ApproveRelease)?;
        let approved = Approved {
            gated: gated.clone(),
            by: by.email.clone(),
            at,
            plan_revision,
        };
        Ok(self.into_stage(Stage::Approved(approved)))
    }

    /// Refuses a person who has done an earlier step: duties may have changed hands since, deeds
    /// don't.
    pub(crate) fn refuse_same_person(
        &self,
        who: &Email,
        becomes: StageName,
    ) -> Result<(), Refusal> {
        let history = self.stage.history();
        let earlier = history.iter().find(|entry| entry.by == Some(who));
        match earlier {
            None => Ok(()),
            Some(entry) => Err(Refusal::SamePerson {
                release: self.id.clone(),
                who: who.clone(),
                did: entry.stage,
                becomes,
            }),
        }
    }
}
