//! The people who may use the server, each with one duty. Read [`People`].

use async_trait::async_trait;
use mainstay_access::{Account, Duty, Email, Person, Role};

use crate::StoreError;

/// The people.
#[async_trait]
pub trait People: Send + Sync {
    /// Adds a person; `token_hash` is SHA-256 of their bearer token.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the address has a duty already, this one or another, or an
    /// account with another role.
    async fn add_person(&self, person: &Person, token_hash: [u8; 32]) -> Result<(), StoreError>;

    /// The person with this token; none if the address has an account that is closed.
    async fn by_token_hash(&self, token_hash: &[u8; 32]) -> Result<Option<Person>, StoreError>;

    /// Everybody, by address.
    async fn people(&self) -> Result<Vec<Person>, StoreError>;
}

/// Whether an address whose account is this may also become this person.
pub(crate) fn check_new_person(
    person: &Person,
    account: Option<&Account>,
) -> Result<(), StoreError> {
    let isnt_theirs =
        |account: &Account| account.closed.is_some() || account.role != Role::from(person.duty);
    if account.is_some_and(isnt_theirs) {
        return Err(StoreError::already_exists("person", &person.email));
    }
    Ok(())
}

/// The person in a row: address, duty.
pub(crate) fn person((email, duty): (String, String)) -> Result<Person, StoreError> {
    let email = Email::new(&email).map_err(|error| StoreError::damaged("person", error))?;
    let unknown = || StoreError::damaged("person", format_args!("{duty:?} is no duty"));
    let duty = Duty::from_id(&duty).ok_or_else(unknown)?;
    Ok(Person { email, duty })
}
