//! The tokens that people made for programs. Read [`ApiTokens`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, ApiToken, Email, SecretHash};

use crate::StoreError;

/// The API tokens. Of their secrets only hashes are kept; none is ever removed.
#[async_trait]
pub trait ApiTokens: Send + Sync {
    /// Adds a token that is made in a session of its owner.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if its owner has one of this name that isn't revoked, [`StoreError::Conflict`] if the session
    /// isn't its owner's, or isn't whole (any more).
    async fn add_api_token(&self, token: &ApiToken, session: &SecretHash)
    -> Result<(), StoreError>;

    /// The token of this secret with its owner's account, if it is good at `now` and the account is open.
    async fn api_token(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<(ApiToken, Account)>, StoreError>;

    /// All tokens of a person, also those that are good for nothing; newest first, at most [`LIST_MAX`](crate::LIST_MAX).
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
