//! Why an incident isn't written to, closed or opened anew. Read [`ReviewRefusal`].

use mainstay_access::{Denied, Email};
use mainstay_plan::PlanDigest;

use crate::closing::ENTRIES_MAX;
use crate::incident::IncidentId;
use crate::review::{Part, WORDS_BYTES_MAX};

/// Why an incident isn't written to, closed or opened anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewRefusal {
    /// The person's duty doesn't include it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Nothing was said at all.
    #[error("a review of {incident} must say something")]
    NothingSaid {
        /// The incident.
        incident: IncidentId,
    },
    /// A text is empty, too long to read, or not only text.
    #[error("the {what} needs 1 to {WORDS_BYTES_MAX} bytes of text, without control characters")]
    Words {
        /// What the text is: "root cause", "reason".
        what: String,
    },
    /// It is closed, and stays as it is.
    #[error("{incident} is closed, and stays as it is")]
    Closed {
        /// The incident.
        incident: IncidentId,
    },
    /// So much was written that nobody reads it any more.
    #[error("the review of {incident} was written {ENTRIES_MAX} times already")]
    TooMany {
        /// The incident.
        incident: IncidentId,
    },
    /// The plan that is named is the one that it halted under.
    #[error("plan {plan} asks for just what was asked for when {incident} opened")]
    PlanUnchanged {
        /// The incident.
        incident: IncidentId,
        /// The plan.
        plan: PlanDigest,
    },
    /// The plan that is named wasn't put into force since.
    #[error("plan {plan} wasn't put into force since {incident} opened")]
    PlanNotSince {
        /// The incident.
        incident: IncidentId,
        /// The plan.
        plan: PlanDigest,
    },
    /// The plan that is named was replaced by the one of the halt.
    #[error("plan {plan} was taken back: {newest} is in force, as when {incident} opened")]
    PlanTakenBack {
        /// The incident.
        incident: IncidentId,
        /// The plan.
        plan: PlanDigest,
        /// What is in force.
        newest: PlanDigest,
    },
    /// Parts of the review are missing; never empty.
    #[error("the review of {incident} lacks its {}", .parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Missing {
        /// The incident.
        incident: IncidentId,
        /// All that is missing.
        parts: Vec<Part>,
    },
    /// Who wrote a part can't be the one who finds it good.
    #[error("{who} wrote the {part} of {incident}, and somebody else must close it")]
    NeedsAnother {
        /// The incident.
        incident: IncidentId,
        /// Who.
        who: Email,
        /// The first part of theirs.
        part: Part,
    },
    /// All who have to do with the review brought the release on its way.
    #[error(
        "everybody who wrote or would close {incident} handed in or approved {version} themselves"
    )]
    NeedsOutsider {
        /// The incident.
        incident: IncidentId,
        /// The version.
        version: String,
    },
    /// It is open, so there is nothing to open.
    #[error("{incident} is open")]
    StillOpen {
        /// The incident.
        incident: IncidentId,
    },
    /// Another one has taken it up already.
    #[error("{incident} was taken up again already, as {next}")]
    Reopened {
        /// The incident.
        incident: IncidentId,
        /// The one after it.
        next: IncidentId,
    },
}

impl ReviewRefusal {
    /// The stable id. Of several missing parts it names the first.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Denied(denied) => denied.id(),
            Self::NothingSaid { .. } => "incident.nothing-said",
            Self::Words { .. } => "incident.words",
            Self::Closed { .. } => "incident.closed",
            Self::TooMany { .. } => "incident.too-many-words",
            Self::PlanUnchanged { .. } => "incident.plan-unchanged",
            Self::PlanNotSince { .. } => "incident.plan-not-since",
            Self::PlanTakenBack { .. } => "incident.plan-taken-back",
            Self::Missing { parts, .. } => match parts.first() {
                Some(Part::TestGap) => "incident.test-gap-missing",
                Some(Part::PlanChange) => "incident.plan-change-missing",
                _ => "incident.root-cause-missing",
            },
            Self::NeedsAnother { .. } => "incident.needs-another",
            Self::NeedsOutsider { .. } => "incident.needs-outsider",
            Self::StillOpen { .. } => "incident.still-open",
            Self::Reopened { .. } => "incident.reopened",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Denied(denied) => denied.cure(),
            Self::NothingSaid { .. } => "give at least one part: a root cause, a test gap, a plan change".to_owned(),
            Self::Words { .. } => "say it in a few sentences, and name the document that says more".to_owned(),
            Self::Closed { incident } => format!(
                "if more was learnt, take it up again: `mainstay incident reopen {incident} --why ...`"
            ),
            Self::TooMany { .. } => "close it as it stands; what comes later goes into one that takes it up again".to_owned(),
            Self::PlanUnchanged { .. } => "change what the plan asks for and put it into force, or say why it stays: --no-plan-change".to_owned(),
            Self::PlanNotSince { .. } => "have it put into force first: `mainstay plan activate`; or say why the plan stays: --no-plan-change".to_owned(),
            Self::PlanTakenBack { .. } => "put a better plan into force and name that, or say why the plan stays: --no-plan-change".to_owned(),
            Self::Missing { incident, parts } => {
                let options: Vec<_> = parts.iter().map(|part| option(*part)).collect();
                format!("`mainstay incident review {incident} {}`", options.join(" "))
            }
            Self::NeedsAnother { .. } => "ask a release manager or operations who wrote none of it; or let a colleague write your part in their words".to_owned(),
            Self::NeedsOutsider { .. } => "let somebody who neither handed in nor approved the release write a part, or close it".to_owned(),
            Self::StillOpen { .. } => "write to it as it is: `mainstay incident review`".to_owned(),
            Self::Reopened { next, .. } => format!("go on there: `mainstay incident show {next}`"),
        }
    }
}

/// How the command line writes a part.
fn option(part: Part) -> &'static str {
    match part {
        Part::RootCause => "--root-cause ...",
        Part::TestGap => "--test ...",
        Part::PlanChange => "--plan ...",
    }
}
