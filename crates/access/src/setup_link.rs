//! A setup link: how an address gets its account, or gets into it again. It works once, for an hour.
//!
//! There is no first password that somebody else knows, and so none that stays. Whoever makes a link also sees it, and could
//! open it: so what makes somebody more with a duty, or takes a second factor away, takes a second person.
//! Read [`SetupLink`].

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::email::Email;
use crate::permission::{Denied, Permission};
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
    /// Who made it; none for one that was made on the server's own machine, where everything can be done anyway.
    pub maker: Option<Maker>,
    /// The second person behind it.
    pub vouched_by: Option<Email>,
}

/// Somebody who made a link, with the role that is theirs for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// Who.
    pub who: Email,
    /// Their role.
    pub role: Role,
}

/// What a link does as things stand, for whoever vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LinkEffect {
    /// It makes an account.
    NewAccount,
    /// It gives an account another password.
    NewPassword,
    /// The same, and the second factor stays.
    NewPasswordFactorStays,
    /// The same, and the second factor goes, unless whoever opens it sets up another one.
    NewPasswordFactorGoes,
}

impl LinkEffect {
    /// As a clause about the link.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::NewAccount => "makes an account",
            Self::NewPassword => "gives the account a new password",
            Self::NewPasswordFactorStays => {
                "gives the account a new password; its app stays, unless somebody vouches for the link"
            }
            Self::NewPasswordFactorGoes => {
                "gives the account a new password, and its app of before goes"
            }
        }
    }
}

/// Why a link opens nothing, or somebody can't be the second person behind it.
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
    /// It gives a duty to a new account, or one that its maker doesn't have, and nobody else is behind it yet.
    #[error("this link gives a duty, and waits for a second person")]
    SecondMissing,
    /// It would replace a second factor on one person's word.
    #[error("this link gives a new password, and leaves the second factor as it is")]
    FactorStays,
    /// Who would be the second person made it, is whom it is for, or has the maker's duty.
    #[error("{0} can't be the second person behind this link")]
    NoSecond(Email),
    /// Its maker would open it themselves.
    #[error("nobody makes a link for themselves")]
    Own,
    /// Their role doesn't include it.
    #[error(transparent)]
    Denied(#[from] Denied),
}

impl SetupLinkRefusal {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Expired => "access.setup-link-expired",
            Self::AnotherAddress(_) => "access.setup-link-address",
            Self::AnotherRole(_) => "access.setup-link-role",
            Self::SecondMissing => "access.setup-link-second-missing",
            Self::FactorStays => "access.setup-link-factor-stays",
            Self::NoSecond(_) => "access.setup-link-no-second",
            Self::Own => "access.setup-link-own",
            Self::Denied(denied) => denied.id(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        let cure = match self {
            Self::Expired | Self::AnotherAddress(_) | Self::AnotherRole(_) => {
                "ask somebody of operations for a new link"
            }
            Self::SecondMissing => {
                "ask somebody with another duty than the maker's to vouch for it"
            }
            Self::FactorStays => {
                "go on with the codes of before; if the phone is lost, ask somebody with another duty than the maker's to vouch for the link"
            }
            Self::NoSecond(_) => {
                "ask somebody else, whose duty isn't the maker's and whom it isn't for"
            }
            Self::Own => {
                "change your password on your account's page, or ask somebody else of operations"
            }
            Self::Denied(denied) => return denied.cure(),
        };
        cure.to_owned()
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
            maker: None,
            vouched_by: None,
        }
    }

    /// A link that is made on the server's own machine, by whoever could also write into its database.
    #[must_use]
    pub fn on_the_machine(hash: SecretHash, who: Email, role: Role, now: Timestamp) -> Self {
        Self {
            who: Some(who),
            role,
            ..Self::first(hash, now)
        }
    }

    /// An invitation by the owner of `maker`, or the way back for somebody who lost their password or phone.
    ///
    /// # Errors
    /// If the maker's role doesn't include it, or the link would be their own.
    pub fn invitation(
        hash: SecretHash,
        who: Email,
        role: Role,
        maker: &Account,
        now: Timestamp,
    ) -> Result<Self, SetupLinkRefusal> {
        maker.may(Permission::ManagePeople)?;
        if who == maker.email {
            return Err(SetupLinkRefusal::Own);
        }
        let maker = Maker {
            who: maker.email.clone(),
            role: maker.role,
        };
        Ok(Self {
            maker: Some(maker),
            ..Self::on_the_machine(hash, who, role, now)
        })
    }

    /// Whether it still works; a clock that was set back by more than an hour ends it too.
    #[must_use]
    pub fn works(&self, now: Timestamp) -> bool {
        now.duration_since(self.made).abs() < SETUP_LINK_AGE_MAX
    }

    /// Whether more than one person's word is behind it, or the machine's.
    #[must_use]
    pub fn is_backed(&self) -> bool {
        self.maker.is_none() || self.vouched_by.is_some()
    }

    /// Whether it opens nothing before somebody vouches for it; `before` is the account that its address has so far. The account would
    /// have a duty that isn't its maker's, or be one more with it: two of one duty together end a hold, and close an incident.
    #[must_use]
    pub fn lacks_a_second(&self, before: Option<&Account>) -> bool {
        let makers = self.maker.as_ref().and_then(|maker| maker.role.duty());
        let is_way_back = before.is_some() && self.role.duty() == makers;
        self.role.duty().is_some() && !is_way_back && !self.is_backed()
    }

    /// What becomes of the account of its address, which it has so far as `before` says.
    #[must_use]
    pub fn effect(&self, before: Option<&Account>) -> LinkEffect {
        let has_factor = |account: &Account| account.second_factor.is_some();
        match before.map(has_factor) {
            None => LinkEffect::NewAccount,
            Some(false) => LinkEffect::NewPassword,
            Some(true) if self.is_backed() => LinkEffect::NewPasswordFactorGoes,
            Some(true) => LinkEffect::NewPasswordFactorStays,
        }
    }

    /// The link with the owner of `second` behind it as well.
    ///
    /// # Errors
    /// If it is over, or they are the maker, have the maker's duty or none, or are whom it is for.
    pub fn vouched(self, second: &Account, now: Timestamp) -> Result<Self, SetupLinkRefusal> {
        if !self.works(now) {
            return Err(SetupLinkRefusal::Expired);
        }
        second.may(Permission::VouchForPeople)?;
        let who = &second.email;
        let same = |maker: &Maker| maker.who == *who || maker.role.duty() == second.role.duty();
        if self.who.as_ref() == Some(who) || self.maker.as_ref().is_some_and(same) {
            return Err(SetupLinkRefusal::NoSecond(who.clone()));
        }
        Ok(Self {
            vouched_by: Some(who.clone()),
            ..self
        })
    }

    /// The account as it is once this link has opened it: `wanted` is what its owner chose, `before` the account that the address
    /// has so far. One person's word changes no second factor: `wanted` says none then, and it stays.
    ///
    /// # Errors
    /// If it is over, for somebody or something else, or takes a second person.
    pub fn opens(
        &self,
        wanted: &Account,
        before: Option<&Account>,
        now: Timestamp,
    ) -> Result<Account, SetupLinkRefusal> {
        if !self.works(now) {
            return Err(SetupLinkRefusal::Expired);
        }
        if self.who.as_ref().is_some_and(|who| *who != wanted.email) {
            return Err(SetupLinkRefusal::AnotherAddress(wanted.email.clone()));
        }
        if self.role != wanted.role {
            return Err(SetupLinkRefusal::AnotherRole(self.role));
        }
        if self.lacks_a_second(before) {
            return Err(SetupLinkRefusal::SecondMissing);
        }
        let kept = before.and_then(|before| before.second_factor.as_ref());
        let Some(kept) = kept.filter(|_| !self.is_backed()) else {
            return Ok(wanted.clone());
        };
        if wanted.second_factor.is_some() {
            return Err(SetupLinkRefusal::FactorStays);
        }
        Ok(Account {
            second_factor: Some(kept.clone()),
            ..wanted.clone()
        })
    }
}

#[cfg(test)]
mod tests;
