//! How often a password may be tried (for codes see [`CodeTries`](crate::CodeTries)): who guesses waits longer and longer, and can't make the owner wait for long.
//!
//! Nobody is locked out by what others do. Attempts are counted for each address, and for each account and address together. An
//! account that many fail at asks strangers for one short wait, and those not at all who have signed in from where they are.
//! All of it is memory of one process, bounded, and gone after an hour of silence. Read [`SignInAttempts`].

pub(crate) mod tally;

use core::fmt;
use core::net::{IpAddr, Ipv6Addr};
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use self::tally::{Pace, Tally};
use crate::account::Account;
use crate::email::Email;
use crate::session::{Session, SessionStanding};

/// After this long without an attempt, earlier ones are forgotten.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// For one account from one address: five slips are free. Then the wait doubles from a second to a quarter of an hour: some
/// twenty guesses in the first hour, four in each after it.
const ONE_ACCOUNT: Pace = Pace {
    free: 5,
    wait_max: SignedDuration::from_mins(15),
};
/// For all accounts from one address: an office behind one address has more people, and slips more often.
const ALL_ACCOUNTS: Pace = Pace {
    free: 50,
    wait_max: SignedDuration::from_mins(15),
};
/// As many failures at one account within an hour are no slips of its owner.
const FAILURES_OF_AN_ATTACK: u32 = 20;
/// What a stranger waits for at an account under attack, once: it halves nothing of a guesser's patience, but a new address for each
/// guess no longer helps.
const STRANGER_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// Places from which people are known: some for each of a thousand people.
const KNOWN_MAX: usize = 5_000;

/// Where an attempt comes from: an IPv4 address, or the /64 of an IPv6 address, which is what one household or machine gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(IpAddr);

/// An attempt came too early. It wasn't counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts to sign in; the next one may be made at {until}")]
pub struct TryLater {
    /// From when on the next one is let through.
    pub until: Timestamp,
}

/// The attempts of the last hour.
#[derive(Debug, Default)]
pub struct SignInAttempts {
    from: Tally<Origin>,
    at_from: Tally<(Email, Origin)>,
    at: Tally<Email>,
    known: BTreeMap<(Email, Origin), Timestamp>,
}

impl Origin {
    /// Where `address` is.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from(network)))
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(network) => write!(f, "{network}/64"),
        }
    }
}

impl TryLater {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "access.try-later"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "wait until then; if it wasn't you who tried, nothing was changed"
    }
}

impl SignInAttempts {
    /// Begins an attempt. It counts as failed until [`succeeded`](Self::succeeded) says otherwise, so that many at once get no
    /// more than one after the other.
    ///
    /// # Errors
    /// If it comes too early. Coming too early costs nothing.
    pub fn begin(&mut self, who: &Email, from: Origin, now: Timestamp) -> Result<(), TryLater> {
        let pair = (who.clone(), from);
        let mut until = self.at_from.not_before(&pair, now);
        if !self.known.contains_key(&pair) {
            until = until.max(self.from.not_before(&from, now));
            until = until.max(self.stranger_may(&pair, now));
        }
        if let Some(until) = until {
            return Err(TryLater { until });
        }
        self.at.count(who.clone(), now, None);
        self.from.count(from, now, Some(&ALL_ACCOUNTS));
        self.at_from.count(pair, now, Some(&ONE_ACCOUNT));
        Ok(())
    }

    /// Whether somebody has signed in to this account from there.
    #[must_use]
    pub fn knows(&self, who: &Email, from: Origin) -> bool {
        self.known.contains_key(&(who.clone(), from))
    }

    /// The attempt that began last, at this account from there, has led to `session`, which is whole: once for each attempt. As long
    /// as a code is missing nothing happens, since a password that was guessed shows nobody to be the owner.
    pub fn succeeded(
        &mut self,
        session: &Session,
        account: &Account,
        from: Origin,
        now: Timestamp,
    ) {
        if session.standing(account, now) != SessionStanding::Whole {
            return;
        }
        let pair = (account.email.clone(), from);
        self.at.take_back(&account.email);
        self.from.take_back(&from);
        self.at_from.forget(&pair);
        if self.known.len() >= KNOWN_MAX && !self.known.contains_key(&pair) {
            let oldest = self.known.iter().min_by_key(|(_, at)| **at);
            if let Some(pair) = oldest.map(|(pair, _)| pair.clone()) {
                self.known.remove(&pair);
            }
        }
        self.known.insert(pair, now);
    }

    /// When somebody may try who never signed in from there: at once, unless the account is under attack and this is their first try.
    fn stranger_may(&mut self, pair: &(Email, Origin), now: Timestamp) -> Option<Timestamp> {
        let under_attack = self.at.failures(&pair.0, now) >= FAILURES_OF_AN_ATTACK;
        if !under_attack || self.at_from.is_there(pair, now) {
            return None;
        }
        let until = now + STRANGER_WAIT;
        self.at_from.hold_back(pair.clone(), now, until);
        Some(until)
    }
}

#[cfg(test)]
mod tests;
