//! How people sign in, with a password or by a provider, and what their browser shows afterwards.
//!
//! Never compute a password's hash but by [`Hashing`], which keeps guessers from taking the processors that devices wait for, and never
//! count an attempt but for what [`origin`](origin::origin) says. Read [`attempt`], then [`setup`] and [`provider`].

pub(crate) mod attempt;
pub mod hashing;
pub mod origin;
pub mod provider;
pub mod receiving;
pub(crate) mod same_site;
pub(crate) mod session;
pub mod setup;

use std::sync::{Mutex, MutexGuard, PoisonError};

use mainstay_access::{Email, JoinTries, Origin, SignInAttempts};

pub use hashing::Hashing;
pub(crate) use origin::Whence;
pub use provider::Provider;
pub(crate) use receiving::Receiving;
pub(crate) use session::SignedIn;

use crate::newcomers::ToldOf;

/// What the server remembers of those who sign in: the places at the hashes, and the attempts of the last hour.
#[derive(Debug, Default)]
pub(crate) struct Door {
    /// Where passwords are compared.
    pub hashing: Hashing,
    /// The places for forms of those who aren't signed in, by where they are.
    pub forms_of_nobody: Receiving<Option<Origin>>,
    /// Those for forms of those who are, a code perhaps missing.
    pub forms: Receiving<Email>,
    /// Those for browsers on whose behalf the provider is asked, by where they are.
    pub at_the_provider: Receiving<Option<Origin>>,
    /// Those for questions of devices that want to join, until they are here whole, by where they are.
    pub joins: Receiving<Option<Origin>>,
    /// When it was last told that a device isn't welcome.
    pub not_welcome: ToldOf,
    attempts: Mutex<SignInAttempts>,
    join_tries: Mutex<JoinTries>,
    join_turn: tokio::sync::Mutex<()>,
}

impl Door {
    /// The attempts. Nobody waits while they are held: each change is a few look-ups.
    pub fn attempts(&self) -> MutexGuard<'_, SignInAttempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Codes from where many wrong ones came are looked at one after the other, in the order in which they came: whoever holds this has its turn.
    pub async fn join_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.join_turn.lock().await
    }

    /// The join codes of devices that were wrong. The same holds.
    pub fn join_tries(&self) -> MutexGuard<'_, JoinTries> {
        let tries = self.join_tries.lock();
        tries.unwrap_or_else(PoisonError::into_inner)
    }
}
