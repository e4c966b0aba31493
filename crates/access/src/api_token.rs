//! Tokens for programs that act for a person: with a part of that person's permissions, for a year at most.
//!
//! Read [`ApiToken`].

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::email::Email;
use crate::permission::{Denied, Permission};
use crate::role::Role;
use crate::secret::SecretHash;

/// How long a token may be good: what nobody has looked at for a year, somebody should.
pub const API_TOKEN_AGE_MAX: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Longest name of a token in characters: a line on a page.
pub const API_TOKEN_NAME_CHARS_MAX: usize = 64;

/// What a token may be used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope(BTreeSet<Permission>);

/// A token that a person made for a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// What is kept of the secret.
    pub hash: SecretHash,
    /// Whose it is.
    pub who: Email,
    /// What its owner calls it: 1 to 64 characters, none twice among those of one person that aren't revoked.
    pub name: String,
    /// What it may be used for.
    pub scope: Scope,
    /// When it was made.
    pub made: Timestamp,
    /// From when on it is good for nothing.
    pub expires: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// What somebody asks for who makes a token.
#[derive(Debug, Clone)]
pub struct ApiTokenWish {
    /// As [`ApiToken::name`].
    pub name: String,
    /// As [`ApiToken::scope`].
    pub scope: BTreeSet<Permission>,
    /// As [`ApiToken::expires`].
    pub expires: Timestamp,
}

/// What is wrong with a wish for a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiTokenFlaw {
    /// No name, an overlong one, or one with signs that can't be seen.
    #[error(
        "a token has a name of 1 to {API_TOKEN_NAME_CHARS_MAX} characters, none of them a control character"
    )]
    Name,
    /// It could be used for nothing.
    #[error("a token without a permission opens nothing")]
    NoScope,
    /// More than its owner may.
    #[error("a token may do no more than its owner: {0}")]
    Beyond(Denied),
    /// What only people do who are signed in themselves.
    #[error("a token can't {}: only somebody who is signed in may", .0.phrase())]
    NeedsASession(Permission),
    /// It would be over before it begins.
    #[error("it would have expired by now")]
    Expired,
    /// It would be good for too long.
    #[error("a token is good for a year at most")]
    TooLong,
}

impl ApiTokenFlaw {
    /// Stable id of this finding.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Name => "access.token-name",
            Self::NoScope => "access.token-scope-empty",
            Self::Beyond(_) => "access.token-scope-beyond",
            Self::NeedsASession(_) => "access.token-scope-people",
            Self::Expired => "access.token-expired",
            Self::TooLong => "access.token-too-long",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Name => "call it after the program that gets it",
            Self::NoScope => "name what the program does with it",
            Self::Beyond(_) => {
                "leave that permission out, or let somebody make the token who has it"
            }
            Self::NeedsASession(_) => "leave that permission out, and do it on the pages",
            Self::Expired => "name an instant that is still to come",
            Self::TooLong => "name an instant within a year; make a new token before it comes",
        }
    }
}

/// A token was used for something that it isn't for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiTokenDenied {
    /// Its owner mayn't either.
    #[error(transparent)]
    Owner(#[from] Denied),
    /// It wasn't made for that.
    #[error("the token {name:?} isn't for this: it may not {}", .wanted.phrase())]
    Scope {
        /// The token's name.
        name: String,
        /// What was asked for.
        wanted: Permission,
    },
    /// No token is for that.
    #[error("no token may {}", .0.phrase())]
    NeedsASession(Permission),
}

impl ApiTokenDenied {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Owner(denied) => denied.id(),
            Self::Scope { .. } => "access.token-scope",
            Self::NeedsASession(_) => "access.token-scope-people",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Owner(denied) => denied.cure(),
            Self::Scope { wanted, .. } => {
                format!("make a token whose scope includes {}", wanted.id())
            }
            Self::NeedsASession(_) => "sign in, and do it on the pages".to_owned(),
        }
    }
}

impl Scope {
    /// Whether it includes `wanted`.
    #[must_use]
    pub fn includes(&self, wanted: Permission) -> bool {
        self.0.contains(&wanted)
    }

    /// What it includes, in the order of the table.
    pub fn permissions(&self) -> impl Iterator<Item = Permission> + '_ {
        self.0.iter().copied()
    }
}

impl ApiToken {
    /// The token that the owner of `account` wishes for; `hash` is that of its secret.
    ///
    /// # Errors
    /// All that is wrong with the wish.
    pub fn make(
        wish: ApiTokenWish,
        account: &Account,
        hash: SecretHash,
        now: Timestamp,
    ) -> Result<Self, Vec<ApiTokenFlaw>> {
        let flaws = wish.flaws(account, now);
        if !flaws.is_empty() {
            return Err(flaws);
        }
        Ok(Self {
            hash,
            who: account.email.clone(),
            name: wish.name,
            scope: Scope(wish.scope),
            made: now,
            expires: wish.expires,
            revoked: None,
        })
    }

    /// Whether it is good for anything.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.expires
    }

    /// Whether it may be used for what is `wanted`, by a program of somebody who has `role` today.
    ///
    /// # Errors
    /// If it wasn't made for that, no token is, or its owner mayn't either.
    pub fn may(&self, role: Role, wanted: Permission) -> Result<(), ApiTokenDenied> {
        role.may(&self.who, wanted)?;
        if wanted.needs_a_session() {
            return Err(ApiTokenDenied::NeedsASession(wanted));
        }
        if self.scope.includes(wanted) {
            return Ok(());
        }
        let name = self.name.clone();
        Err(ApiTokenDenied::Scope { name, wanted })
    }
}

impl ApiTokenWish {
    fn flaws(&self, account: &Account, now: Timestamp) -> Vec<ApiTokenFlaw> {
        let mut flaws = Vec::new();
        let chars = self.name.chars().take(API_TOKEN_NAME_CHARS_MAX + 1).count();
        let is_blank = self.name.trim().is_empty();
        if is_blank || chars > API_TOKEN_NAME_CHARS_MAX || self.name.chars().any(char::is_control) {
            flaws.push(ApiTokenFlaw::Name);
        }
        if self.scope.is_empty() {
            flaws.push(ApiTokenFlaw::NoScope);
        }
        let refused = self
            .scope
            .iter()
            .filter_map(|wanted| account.may(*wanted).err());
        flaws.extend(refused.map(ApiTokenFlaw::Beyond));
        let for_people = self.scope.iter().filter(|wanted| wanted.needs_a_session());
        flaws.extend(for_people.copied().map(ApiTokenFlaw::NeedsASession));
        if self.expires <= now {
            flaws.push(ApiTokenFlaw::Expired);
        }
        if self.expires.duration_since(now) > API_TOKEN_AGE_MAX {
            flaws.push(ApiTokenFlaw::TooLong);
        }
        flaws
    }
}

#[cfg(test)]
mod tests;
