//! Who the people of the accounts are to a provider by which they sign in. Read [`Subjects`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, Email, Subject};

use crate::StoreError;

/// The subjects of providers, each bound to one account at its first sign-in. They go with a setup link that gives the account new
/// credentials, so that somebody who has another subject by now can be let in again.
#[async_trait]
pub trait Subjects: Send + Sync {
    /// The account that this subject is bound to, closed or not.
    async fn account_of_subject(&self, subject: &Subject) -> Result<Option<Account>, StoreError>;

    /// Binds a subject to the account of an address, which is made as `account` says if there is none. Of several at once, whatever
    /// servers they come in at, one succeeds; doing it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the address has another role, by its account or as a person, or its account is closed;
    /// [`StoreError::Conflict`] if the subject is bound to another account, or the account to another subject of this issuer.
    async fn bind_subject(
        &self,
        subject: &Subject,
        account: &Account,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

/// The two that are bound may be bound: `bound` are the subject's address, and the name that this issuer has for the account's owner.
/// True if they are bound to each other already.
pub(crate) fn check_bond(
    subject: &Subject,
    who: &Email,
    (bound_to, bound_by): (Option<String>, Option<String>),
) -> Result<bool, StoreError> {
    match (bound_to, bound_by) {
        (None, None) => Ok(false),
        (Some(to), Some(by)) if to == who.as_str() && by == subject.name => Ok(true),
        _ => Err(StoreError::Conflict {
            what: "provider's subject for",
            name: who.to_string(),
            because: "one of the two is bound to another".to_owned(),
        }),
    }
}
