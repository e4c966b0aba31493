//! A session: a browser whose user has signed in, and for how long that is believed.
//!
//! The browser has the secret, the server its hash. Read [`Session`].

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::email::Email;
use crate::secret::SecretHash;

/// How long a session lasts in which nothing is asked for: what NIST SP 800-63B, section 2.2.3, advises where a second factor
/// is used.
pub const IDLE_MAX: SignedDuration = SignedDuration::from_hours(1);
/// How long a session lasts at all: a working day with its breaks, half of what the same section advises.
pub const AGE_MAX: SignedDuration = SignedDuration::from_hours(12);
/// How exactly it is kept when a session was last used: a page that loads ten times a minute costs one write.
const SEEN_STEP: SignedDuration = SignedDuration::from_mins(1);
/// How long it counts as a password that somebody signed in anew at the provider: to fill in one form.
pub const PROOF_AGE_MAX: SignedDuration = SignedDuration::from_mins(10);

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// By password.
    Password,
    /// By a setup link, with which they chose their password.
    SetupLink,
    /// By the provider, where they may have been signed in for long.
    Provider,
    /// By the provider, where they had to sign in anew for it.
    ProviderAnew,
}

impl Means {
    /// The same for a session that another one is followed by: that nobody signed in anew for.
    #[must_use]
    pub fn followed(self) -> Self {
        match self {
            Self::ProviderAnew => Self::Provider,
            other => other,
        }
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What is kept of the secret that the browser shows.
    pub hash: SecretHash,
    /// Who.
    pub who: Email,
    /// Since when.
    pub since: Timestamp,
    /// When something was last asked for, to the minute.
    pub seen: Timestamp,
    /// How they signed in.
    pub means: Means,
    /// When they showed a code of their second factor.
    pub second_factor: Option<Timestamp>,
}

/// What a session is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStanding {
    /// For everything that the role includes.
    Whole,
    /// For showing a code of the second factor, and nothing else.
    CodeMissing,
    /// For nothing: it was idle for too long, is too old, is another person's, or the account is closed.
    Over,
}

impl Session {
    /// A session that begins now.
    #[must_use]
    pub fn begin(hash: SecretHash, who: Email, means: Means, now: Timestamp) -> Self {
        Self {
            hash,
            who,
            since: now,
            seen: now,
            means,
            second_factor: None,
        }
    }

    /// Whether it is over. A clock that was set back ends none.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.since) >= AGE_MAX || now.duration_since(self.seen) >= IDLE_MAX
    }

    /// What it is good for now, for the owner of `account`.
    #[must_use]
    pub fn standing(&self, account: &Account, now: Timestamp) -> SessionStanding {
        if self.is_over(now) || self.who != account.email || account.closed.is_some() {
            SessionStanding::Over
        } else if account.second_factor.is_some() && self.second_factor.is_none() {
            SessionStanding::CodeMissing
        } else {
            SessionStanding::Whole
        }
    }

    /// Whether its user has just signed in anew at the provider, which counts as a password that is typed once more.
    #[must_use]
    pub fn is_proof(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.since);
        self.means == Means::ProviderAnew && age >= SignedDuration::ZERO && age < PROOF_AGE_MAX
    }

    /// Whether it is worth keeping that it is used now.
    #[must_use]
    pub fn is_news(&self, now: Timestamp) -> bool {
        now.duration_since(self.seen) >= SEEN_STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password_hash::PasswordHash;
    use crate::role::Role;
    use crate::totp::{SecondFactor, TotpSecret};

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn account() -> Account {
        Account {
            email: Email::new("kim@northwind.example").expect("an address"),
            role: Role::Operations,
            password: PasswordHash::new("$argon2id$x".to_owned()).expect("a hash"),
            second_factor: None,
            since: at(0),
            closed: None,
        }
    }

    fn session() -> Session {
        Session::begin(SecretHash([1; 32]), account().email, Means::Password, at(0))
    }

    #[test]
    fn it_ends_when_idle_and_when_old() {
        for (seen, now, over) in [
            (0, 0, false),
            (0, 59, false),
            (0, 60, true),
            (50, 109, false),
            (50, 110, true),
            (719, 719, false),
            (719, 720, true),
            (10, 5, false),
            (0, -600, false),
        ] {
            let session = Session {
                seen: at(seen),
                ..session()
            };
            assert_eq!(session.is_over(at(now)), over, "seen {seen}, now {now}");
        }
    }

    #[test]
    fn use_is_kept_to_the_minute() {
        let news = [0, 1, -1].map(|minute| session().is_news(at(minute)));
        assert_eq!(news, [false, true, false]);
    }

    #[test]
    fn only_who_signed_in_anew_just_now_has_proved_it() {
        for (means, now, proof) in [
            (Means::ProviderAnew, 0, true),
            (Means::ProviderAnew, 9, true),
            (Means::ProviderAnew, 10, false),
            (Means::ProviderAnew, -1, false),
            (Means::ProviderAnew.followed(), 0, false),
            (Means::Provider, 0, false),
            (Means::Password, 0, false),
            (Means::SetupLink, 0, false),
        ] {
            let session = Session { means, ..session() };
            assert_eq!(session.is_proof(at(now)), proof, "{means:?} {now}");
        }
    }

    #[test]
    fn without_the_code_that_the_account_asks_for_it_is_good_for_that_alone() {
        let factor = SecondFactor::kept(TotpSecret::new([0; 20]), 0);
        let with_factor = Account {
            second_factor: Some(factor),
            ..account()
        };
        let shown = Session {
            second_factor: Some(at(1)),
            ..session()
        };
        let closed = Account {
            closed: Some(at(1)),
            ..account()
        };
        let other = Account {
            email: Email::new("ana@northwind.example").expect("an address"),
            ..account()
        };
        for (session, account, now, expected) in [
            (session(), account(), 2, SessionStanding::Whole),
            (
                session(),
                with_factor.clone(),
                2,
                SessionStanding::CodeMissing,
            ),
            (
                shown.clone(),
                with_factor.clone(),
                2,
                SessionStanding::Whole,
            ),
            (shown.clone(), with_factor, 60, SessionStanding::Over),
            (shown.clone(), closed, 2, SessionStanding::Over),
            (shown, other, 2, SessionStanding::Over),
        ] {
            assert_eq!(session.standing(&account, at(now)), expected, "{session:?}");
        }
    }
}
