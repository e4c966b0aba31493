//! Who is signed in. Read [`Sessions`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{
    Account, CodeRefusal, CodeTries, Email, PasswordHash, SecondFactor, SecretHash, Session,
    SessionStanding,
};

use crate::StoreError;
use crate::door_rows::{self, SessionRow};

/// Sessions that one person has at one moment, in as many browsers; the one that began first ends when there are more.
pub const SESSIONS_MAX: u32 = 20;
/// Those in which a code is missing are counted apart: whoever knows only the password ends none that is whole.
pub const CODE_MISSING_MAX: u32 = 2;

/// The sessions. Of the browsers' secrets only hashes are kept.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Keeps a session that begins because somebody showed the password of `verified`, and forgets those of all people that
    /// are too old by then.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if its owner has no open account, [`StoreError::Conflict`] if the account has another password
    /// by now.
    async fn add_session(
        &self,
        session: &Session,
        verified: &PasswordHash,
    ) -> Result<(), StoreError>;

    /// The session of this secret with its owner's account; none if it is over at `now`. It may lack a code still.
    async fn session(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<(Session, Account)>, StoreError>;

    /// The sessions of one person that aren't over at `now`, the newest first; those that lack a code too.
    async fn sessions_of(&self, who: &Email, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Keeps that a session is used now. That moves forward only; a session that ended meanwhile stays so.
    async fn session_seen(&self, hash: &SecretHash, now: Timestamp) -> Result<(), StoreError>;

    /// Compares a code that was typed in this session with those of its owner's app. It is counted, by session and by account, in
    /// the same transaction, and of several uses of one code at once, whatever servers they are asked of, one succeeds. A session
    /// in which it was right is found by `renewed` alone from then on: who planted the secret of before has nothing. One in which
    /// too many were wrong ends ([`CodeTries`](mainstay_access::CodeTries)).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the session is over, or its owner's account asks for no code. The inner error says why the code
    /// isn't taken.
    async fn show_code(
        &self,
        hash: &SecretHash,
        code: &str,
        renewed: &SecretHash,
        now: Timestamp,
    ) -> Result<Result<(), CodeRefusal>, StoreError>;

    /// Ends a session; one that isn't there needs no ending.
    async fn end_session(&self, hash: &SecretHash) -> Result<(), StoreError>;
}

/// A session, its owner's account, and the codes that were wrong.
pub(crate) type Found = (Session, Account, CodeTries);

/// What a row holds, unless it is over at `now`.
pub(crate) fn live(row: Option<SessionRow>, now: Timestamp) -> Result<Option<Found>, StoreError> {
    let found = row.map(door_rows::session).transpose()?;
    Ok(found
        .filter(|(session, account, _)| session.standing(account, now) != SessionStanding::Over))
}

/// What rows hold of sessions that aren't over at `now`.
pub(crate) fn all_live(rows: Vec<SessionRow>, now: Timestamp) -> Result<Vec<Session>, StoreError> {
    let found = rows.into_iter().map(|row| live(Some(row), now));
    let live = found.collect::<Result<Vec<_>, _>>()?;
    Ok(live
        .into_iter()
        .flatten()
        .map(|(session, ..)| session)
        .collect())
}

/// The owner of a session, which must be whole.
pub(crate) fn expect_whole(found: Option<Found>, now: Timestamp) -> Result<Account, StoreError> {
    let whole = found
        .filter(|(session, account, _)| session.standing(account, now) == SessionStanding::Whole);
    let owner = whole.map(|(_, account, _)| account);
    owner.ok_or_else(|| conflict("somebody", "it isn't whole, or is over"))
}

/// `owner` of a session, who must be `who`.
pub(crate) fn expect_owner(owner: Account, who: &Email) -> Result<Account, StoreError> {
    if owner.email == *who {
        return Ok(owner);
    }
    Err(conflict(who, "it is somebody else's"))
}

/// The session begins by the password of now, or not at all.
pub(crate) fn expect_password(
    account: &Account,
    verified: &PasswordHash,
) -> Result<(), StoreError> {
    if account.password == *verified {
        return Ok(());
    }
    let because = "the account has another password by now";
    Err(conflict(&account.email, because))
}

/// Who shows a code in this session, to which second factor, and what was wrong before.
pub(crate) fn asking(found: Option<Found>) -> Result<(Email, SecondFactor, CodeTries), StoreError> {
    let asks =
        |(session, account, tries): Found| Some((session.who, account.second_factor?, tries));
    let asked = found.and_then(asks);
    asked.ok_or_else(|| StoreError::not_found("session", "that asks for a code"))
}

/// Whether a code is missing in a session, and how many of its kind one person has.
pub(crate) fn kind(account: &Account, newest: Option<&SessionRow>) -> (bool, u32) {
    let lacks_a_code =
        account.second_factor.is_some() && newest.is_some_and(SessionRow::has_no_code);
    let max = if lacks_a_code {
        CODE_MISSING_MAX
    } else {
        SESSIONS_MAX
    };
    (lacks_a_code, max)
}

fn conflict(who: impl ToString, because: &str) -> StoreError {
    StoreError::Conflict {
        what: "session of",
        name: who.to_string(),
        because: because.to_owned(),
    }
}
