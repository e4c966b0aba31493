//! The accounts with which people sign in. Read [`Accounts`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, Email, PasswordHash, SecondFactor};

use crate::StoreError;

/// The accounts. They are made by setup links ([`SetupLinks`](crate::SetupLinks)), and none is ever removed.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account of this address, closed or not.
    async fn account(&self, who: &Email) -> Result<Option<Account>, StoreError>;

    /// All accounts, by address.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Keeps another password, ends all sessions of its owner, and forgets the links that it made or vouched for, and those for it:
    /// who changes it may know that somebody else had it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is no open account that has the password `before`.
    async fn save_password(
        &self,
        who: &Email,
        before: &PasswordHash,
        after: &PasswordHash,
    ) -> Result<(), StoreError>;

    /// Keeps another second factor, or none from now on; sessions and links go as with another password.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is no open account that has the password `verified` and whose second factor, with the step that
    /// was used last, is `before`.
    async fn save_second_factor(
        &self,
        who: &Email,
        verified: &PasswordHash,
        before: Option<&SecondFactor>,
        after: Option<&SecondFactor>,
    ) -> Result<(), StoreError>;

    /// Ends what an account has going, and leaves the account: its sessions end, its API tokens are revoked, and the links that it made or
    /// vouched for, and those for it, are forgotten.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none that is open.
    async fn shut_out(&self, who: &Email, at: Timestamp) -> Result<(), StoreError>;

    /// Closes an account: its sessions end, its API tokens are revoked, the links that it made or vouched for, and those for it,
    /// are forgotten, and a bearer token that the address has as a person
    /// is found no more.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none that is open, [`StoreError::LastOfOperations`] if none that manages people would be left
    /// ([`Account::check_closing`]), whichever of several servers others are closed at.
    async fn close_account(&self, who: &Email, at: Timestamp) -> Result<(), StoreError>;
}

/// Whether new credentials were saved, which are only where the old ones are known.
pub(crate) fn expect_saved(rows: u64, who: &Email) -> Result<(), StoreError> {
    if rows == 1 {
        return Ok(());
    }
    Err(StoreError::Conflict {
        what: "account",
        name: who.to_string(),
        because: "it isn't open with what it had before".to_owned(),
    })
}

/// `account`, if there is one and it is open.
pub(crate) fn expect_open(account: Option<Account>, who: &Email) -> Result<Account, StoreError> {
    let open = account.filter(|account| account.closed.is_none());
    open.ok_or_else(|| StoreError::not_found("open account", who))
}

/// The bytes of a second factor's secret.
pub(crate) fn secret(factor: &SecondFactor) -> &[u8] {
    &factor.secret().bytes()[..]
}
