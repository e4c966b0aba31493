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

    /// Whether it may be closed, where `all` are the accounts of the server: as long as people are invited by somebody, not the last one
    /// that does.
    ///
    /// # Errors
    /// If no other open account manages people.
    pub fn check_closing(&self, all: &[Self]) -> Result<(), LastOfOperations> {
        let another = |other: &Self| other.email != self.email && other.manages_people();
        match !self.manages_people() || all.iter().any(another) {
            true => Ok(()),
            false => Err(LastOfOperations(self.email.clone())),
        }
    }

    fn manages_people(&self) -> bool {
        self.closed.is_none() && Permission::ManagePeople.is_for(self.role)
    }
}

/// Why an account stays open: nobody could invite anybody any more, but on the server's own machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the account of {0} is the last one of operations that is open")]
pub struct LastOfOperations(pub Email);

impl LastOfOperations {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "access.last-of-operations"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "invite somebody else to operations, and close it once they have set up their account"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password_hash::PasswordHash;

    fn account(name: &str, role: Role, closed: Option<Timestamp>) -> Account {
        let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$first";
        Account {
            email: Email::new(&format!("{name}@northwind.example")).expect("an address"),
            role,
            password: PasswordHash::new(hash.to_owned()).expect("a hash"),
            second_factor: None,
            since: Timestamp::UNIX_EPOCH,
            closed,
        }
    }

    #[test]
    fn the_last_open_one_of_operations_stays() {
        let kim = account("kim", Role::Operations, None);
        let sam = account("sam", Role::ReleaseManager, None);
        let gone = account("mo", Role::Operations, Some(Timestamp::UNIX_EPOCH));
        let mut all = vec![kim.clone(), sam.clone(), gone];
        let refused = LastOfOperations(kim.email.clone());
        assert_eq!(kim.check_closing(&all), Err(refused));
        assert_eq!(sam.check_closing(&all), Ok(()));
        all.push(account("ole", Role::Operations, None));
        assert_eq!(kim.check_closing(&all), Ok(()));
    }
}
