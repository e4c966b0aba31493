//! The tokens that people made for programs. Read [`ApiTokens`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, ApiToken, Email, SecretHash};

use crate::StoreError;

/// Tokens of one person that are good at one moment: programs of one person are perhaps some dozen, and a list of them is looked through.
pub const API_TOKENS_MAX: i64 = 50;

/// The API tokens. Of their secrets only hashes are kept; none is ever removed.
#[async_trait]
pub trait ApiTokens: Send + Sync {
    /// Adds a token that is made in a session of its owner.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if its owner has one of this name that isn't revoked, [`StoreError::Conflict`] if the session
    /// isn't its owner's, or isn't whole (any more), or if they have [`API_TOKENS_MAX`] that are good.
    async fn add_api_token(&self, token: &ApiToken, session: &SecretHash)
    -> Result<(), StoreError>;

    /// The token of this secret with its owner's account, if it is good at `now` and the account is open.
    async fn api_token(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<(ApiToken, Account)>, StoreError>;

    /// All tokens of a person, also those that are good for nothing; those that are revoked last, newest first, at most [`LIST_MAX`](crate::LIST_MAX).
    async fn api_tokens_of(&self, who: &Email) -> Result<Vec<ApiToken>, StoreError>;

    /// Revokes a token.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if this person has none of this name that isn't revoked.
    async fn revoke_api_token(
        &self,
        who: &Email,
        name: &str,
        at: Timestamp,
    ) -> Result<(), StoreError>;
}

/// That a person who has so many good tokens may have one more.
pub(crate) fn check_count(good: i64, who: &Email) -> Result<(), StoreError> {
    if good < API_TOKENS_MAX {
        return Ok(());
    }
    Err(StoreError::Conflict {
        what: "API token of",
        name: who.to_string(),
        because: format!("they have {API_TOKENS_MAX} that are good; one has to be revoked first"),
    })
}
