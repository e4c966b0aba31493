//! The people who may use the server, each with one duty. Read [`People`].

use async_trait::async_trait;
use mainstay_access::Person;

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
