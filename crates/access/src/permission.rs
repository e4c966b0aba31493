//! What each duty may do.

use serde::{Deserialize, Serialize};

use crate::duty::{Duty, Person};
use crate::email::Email;

/// Something that a person may ask the server to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Look at everything.
    Read,
    /// Hand in a signed release.
    SubmitRelease,
    /// Approve a release.
    ApproveRelease,
    /// Put a plan into force.
    ActivatePlan,
    /// Register devices, or declare them anew.
    RegisterDevices,
    /// Start a rollout.
    StartRollout,
    /// Answer a rollout's question, or let it go on.
    AnswerRollout,
    /// Take a rollout back before its first wave opens.
    WithdrawRollout,
    /// Halt a rollout: a brake that any one person may pull.
    HaltRollout,
    /// Pause a rollout: a brake as well.
    PauseRollout,
    /// Let a paused rollout go on.
    ResumeRollout,
    /// Take back the order that one device has.
    QuitOrder,
    /// Put a release on hold, or be one of the two who end that.
    HoldRelease,
    /// Write what was learnt from an incident, or open it anew: whoever knows something may say it.
    ReviewIncident,
    /// Close an incident that others have reviewed.
    CloseIncident,
    /// Hand in a signed root or signed revocations. It is their signatures that count, and a brake
    /// must not wait for the right courier.
    PublishTrust,
    /// Hand in a signed schedule.
    PublishSchedule,
}

/// A person asked for something that their duty doesn't include.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{who} has the duty {duty} and may not {}", .wanted.phrase())]
pub struct Denied {
    /// Who asked.
    pub who: Email,
    /// Their duty.
    pub duty: Duty,
    /// What they asked for.
    pub wanted: Permission,
}

impl Denied {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "access.denied"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        let may = Duty::ALL
            .into_iter()
            .filter(|duty| self.wanted.is_for(*duty));
        let names: Vec<&str> = may.map(Duty::id).collect();
        format!("ask somebody with the duty {}", names.join(" or "))
    }
}

impl Permission {
    /// Whether a duty includes it.
    #[must_use]
    pub fn is_for(self, duty: Duty) -> bool {
        match self {
            Self::Read
            | Self::HaltRollout
            | Self::PauseRollout
            | Self::PublishTrust
            | Self::ReviewIncident => true,
            Self::SubmitRelease => duty == Duty::Engineer,
            Self::ApproveRelease | Self::ActivatePlan => duty == Duty::ReleaseManager,
            Self::HoldRelease | Self::CloseIncident => {
                matches!(duty, Duty::ReleaseManager | Duty::Operations)
            }
            Self::RegisterDevices
            | Self::StartRollout
            | Self::AnswerRollout
            | Self::WithdrawRollout
            | Self::ResumeRollout
            | Self::QuitOrder
            | Self::PublishSchedule => duty == Duty::Operations,
        }
    }

    /// The end of "may not ...".
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Read => "look at this",
            Self::SubmitRelease => "hand in a release",
            Self::ApproveRelease => "approve a release",
            Self::ActivatePlan => "put a plan into force",
            Self::RegisterDevices => "register devices or declare them anew",
            Self::StartRollout => "start a rollout",
            Self::AnswerRollout => "answer for a rollout",
            Self::WithdrawRollout => "withdraw a rollout",
            Self::HaltRollout => "halt a rollout",
            Self::PauseRollout => "pause a rollout",
            Self::ResumeRollout => "let a paused rollout go on",
            Self::QuitOrder => "quit the order of a device",
            Self::HoldRelease => "put a release on hold or end that",
            Self::ReviewIncident => "review an incident",
            Self::CloseIncident => "close an incident",
            Self::PublishTrust => "hand in a root or revocations",
            Self::PublishSchedule => "hand in a schedule",
        }
    }
}

impl Person {
    /// Whether this person's duty includes `wanted`.
    ///
    /// # Errors
    /// If it doesn't.
    pub fn may(&self, wanted: Permission) -> Result<(), Denied> {
        if wanted.is_for(self.duty) {
            return Ok(());
        }
        Err(Denied {
            who: self.email.clone(),
            duty: self.duty,
            wanted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn building_approving_and_scheduling_never_meet() {
        let crucial = [
            Permission::SubmitRelease,
            Permission::ApproveRelease,
            Permission::StartRollout,
        ];
        for duty in Duty::ALL {
            let held = crucial
                .iter()
                .filter(|permission| permission.is_for(duty))
                .count();
            assert_eq!(held, 1, "{duty}");
        }
    }

    #[test]
    fn anyone_may_pull_the_brake_and_operations_lets_go() {
        for duty in Duty::ALL {
            assert!(Permission::HaltRollout.is_for(duty), "{duty}");
            assert!(Permission::PauseRollout.is_for(duty), "{duty}");
            let lets_go = Permission::ResumeRollout.is_for(duty);
            assert_eq!(lets_go, duty == Duty::Operations, "{duty}");
        }
    }

    #[test]
    fn who_builds_says_what_was_learnt_and_others_say_that_it_is_enough() {
        for duty in Duty::ALL {
            assert!(Permission::ReviewIncident.is_for(duty), "{duty}");
            let closes = Permission::CloseIncident.is_for(duty);
            assert_eq!(closes, duty != Duty::Engineer, "{duty}");
        }
    }

    #[test]
    fn a_denial_says_whom_to_ask() {
        let ana = Email::new("ana@northwind.example").expect("an address");
        let denied = Person {
            email: ana,
            duty: Duty::Engineer,
        }
        .may(Permission::ApproveRelease)
        .expect_err("engineers don't approve");
        assert_eq!(denied.cure(), "ask somebody with the duty release-manager");
    }
}
