//! A setup link: how an address gets its account, or gets into it again. It works once, for an hour.
//!
//! There is no first password that somebody else knows, and so none that stays. Read [`SetupLink`].

use jiff::{SignedDuration, Timestamp};

use crate::account::Account;
use crate::email::Email;
use crate::role::Role;
use crate::secret::SecretHash;

/// How long a link works: long enough to walk over with it, too short to lie around.
pub const SETUP_LINK_AGE_MAX: SignedDuration = SignedDuration::from_hours(1);

/// A link that makes an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupLink {
    /// What is kept of its secret.
    pub hash: SecretHash,
    /// For whom. The first link of a server is for whoever can read what it prints, and works only as long as nobody has an
    /// account.
    pub who: Option<Email>,
    /// The role of the account.
    pub role: Role,
    /// When it was made.
    pub made: Timestamp,
}

/// Why a link opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupLinkRefusal {
    /// It is too old.
    #[error("this link worked for an hour, which is over")]
    Expired,
    /// It is for another address.
    #[error("this link is for another address than {0}")]
    AnotherAddress(Email),
    /// It is for another role.
    #[error("this link makes an account with the role {0}")]
    AnotherRole(Role),
}

impl SetupLinkRefusal {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Expired => "access.setup-link-expired",
            Self::AnotherAddress(_) => "access.setup-link-address",
            Self::AnotherRole(_) => "access.setup-link-role",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "ask somebody of operations for a new link"
    }
}

impl SetupLink {
    /// The first link of a server: whoever opens it runs the server.
    #[must_use]
    pub fn first(hash: SecretHash, now: Timestamp) -> Self {
        Self {
            hash,
            who: None,
            role: Role::Operations,
            made: now,
        }
    }

    /// An invitation, or the way back for somebody who lost their password or phone.
    #[must_use]
    pub fn invitation(hash: SecretHash, who: Email, role: Role, now: Timestamp) -> Self {
        Self {
            hash,
            who: Some(who),
            role,
            made: now,
        }
    }

    /// Whether it still works; a clock that was set back by more than an hour ends it too.
    #[must_use]
    pub fn works(&self, now: Timestamp) -> bool {
        now.duration_since(self.made).abs() < SETUP_LINK_AGE_MAX
    }

    /// Whether it makes this account now.
    ///
    /// # Errors
    /// If it is over, or for somebody or something else.
    pub fn opens(&self, account: &Account, now: Timestamp) -> Result<(), SetupLinkRefusal> {
        if !self.works(now) {
            return Err(SetupLinkRefusal::Expired);
        }
        if self.who.as_ref().is_some_and(|who| *who != account.email) {
            return Err(SetupLinkRefusal::AnotherAddress(account.email.clone()));
        }
        if self.role != account.role {
            return Err(SetupLinkRefusal::AnotherRole(self.role));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password_hash::PasswordHash;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn email(name: &str) -> Email {
        Email::new(&format!("{name}@northwind.example")).expect("an address")
    }

    fn account(name: &str, role: Role) -> Account {
        Account {
            email: email(name),
            role,
            password: PasswordHash::new("$argon2id$x".to_owned()).expect("a hash"),
            second_factor: None,
            since: at(0),
            closed: None,
        }
    }

    #[test]
    fn a_link_opens_what_it_is_for_within_the_hour() {
        let first = SetupLink::first(SecretHash([1; 32]), at(0));
        let invited = SetupLink::invitation(SecretHash([2; 32]), email("vi"), Role::Viewer, at(0));
        for (link, name, role, minute, expected) in [
            (&first, "kim", Role::Operations, 59, Ok(())),
            (
                &first,
                "kim",
                Role::Engineer,
                1,
                Err("access.setup-link-role"),
            ),
            (
                &first,
                "kim",
                Role::Operations,
                60,
                Err("access.setup-link-expired"),
            ),
            (
                &first,
                "kim",
                Role::Operations,
                -60,
                Err("access.setup-link-expired"),
            ),
            (&invited, "vi", Role::Viewer, 0, Ok(())),
            (
                &invited,
                "kim",
                Role::Viewer,
                0,
                Err("access.setup-link-address"),
            ),
            (
                &invited,
                "vi",
                Role::Operations,
                0,
                Err("access.setup-link-role"),
            ),
        ] {
            let opened = link.opens(&account(name, role), at(minute));
            let found = opened.map_err(|refused| refused.id());
            assert_eq!(found, expected, "{name} {role} in minute {minute}");
        }
    }
}
