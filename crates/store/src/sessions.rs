//! Who is signed in. Read [`Sessions`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, SecondFactor, SecretHash, Session};

use crate::StoreError;

/// Sessions that one person has at one moment, in as many browsers; the one that began first ends when there are more.
pub const SESSIONS_MAX: u32 = 20;

/// The sessions. Of the browsers' secrets only hashes are kept.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Keeps a session that begins, and forgets those of all people that are too old by then.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if its owner has no open account.
    async fn add_session(&self, session: &Session) -> Result<(), StoreError>;

    /// The session of this secret with its owner's account; none if it is over at `now`. It may lack a code still.
    async fn session(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<(Session, Account)>, StoreError>;

    /// Keeps that a session is used now. That moves forward only; a session that ended meanwhile stays so.
    async fn session_seen(&self, hash: &SecretHash, now: Timestamp) -> Result<(), StoreError>;

    /// Keeps that in this session a code was shown, which `after` has accepted: says whether this was the first use of it.
    /// Of several at once, whatever servers they are asked of, one is told so.
    async fn code_shown(
        &self,
        hash: &SecretHash,
        after: &SecondFactor,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends a session; one that isn't there needs no ending.
    async fn end_session(&self, hash: &SecretHash) -> Result<(), StoreError>;
}
