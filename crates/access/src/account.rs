//! A person's account at the server: their role, and what they sign in with.

use jiff::Timestamp;

use crate::duty::Person;
use crate::email::Email;
use crate::password_hash::PasswordHash;
use crate::permission::{Denied, Permission};
use crate::role::Role;
use crate::totp::SecondFactor;

/// An account. Its role never changes; one that is closed lets nobody in and keeps its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub email: Email,
    /// What they may do.
    pub role: Role,
    /// What is kept of their password.
    pub password: PasswordHash,
    /// What their app's codes are checked by, if they have one.
    pub second_factor: Option<SecondFactor>,
    /// Since when it exists.
    pub since: Timestamp,
    /// When it was closed, for good.
    pub closed: Option<Timestamp>,
}

impl Account {
    /// The person with their duty, if the role comes with one.
    #[must_use]
    pub fn person(&self) -> Option<Person> {
        Some(Person {
            email: self.email.clone(),
            duty: self.role.duty()?,
        })
    }

    /// Whether its owner may do what is `wanted`.
    ///
    /// # Errors
    /// If the role doesn't include it.
    pub fn may(&self, wanted: Permission) -> Result<(), Denied> {
        self.role.may(&self.email, wanted)
    }
}
