//! Each crate's refusals as HTTP answers: which status, with the id, cause and cure that it has.
//!
//! A table, in effect: nothing is worded here.

use std::time::Duration;

use axum::http::StatusCode;
use mainstay_access::{
    ApiTokenDenied, ApiTokenFlaw, CodeRefusal, Denied, DutyConflict, JoinFlaw, JoinRefusal,
    NotWelcome, SetupLinkRefusal, TryLater, WelcomeFlaw,
};
use mainstay_fleet::{GatewayRefusal, QueryError};
use mainstay_release::{HoldRefusal, Refusal as ReleaseRefusal};
use mainstay_rollout::DrawRefusal;
use mainstay_rollout::halt::HaltRefused;
use mainstay_rollout::order::OrderRefusal;
use mainstay_rollout::pause::PauseRefused;
use mainstay_rollout::question::NothingAsked;
use mainstay_rollout::withdrawal::WithdrawalRefused;
use mainstay_store::{HeedRefusal, IssueFailure, JoinFailure, StoreError};
use mainstay_telemetry::ReviewRefusal;
use mainstay_trust::Refusal as TrustRefusal;

use crate::app::AppError;
use crate::issuing::nothing_to_renew;
use crate::problem::Refused;

/// So long a device that was given too many certificates goes by the newest of them, and needs no other. It is told no more exactly than that.
const TOO_MANY_CERTIFICATES: Duration = Duration::from_secs(3600);

impl From<StoreError> for Refused {
    /// What people caused has its own status; what the disk or the database did is logged in full,
    /// and told by its id alone: as 503 where it may be over soon, since whoever is told that asks again.
    fn from(error: StoreError) -> Self {
        let status = match &error {
            StoreError::AlreadyExists { .. }
            | StoreError::Conflict { .. }
            | StoreError::LastOfOperations(_) => StatusCode::CONFLICT,
            StoreError::NotFound { .. } => StatusCode::NOT_FOUND,
            StoreError::Gateway(refusal) => return refusal.clone().into(),
            StoreError::Busy => StatusCode::SERVICE_UNAVAILABLE,
            _ => return failed(&error),
        };
        Self::new(status, error.id(), &error, error.cure())
    }
}

fn failed(error: &StoreError) -> Refused {
    tracing::error!(id = error.id(), %error, "the store failed");
    if error.is_passing() {
        return Refused::unavailable(error.id(), error.cure());
    }
    let cause = "The server's store failed; its log says more.";
    Refused::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        error.id(),
        cause,
        error.cure(),
    )
}

impl From<GatewayRefusal> for Refused {
    fn from(refusal: GatewayRefusal) -> Self {
        let (status, id) = (StatusCode::UNPROCESSABLE_ENTITY, refusal.id());
        Self::new(status, id, sentence(&refusal), sentence(refusal.cure()))
    }
}

impl From<JoinFlaw> for Refused {
    fn from(flaw: JoinFlaw) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, flaw.id(), sentence(flaw), sentence(flaw.cure()))
    }
}

impl From<JoinRefusal> for Refused {
    /// Who shows a code that there is has it from somebody, and may hear why it isn't taken.
    fn from(refusal: JoinRefusal) -> Self {
        let status = match refusal {
            JoinRefusal::Otherwise(_) | JoinRefusal::Unsaid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::FORBIDDEN,
        };
        Self::new(
            status,
            refusal.id(),
            sentence(&refusal),
            sentence(refusal.cure()),
        )
    }
}

impl From<NotWelcome> for Refused {
    /// As to whoever shows nothing that lets it in; why, a device may hear for which an authority of the house vouches.
    fn from(why: NotWelcome) -> Self {
        let (id, cure) = (why.id(), sentence(why.cure()));
        Self::new(StatusCode::UNAUTHORIZED, id, sentence(why), cure)
    }
}

impl From<WelcomeFlaw> for Refused {
    fn from(flaw: WelcomeFlaw) -> Self {
        let status = match flaw {
            WelcomeFlaw::Overlaps(_) | WelcomeFlaw::TooMany => StatusCode::CONFLICT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let (id, cure) = (flaw.id(), sentence(flaw.cure()));
        Self::new(status, id, sentence(flaw), cure)
    }
}

impl From<JoinFailure> for Refused {
    fn from(failure: JoinFailure) -> Self {
        match failure {
            JoinFailure::Refused(refusal) => refusal.into(),
            JoinFailure::Store(error) => error.into(),
        }
    }
}

impl From<IssueFailure> for Refused {
    /// Who is given no certificate any more today asks again when it is.
    fn from(failure: IssueFailure) -> Self {
        match failure {
            IssueFailure::TooMany(refusal) => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                let (cause, cure) = (sentence(refusal), sentence(refusal.cure()));
                let refused = Self::new(status, refusal.id(), cause, cure);
                refused.tried_again_after(TOO_MANY_CERTIFICATES)
            }
            IssueFailure::Revoked => nothing_to_renew(),
            IssueFailure::Store(error) => error.into(),
        }
    }
}

impl From<HeedRefusal> for Refused {
    fn from(refusal: HeedRefusal) -> Self {
        let refusal = match refusal {
            HeedRefusal::Store(error) => return error.into(),
            HeedRefusal::Order(refusal) => refusal,
        };
        let status = match refusal {
            OrderRefusal::Closed { .. } => StatusCode::GONE,
            OrderRefusal::NotCancelling => StatusCode::NOT_FOUND,
            _ => StatusCode::TOO_MANY_REQUESTS,
        };
        let (id, cure) = (refusal.id(), sentence(refusal.cure()));
        Self::new(status, id, sentence(refusal), cure)
    }
}

/// A clause as a sentence.
pub(crate) fn sentence(clause: impl std::fmt::Display) -> String {
    let clause = clause.to_string();
    let mut signs = clause.chars();
    let first = signs.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(signs).chain(['.']).collect()
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        Self::new(StatusCode::FORBIDDEN, denied.id(), &denied, denied.cure())
    }
}

impl From<ApiTokenDenied> for Refused {
    fn from(denied: ApiTokenDenied) -> Self {
        Self::new(StatusCode::FORBIDDEN, denied.id(), &denied, denied.cure())
    }
}

impl From<TryLater> for Refused {
    fn from(later: TryLater) -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self::new(status, later.id(), sentence(later), sentence(later.cure()))
    }
}

impl From<CodeRefusal> for Refused {
    fn from(refusal: CodeRefusal) -> Self {
        let status = match refusal {
            CodeRefusal::TooEarly { .. } | CodeRefusal::NoMore => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::FORBIDDEN,
        };
        let (id, cure) = (refusal.id(), sentence(refusal.cure()));
        Self::new(status, id, sentence(refusal), cure)
    }
}

impl From<SetupLinkRefusal> for Refused {
    fn from(refusal: SetupLinkRefusal) -> Self {
        let status = match refusal {
            SetupLinkRefusal::Denied(_) => StatusCode::FORBIDDEN,
            _ => StatusCode::CONFLICT,
        };
        let (id, cure) = (refusal.id(), sentence(refusal.cure()));
        Self::new(status, id, sentence(refusal), cure)
    }
}

impl From<Vec<ApiTokenFlaw>> for Refused {
    /// The id and the cure of the first, and all of them in the cause.
    fn from(flaws: Vec<ApiTokenFlaw>) -> Self {
        let told: Vec<String> = flaws.iter().map(ToString::to_string).collect();
        let first = flaws.first().map(|flaw| (flaw.id(), flaw.cure()));
        let (id, cure) = first.unwrap_or(("access.token", "wish for another one"));
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, id, sentence(told.join("; ")), sentence(cure))
    }
}

impl From<DutyConflict> for Refused {
    fn from(conflict: DutyConflict) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            conflict.id(),
            &conflict,
            conflict.cure(),
        )
    }
}

impl From<ReleaseRefusal> for Refused {
    fn from(refusal: ReleaseRefusal) -> Self {
        let status = match &refusal {
            ReleaseRefusal::Denied(_) | ReleaseRefusal::SamePerson { .. } => StatusCode::FORBIDDEN,
            ReleaseRefusal::BadFacts { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.id(), &refusal, refusal.cure())
    }
}

impl From<HoldRefusal> for Refused {
    fn from(refusal: HoldRefusal) -> Self {
        let status = match &refusal {
            HoldRefusal::Denied(_) | HoldRefusal::NeedsAnother { .. } => StatusCode::FORBIDDEN,
            HoldRefusal::Reason => StatusCode::BAD_REQUEST,
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.id(), &refusal, refusal.cure())
    }
}

impl From<ReviewRefusal> for Refused {
    fn from(refusal: ReviewRefusal) -> Self {
        let status = match &refusal {
            ReviewRefusal::Denied(_)
            | ReviewRefusal::NeedsAnother { .. }
            | ReviewRefusal::NeedsOutsider { .. } => StatusCode::FORBIDDEN,
            ReviewRefusal::Words { .. } | ReviewRefusal::NothingSaid { .. } => {
                StatusCode::BAD_REQUEST
            }
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.id(), &refusal, refusal.cure())
    }
}

impl From<AppError> for Refused {
    fn from(error: AppError) -> Self {
        Self::new(StatusCode::CONFLICT, error.id(), &error, error.cure())
    }
}

impl From<QueryError> for Refused {
    fn from(error: QueryError) -> Self {
        Self::bad(error.id(), &error, error.cure())
    }
}

impl From<DrawRefusal> for Refused {
    fn from(refusal: DrawRefusal) -> Self {
        Self::new(StatusCode::CONFLICT, refusal.id(), &refusal, refusal.cure())
    }
}

impl From<HaltRefused> for Refused {
    fn from(refusal: HaltRefused) -> Self {
        Self::new(StatusCode::CONFLICT, refusal.id(), refusal, refusal.cure())
    }
}

impl From<WithdrawalRefused> for Refused {
    fn from(refusal: WithdrawalRefused) -> Self {
        Self::new(StatusCode::CONFLICT, refusal.id(), refusal, refusal.cure())
    }
}

impl From<PauseRefused> for Refused {
    fn from(refusal: PauseRefused) -> Self {
        Self::new(StatusCode::CONFLICT, refusal.id(), refusal, refusal.cure())
    }
}

impl From<NothingAsked> for Refused {
    fn from(refusal: NothingAsked) -> Self {
        Self::new(StatusCode::CONFLICT, refusal.id(), refusal, refusal.cure())
    }
}

impl From<TrustRefusal> for Refused {
    /// The document was understood, and isn't acceptable.
    fn from(refusal: TrustRefusal) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, refusal.id(), refusal.cause(), refusal.cure())
    }
}
