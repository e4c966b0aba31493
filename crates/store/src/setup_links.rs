//! The links that make accounts. Read [`SetupLinks`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, SecretHash, SetupLink};

use crate::StoreError;

/// The setup links that weren't used. Of their secrets only hashes are kept.
#[async_trait]
pub trait SetupLinks: Send + Sync {
    /// Adds a link, and forgets those that are too old by then.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if it is for an address that has another role, by its account or as a person.
    async fn add_setup_link(&self, link: &SetupLink) -> Result<(), StoreError>;

    /// The link of this secret, if it works at `now`. A server's first link works as long as there is no account.
    async fn setup_link(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<SetupLink>, StoreError>;

    /// Uses a link up: makes the account, or, if its address has one of the same role that is open, replaces password and
    /// second factor and ends its sessions. All links of the address are used up with it. Of several uses at once, whatever
    /// servers they are asked of, one succeeds.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the link doesn't work at `now` any more, [`StoreError::Conflict`] if it isn't for this account,
    /// [`StoreError::AlreadyExists`] if the address has another role, by its account or as a person, or its account is closed. The
    /// link still works then.
    async fn use_setup_link(
        &self,
        hash: &SecretHash,
        account: &Account,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}
