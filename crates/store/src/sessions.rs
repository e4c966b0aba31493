//! Who is signed in. Read [`Sessions`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, CodeRefusal, PasswordHash, SecretHash, Session};

use crate::StoreError;

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
