//! Whom a provider's word lets in: the account that its subject is bound to, or that of an address which it has verified.
//!
//! Nobody gets another role by a group, and nobody an account without one. Read [`enter`].

use axum::http::StatusCode;
use mainstay_access::password_hash::{DIGEST_BYTES, SALT_BYTES};
use mainstay_access::{Account, Email, GroupRefusal, Means, PasswordHash, Role, Subject, Vouched};
use mainstay_store::StoreError;

use super::{Provider, Told};
use crate::App;
use crate::operator::plan::check_newcomer;
use crate::problem::Refused;
use crate::sign_in::SignedIn;

/// Signs in whom the provider vouches for; `anew` if they were to sign in there for it just now, and `before` who is signed in with that
/// browser already.
///
/// # Errors
/// `oidc.email`, `oidc.unknown-person`, `oidc.other-subject`, `oidc.not-anew`; `oidc.no-group`, `oidc.two-roles` and `oidc.other-role` where
/// groups give roles, with which somebody who was in before is shut out.
pub(crate) async fn enter(
    app: &App,
    provider: &Provider,
    told: Told,
    anew: bool,
    before: Option<&SignedIn>,
) -> Result<SignedIn, Refused> {
    let now = app.now();
    if anew && !told.vouched.is_anew(now) {
        return Err(not_anew());
    }
    let subject = &told.vouched.subject;
    let role = granted(provider, &told);
    let account = match app.store.account_of_subject(subject).await? {
        Some(account) => {
            let account = Some(account).filter(|account| account.closed.is_none());
            still_granted(app, account.ok_or_else(unknown)?, role).await?
        }
        None => {
            let email = told.vouched.email.as_ref().ok_or_else(unverified)?;
            let account = account_for(app, email, role).await?;
            bind(app, subject, &account).await?;
            let bound = app.store.account_of_subject(subject).await?;
            bound.ok_or_else(unknown)?
        }
    };
    let own = before.filter(|before| anew && before.account.email == account.email);
    let means = means(&told.vouched, own)?;
    // It begins only if the account has the password that it had while it was bound: who sets it up anew by a link unbinds it.
    let begun = SignedIn::begin(app, account, means, None).await;
    let signed_in = begun.map_err(|error| match error {
        StoreError::Conflict { .. } | StoreError::NotFound { .. } => unknown(),
        error => error.into(),
    })?;
    let anew = means == Means::ProviderAnew;
    tracing::info!(who = %signed_in.account.email, anew, "signed in by the provider");
    Ok(signed_in)
}

/// What the session is begun by of somebody who was asked to sign in anew in a session of their `own`, if they were. That session must be
/// the older one of the two: what the browser says of its way counts for nothing, and a provider may ask nobody for anything, so that
/// otherwise whoever finds a browser open would need nothing but an owner who has just signed in.
fn means(vouched: &Vouched, own: Option<&SignedIn>) -> Result<Means, Refused> {
    match own {
        None => Ok(Means::Provider),
        Some(own) if vouched.is_since(own.session.since) => Ok(Means::ProviderAnew),
        Some(_) => Err(not_anew()),
    }
}

/// The role that somebody's groups give; none where groups say nothing at all.
fn granted(provider: &Provider, told: &Told) -> Option<Result<Role, GroupRefusal>> {
    let table = &provider.settings().groups;
    let groups = told.groups.iter().map(String::as_str);
    (!table.are_none()).then(|| table.role_of(groups))
}

/// The account of somebody who came in before, if their groups still give its role. Who left them has nothing going here any more.
async fn still_granted(
    app: &App,
    account: Account,
    role: Option<Result<Role, GroupRefusal>>,
) -> Result<Account, Refused> {
    let who = &account.email;
    let refused = match role {
        None => return Ok(account),
        Some(Ok(role)) if role == account.role => return Ok(account),
        Some(Ok(role)) => other_role(role),
        Some(Err(refusal)) => no_role(refusal),
    };
    app.store.shut_out(who, app.now()).await?;
    tracing::warn!(%who, id = refused.id(), "shut out: the provider's groups don't give their role");
    Err(refused)
}

/// The account of an address whose owner comes in by the provider for the first time; one to be made, where a group gives a role.
async fn account_for(
    app: &App,
    email: &Email,
    role: Option<Result<Role, GroupRefusal>>,
) -> Result<Account, Refused> {
    let found = app.store.account(email).await?;
    let role = role.transpose().map_err(no_role)?;
    match (found, role) {
        (Some(account), _) if account.closed.is_some() => Err(unknown()),
        (Some(account), Some(role)) if role != account.role => Err(other_role(role)),
        (Some(account), _) => Ok(account),
        (None, None) => Err(unknown()),
        (None, Some(role)) => {
            let plan = &app.active_plan().await?.plan;
            check_newcomer(plan, &*app.store, email, role).await?;
            Ok(newcomer(app, email, role))
        }
    }
}

/// An account that nobody has a password for.
fn newcomer(app: &App, email: &Email, role: Role) -> Account {
    let (mut salt, mut chance) = ([0; SALT_BYTES], [0; DIGEST_BYTES]);
    app.entropy.fill(&mut salt);
    app.entropy.fill(&mut chance);
    Account {
        email: email.clone(),
        role,
        password: PasswordHash::of_no_password(salt, chance),
        second_factor: None,
        since: app.now(),
        closed: None,
    }
}

async fn bind(app: &App, subject: &Subject, account: &Account) -> Result<(), Refused> {
    let (who, role) = (&account.email, account.role);
    let bound = app.store.bind_subject(subject, account, app.now()).await;
    bound.map_err(|error| match error {
        StoreError::Conflict { .. } => other_subject(),
        StoreError::AlreadyExists { .. } => other_role(role),
        error => error.into(),
    })?;
    tracing::info!(%who, %role, "bound to a subject of the provider");
    Ok(())
}

fn refused(id: &str, cause: &str, cure: &str) -> Refused {
    tracing::info!(id, "nobody was let in by the provider's word");
    Refused::new(StatusCode::FORBIDDEN, id, cause, cure)
}

fn not_anew() -> Refused {
    refused(
        "oidc.not-anew",
        "The provider doesn't say that you signed in anew just now.",
        "Sign in anew and finish within five minutes. A provider that can't tell when somebody signed in takes no place of a password here.",
    )
}

fn unverified() -> Refused {
    refused(
        "oidc.email",
        "The provider doesn't say that it has verified your address.",
        "Verify your address there. If it is, whoever runs the provider lets it tell this server the claims email and email_verified.",
    )
}

fn unknown() -> Refused {
    refused(
        "oidc.unknown-person",
        "The provider knows you, and this server doesn't: there is no open account of your address here.",
        "Ask somebody of operations for a setup link for the address that the provider has.",
    )
}

fn other_subject() -> Refused {
    refused(
        "oidc.other-subject",
        "The account of this address belongs to somebody else at the provider: it was given to another person, or they were registered there anew.",
        "Ask somebody of operations for a setup link; the account is bound anew once it was used.",
    )
}

fn no_role(refusal: GroupRefusal) -> Refused {
    let cause = match refusal {
        GroupRefusal::None => "Your groups at the provider give you no role here.",
        GroupRefusal::Several(..) => {
            "Your groups at the provider give you several roles, and a person has one."
        }
    };
    let cure = "Ask whoever keeps the provider's groups.";
    refused(refusal.id(), cause, cure)
}

fn other_role(role: Role) -> Refused {
    refused(
        "oidc.other-role",
        &format!(
            "Your groups at the provider give you the role {role}, and your address has another one here, or had."
        ),
        "An address keeps its role for good. Ask whoever keeps the provider's groups, or have another address.",
    )
}
