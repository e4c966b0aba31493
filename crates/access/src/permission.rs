//! What each role may do: one table, [`Permission::row`].
//!
//! `docs/reference/who-may-what.md` shows the same table to people, and a test holds the two together.

use serde::{Deserialize, Serialize};

use crate::duty::Person;
use crate::email::Email;
use crate::role::Role;

/// Something that a person may ask the server to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Look at everything but the audit.
    Read,
    /// Look at who signed in, when and from where, and who made which token.
    ReadAudit,
    /// Hand in a signed release.
    SubmitRelease,
    /// Approve a release.
    ApproveRelease,
    /// Put a plan into force.
    ActivatePlan,
    /// Register devices, or declare them anew.
    RegisterDevices,
    /// Ask a device to tell its attributes again.
    AskAttributes,
    /// Start a rollout.
    StartRollout,
    /// Answer a rollout's question, or let it go on.
    AnswerRollout,
    /// Take a rollout back before its first wave opens.
    WithdrawRollout,
    /// Halt a rollout: a brake that any one person with a duty may pull.
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
    /// Copy the payloads of releases that devices are offered to a mirror.
    MirrorPayloads,
    /// Say who is told by HTTP what happens.
    ManageWebhooks,
    /// Invite people, close their accounts, and revoke their tokens.
    ManagePeople,
    /// Be the second person behind somebody else's invitation.
    VouchForPeople,
}

/// What the table says of one permission.
struct Row {
    id: &'static str,
    phrase: &'static str,
    roles: &'static [Role],
}

/// Those who have one of the three duties.
const WITH_DUTY: &[Role] = &[Role::Engineer, Role::ReleaseManager, Role::Operations];
/// Those who look after devices one by one.
const HELPING: &[Role] = &[Role::Operations, Role::Support];

/// A person asked for something that their role doesn't include.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{who} has the {} {role} and may not {}", kind(&[*.role]), .wanted.phrase())]
pub struct Denied {
    /// Who asked.
    pub who: Email,
    /// Their role.
    pub role: Role,
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
        let roles = self.wanted.roles();
        let names: Vec<&str> = roles.iter().map(|role| role.id()).collect();
        format!(
            "ask somebody with the {} {}",
            kind(roles),
            names.join(" or ")
        )
    }
}

/// What these roles are called: duties, as long as each is one.
fn kind(roles: &[Role]) -> &'static str {
    if roles.iter().all(|role| role.duty().is_some()) {
        "duty"
    } else {
        "role"
    }
}

impl Permission {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 23] = [
        Self::Read,
        Self::ReadAudit,
        Self::SubmitRelease,
        Self::ApproveRelease,
        Self::ActivatePlan,
        Self::RegisterDevices,
        Self::AskAttributes,
        Self::StartRollout,
        Self::AnswerRollout,
        Self::WithdrawRollout,
        Self::HaltRollout,
        Self::PauseRollout,
        Self::ResumeRollout,
        Self::QuitOrder,
        Self::HoldRelease,
        Self::ReviewIncident,
        Self::CloseIncident,
        Self::PublishTrust,
        Self::PublishSchedule,
        Self::MirrorPayloads,
        Self::ManageWebhooks,
        Self::ManagePeople,
        Self::VouchForPeople,
    ];

    /// The table: id, the end of "may not ...", and who may.
    fn row(self) -> Row {
        use Role::{Auditor, Engineer, Operations, ReleaseManager};
        let (id, phrase, roles): (_, _, &[Role]) = match self {
            Self::Read => ("read", "look at this", &Role::ALL),
            Self::ReadAudit => ("read-audit", "look at the audit", &[Operations, Auditor]),
            Self::SubmitRelease => ("submit-release", "hand in a release", &[Engineer]),
            Self::ApproveRelease => ("approve-release", "approve a release", &[ReleaseManager]),
            Self::ActivatePlan => ("activate-plan", "put a plan into force", &[ReleaseManager]),
            Self::RegisterDevices => (
                "register-devices",
                "register devices or declare them anew",
                &[Operations],
            ),
            Self::AskAttributes => ("ask-attributes", "ask a device for its attributes", HELPING),
            Self::StartRollout => ("start-rollout", "start a rollout", &[Operations]),
            Self::AnswerRollout => ("answer-rollout", "answer for a rollout", &[Operations]),
            Self::WithdrawRollout => ("withdraw-rollout", "withdraw a rollout", &[Operations]),
            Self::HaltRollout => ("halt-rollout", "halt a rollout", WITH_DUTY),
            Self::PauseRollout => ("pause-rollout", "pause a rollout", WITH_DUTY),
            Self::ResumeRollout => (
                "resume-rollout",
                "let a paused rollout go on",
                &[Operations],
            ),
            Self::QuitOrder => ("quit-order", "quit the order of a device", HELPING),
            Self::HoldRelease => (
                "hold-release",
                "put a release on hold or end that",
                &[ReleaseManager, Operations],
            ),
            Self::ReviewIncident => ("review-incident", "review an incident", WITH_DUTY),
            Self::CloseIncident => (
                "close-incident",
                "close an incident",
                &[ReleaseManager, Operations],
            ),
            Self::PublishTrust => ("publish-trust", "hand in a root or revocations", WITH_DUTY),
            Self::PublishSchedule => ("publish-schedule", "hand in a schedule", &[Operations]),
            Self::MirrorPayloads => (
                "mirror-payloads",
                "copy payloads to a mirror",
                &[Operations],
            ),
            Self::ManageWebhooks => (
                "manage-webhooks",
                "say who is told by HTTP what happens",
                &[Operations],
            ),
            Self::ManagePeople => (
                "manage-people",
                "invite people or take away what lets them in",
                &[Operations],
            ),
            Self::VouchForPeople => (
                "vouch-for-people",
                "be the second person behind an invitation",
                WITH_DUTY,
            ),
        };
        Row { id, phrase, roles }
    }

    /// The stable id, as the scope of a token writes it: "start-rollout".
    #[must_use]
    pub fn id(self) -> &'static str {
        self.row().id
    }

    /// The permission of this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.id() == id)
    }

    /// The end of "may not ...".
    #[must_use]
    pub fn phrase(self) -> &'static str {
        self.row().phrase
    }

    /// Who may, at least one.
    #[must_use]
    pub fn roles(self) -> &'static [Role] {
        self.row().roles
    }

    /// Whether it is for people who are signed in themselves, and never for a program with a token of theirs: what comes of
    /// it would do more than the token, and longer.
    #[must_use]
    pub fn needs_a_session(self) -> bool {
        matches!(self, Self::ManagePeople | Self::VouchForPeople)
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn only_looks(self) -> bool {
        matches!(self, Self::Read | Self::ReadAudit | Self::MirrorPayloads)
    }

    /// Whether a role, or a duty as such, includes it.
    #[must_use]
    pub fn is_for(self, role: impl Into<Role>) -> bool {
        self.roles().contains(&role.into())
    }
}

impl Role {
    /// Whether `who`, who has this role, may do what is `wanted`.
    ///
    /// # Errors
    /// If the role doesn't include it.
    pub fn may(self, who: &Email, wanted: Permission) -> Result<(), Denied> {
        if wanted.is_for(self) {
            return Ok(());
        }
        let who = who.clone();
        let role = self;
        Err(Denied { who, role, wanted })
    }
}

impl Person {
    /// Whether this person's duty includes `wanted`.
    ///
    /// # Errors
    /// If it doesn't.
    pub fn may(&self, wanted: Permission) -> Result<(), Denied> {
        Role::from(self.duty).may(&self.email, wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duty::Duty;

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
    fn anyone_with_a_duty_may_pull_the_brake_and_operations_lets_go() {
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
        let denied = |role: Role, wanted| role.may(&ana, wanted).expect_err("it isn't theirs");
        let approving = denied(Role::Engineer, Permission::ApproveRelease);
        assert_eq!(
            approving.cure(),
            "ask somebody with the duty release-manager"
        );
        assert_eq!(
            approving.to_string(),
            "ana@northwind.example has the duty engineer and may not approve a release"
        );
        let quitting = denied(Role::Viewer, Permission::QuitOrder);
        assert_eq!(
            quitting.cure(),
            "ask somebody with the role operations or support"
        );
        assert_eq!(
            quitting.to_string(),
            "ana@northwind.example has the role viewer and may not quit the order of a device"
        );
    }

    #[test]
    fn ids_are_those_that_are_stored() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_id(permission.id()), Some(permission));
            let stored: Result<Permission, serde::de::value::Error> =
                Permission::deserialize(serde::de::value::StrDeserializer::new(permission.id()));
            assert_eq!(stored, Ok(permission));
        }
    }
}
