//! One attempt to sign in: first the password, then the code where the account asks for one.
//!
//! The order of the steps is what keeps guessers slow and owners in; [decision 60](../../../../docs/decisions) says why.

use axum::http::StatusCode;
use mainstay_access::{
    Account, CodeRefusal, Email, Means, Origin, Password, SecretHash, SecretKind, SessionStanding,
};
use mainstay_store::StoreError;

use super::session::{SignedIn, draw};
use crate::App;
use crate::problem::Refused;

/// What came of a code.
pub(crate) enum Shown {
    /// It was right: the session has another secret from now on.
    Right(Box<SignedIn>),
    /// It wasn't taken; the session goes on.
    Refused(CodeRefusal),
    /// The session is over, by this code or before it: the password comes first again.
    Over,
}

/// Signs somebody in by their password. Where their account asks for a code, the session is good for showing that one alone.
///
/// # Errors
/// `sign-in.wrong` whatever is wrong, `access.try-later` if it comes too early, `server.busy` if too many sign in at this moment.
pub(crate) async fn by_password(
    app: &App,
    email: &str,
    password: String,
    from: Origin,
) -> Result<SignedIn, Refused> {
    // Neither is ever anybody's, so that nothing is guessed with them.
    let (Ok(who), Some(password)) = (Email::new(email), Password::typed(password)) else {
        return Err(wrong());
    };
    let is_known = app.door.attempts().knows(&who, from);
    let account = compared(app, &who, password, (from, is_known)).await?;
    let begun = SignedIn::begin(app, account, Means::Password, None).await;
    let signed_in = begun.map_err(|error| match error {
        // The password was changed, or the account closed, while it was compared.
        StoreError::Conflict { .. } | StoreError::NotFound { .. } => wrong(),
        error => error.into(),
    })?;
    succeeded(app, &signed_in, from);
    tracing::info!(%who, %from, whole = is_whole(app, &signed_in), "signed in by password");
    Ok(signed_in)
}

/// Somebody who is signed in and has typed their password once more, or signed in anew at the provider just now: what a session alone isn't
/// good for takes one. Only [`once_more`] makes it.
#[must_use]
pub(crate) struct Proven<'a>(&'a SignedIn);

impl Proven<'_> {
    /// Who.
    pub fn account(&self) -> &Account {
        &self.0.account
    }

    /// Their session.
    pub fn session(&self) -> &SecretHash {
        &self.0.session.hash
    }
}

/// Asks somebody who is signed in for their password once more, before what a thief of their session would do first.
///
/// # Errors
/// As [`by_password`].
pub(crate) async fn once_more<'a>(
    app: &App,
    signed_in: &'a SignedIn,
    password: String,
    from: Origin,
) -> Result<Proven<'a>, Refused> {
    let who = &signed_in.account.email;
    if signed_in.session.is_proof(app.now()) {
        return Ok(Proven(signed_in));
    }
    let password = Password::typed(password).ok_or_else(wrong)?;
    compared(app, who, password, (from, true)).await?;
    succeeded(app, signed_in, from);
    Ok(Proven(signed_in))
}

/// The account of somebody who is about to take its app away, once they showed a code of that, if there is one. It is shown in a session
/// of its own, and so counted and used up as any.
///
/// # Errors
/// Why the code isn't taken.
pub(crate) async fn with_code(app: &App, by: &Proven<'_>, code: &str) -> Result<Account, Refused> {
    let account = by.account();
    if account.second_factor.is_none() {
        return Ok(account.clone());
    }
    let begun = SignedIn::begin(app, account.clone(), Means::Password, None).await?;
    let (old, now) = (begun.session.hash, app.now());
    let renewed = draw(&*app.entropy, SecretKind::Session).hash();
    if let Err(refusal) = app.store.show_code(&old, code, &renewed, now).await? {
        tracing::warn!(who = %account.email, id = refusal.id(), "a code wasn't taken");
        app.store.end_session(&old).await?;
        return Err(refusal.into());
    }
    let found = app.store.session(&renewed, now).await?;
    let (_, account) = found.ok_or_else(Refused::unauthenticated)?;
    Ok(account)
}

/// The account of `who`, if the password is its own. A place in the line is taken before the attempt counts, so that who finds the line
/// full has tried nothing.
async fn compared(
    app: &App,
    who: &Email,
    password: Password,
    (from, is_known): (Origin, bool),
) -> Result<Account, Refused> {
    let place = app.door.hashing.place(is_known)?;
    app.door.attempts().begin(who, from, app.now())?;
    let account = app.store.account(who).await?;
    let account = account.filter(|account| account.closed.is_none());
    let kept = account.as_ref().map(|account| account.password.clone());
    let is_right = app.door.hashing.is_right(place, password, kept).await?;
    if !is_right {
        // Whoever has no account may have typed a password for an address: that is never written down.
        let who = account.as_ref().map(|account| account.email.as_str());
        tracing::info!(who, %from, "a password was wrong");
    }
    let account = account.filter(|_| is_right).ok_or_else(wrong)?;
    // Only who has the password learns that it is good for nothing.
    match app.config.passwords.may(who) {
        true => Ok(account),
        false => Err(by_provider()),
    }
}

/// Shows a code in a session that lacks one. In one that is whole it is no attempt, and isn't looked at.
///
/// # Errors
/// If the store fails.
pub(crate) async fn show_code(
    app: &App,
    signed_in: SignedIn,
    code: &str,
    from: Origin,
) -> Result<Shown, Refused> {
    match signed_in.standing(app.now()) {
        SessionStanding::Whole => return Ok(Shown::Right(Box::new(signed_in))),
        SessionStanding::Over => return Ok(Shown::Over),
        SessionStanding::CodeMissing => {}
    }
    let (old, now) = (signed_in.session.hash, app.now());
    let renewed = draw(&*app.entropy, SecretKind::Session);
    let shown = app.store.show_code(&old, code, &renewed.hash(), now).await;
    let found = match shown {
        Err(StoreError::NotFound { .. }) => return Ok(Shown::Over),
        Err(error) => return Err(error.into()),
        Ok(Err(refusal)) => {
            // The password was right.
            let who = &signed_in.account.email;
            tracing::warn!(%who, %from, id = refusal.id(), "a code wasn't taken");
            let goes_on = app.store.session(&old, now).await?.is_some();
            return Ok(if goes_on {
                Shown::Refused(refusal)
            } else {
                Shown::Over
            });
        }
        Ok(Ok(())) => app.store.session(&renewed.hash(), now).await?,
    };
    let Some((session, account)) = found else {
        return Ok(Shown::Over);
    };
    let signed_in = SignedIn {
        secret: renewed,
        session,
        account,
    };
    succeeded(app, &signed_in, from);
    tracing::info!(who = %signed_in.account.email, %from, "showed a code");
    Ok(Shown::Right(Box::new(signed_in)))
}

/// Only a session that is whole makes the attempt a success.
fn succeeded(app: &App, signed_in: &SignedIn, from: Origin) {
    let SignedIn {
        session, account, ..
    } = signed_in;
    let now = app.now();
    app.door.attempts().succeeded(session, account, from, now);
}

fn is_whole(app: &App, signed_in: &SignedIn) -> bool {
    signed_in.standing(app.now()) == SessionStanding::Whole
}

fn by_provider() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "sign-in.no-passwords",
        "This server takes no password of this address.",
        "Sign in by the provider; who is signed in already signs in anew there.",
    )
}

fn wrong() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "sign-in.wrong",
        "This address and this password don't go together.",
        "Type them again. If the password is lost, ask somebody of operations for a setup link.",
    )
}
