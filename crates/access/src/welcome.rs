//! What lets devices into the fleet that nobody registered, and that show a certificate of the house's own device authority: a welcome, for some of them
//! and for some days.
//!
//! Operations make it and bring it to nobody: whoever fits it is registered when it first asks. A certificate says who a device is and no more, so what
//! the welcome declares is all that is declared. Where it isn't clear which one is meant, nobody is let in. Read [`Welcome`] and [`choose`].

use core::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::email::Email;

/// The most devices that one lets in: a day's production, as with a code. It takes a certificate as well.
pub const WELCOME_USES_MAX: u32 = 10_000;
/// The longest that one works.
pub const WELCOME_DAYS_MAX: u32 = 365;
/// How long it works if nobody says otherwise.
pub const WELCOME_DAYS: u32 = 7;
/// The most that work at one time: each is looked at when somebody comes whom nobody knows.
pub const WELCOMES_MAX: usize = 100;
/// The longest beginning of a name that is told apart: as long as the longest name of a device.
pub const PREFIX_BYTES_MAX: usize = 64;

/// Servers that share a store may disagree so far about the time.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

/// By which a welcome is known: eight bytes of chance, in timelines and lists as 16 hexadecimal digits. It is no secret, and opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WelcomeId(pub [u8; 8]);

/// SHA-256 of an authority's certificate, whole (DER); written as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AuthorityDigest(pub [u8; 32]);

/// For which devices a welcome is, and what it declares of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WelcomeTerms {
    /// What it declares of them.
    pub declares: Declares,
    /// What their certificates' names begin with; none if with anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Which of the device authorities vouches for them; none if any of them may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<AuthorityDigest>,
}

/// What is declared of whoever is let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declares {
    /// Their class, one of the plan's.
    pub class: String,
    /// Their hardware revision.
    pub hardware: String,
    /// Their IANA time zone.
    pub zone: String,
    /// Their boot loader's version.
    pub bootloader: String,
    /// Where they stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// A welcome, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// How it is known.
    pub id: WelcomeId,
    /// For which devices it is.
    pub terms: WelcomeTerms,
    /// How many devices it lets in.
    pub uses: u32,
    /// How many it did.
    pub used: u32,
    /// When it was made.
    pub made: Timestamp,
    /// By whom.
    pub maker: Email,
    /// From when on it doesn't work.
    pub expires: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// A device that nobody registered, by what its certificate shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newcomer<'a> {
    /// The name that its certificate has.
    pub name: &'a str,
    /// Those of the device authorities that vouch for it.
    pub vouched_by: &'a [AuthorityDigest],
}

/// Why no such welcome is made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WelcomeFlaw {
    /// For nobody, or for too many.
    #[error("a welcome is for 1 to {WELCOME_USES_MAX} devices")]
    Uses,
    /// For no time, or for too long.
    #[error("a welcome works for 1 to {WELCOME_DAYS_MAX} days")]
    Days,
    /// No name begins like this.
    #[error("a name begins with 1 to {PREFIX_BYTES_MAX} plain signs without spaces")]
    Prefix,
    /// A device could fit both, and they declare different things.
    #[error("the welcome {0} is for some of the same devices, and declares something else")]
    Overlaps(WelcomeId),
    /// As many work as may.
    #[error("{WELCOMES_MAX} welcomes work already")]
    TooMany,
}

/// Why a device isn't let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWelcome {
    /// None that works is for it.
    #[error("nobody registered this device, and no welcome that works is for it")]
    Nobody,
    /// Several are, and they declare different things.
    #[error(
        "nobody registered this device, and the welcomes {0} and {1} declare different things of it"
    )]
    Ambiguous(WelcomeId, WelcomeId),
    /// Its name can't be a device's.
    #[error(
        "nobody registered this device, and the name in its certificate can't be a device's here"
    )]
    Name,
    /// The server itself gave its certificate, as it does to devices that are registered.
    #[error(
        "nobody registered this device here, and the server's own certificates let in those alone that are registered"
    )]
    Given,
    /// Another device has it, or what would be made of it; or its name and another one's client's are the same.
    #[error("nobody registered this device, and its name is taken by another one")]
    Taken,
    /// People made a code for the device of this name.
    #[error("nobody registered this device, and a code is for the device of its name")]
    Kept,
}

impl WelcomeFlaw {
    /// Stable id of this flaw.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Uses => "welcome.uses",
            Self::Days => "welcome.days",
            Self::Prefix => "welcome.prefix",
            Self::Overlaps(_) => "welcome.overlaps",
            Self::TooMany => "welcome.too-many",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Uses => "make another one when it is used up",
            Self::Days => "make another one when it is over",
            Self::Prefix => "write what the common names of their certificates begin with",
            Self::Overlaps(_) => {
                "tell them apart by the names or the authority, or revoke the other one"
            }
            Self::TooMany => {
                "revoke those that aren't needed any more: mainstay device welcome list"
            }
        }
    }
}

impl NotWelcome {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Nobody => "welcome.none",
            Self::Ambiguous(..) => "welcome.ambiguous",
            Self::Name => "welcome.name",
            Self::Given => "welcome.given",
            Self::Taken => "welcome.name-taken",
            Self::Kept => "welcome.name-kept",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Nobody => {
                "register the device, or make a welcome for it: mainstay device welcome make"
            }
            Self::Ambiguous(..) => "revoke one of the two: mainstay device welcome revoke",
            Self::Name => {
                "give it a certificate whose name is its own: letters, digits, dots, dashes and underscores"
            }
            Self::Given => {
                "let it show the certificate that it came with, or register it: mainstay device add"
            }
            Self::Taken => "give it a certificate with another name, or register it under one",
            Self::Kept => "bring the device the code that is for it, or revoke that code",
        }
    }
}

impl Welcome {
    /// A new one.
    ///
    /// # Errors
    /// If it is for too many, for too long, or for names that none is.
    pub fn new(
        id: WelcomeId,
        terms: WelcomeTerms,
        (uses, days): (u32, u32),
        maker: Email,
        now: Timestamp,
    ) -> Result<Self, WelcomeFlaw> {
        if !(1..=WELCOME_USES_MAX).contains(&uses) {
            return Err(WelcomeFlaw::Uses);
        }
        if !(1..=WELCOME_DAYS_MAX).contains(&days) {
            return Err(WelcomeFlaw::Days);
        }
        let begins = |prefix: &str| {
            (1..=PREFIX_BYTES_MAX).contains(&prefix.len())
                && prefix.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if terms.prefix.as_deref().is_some_and(|text| !begins(text)) {
            return Err(WelcomeFlaw::Prefix);
        }
        Ok(Self {
            id,
            terms,
            uses,
            used: 0,
            made: now,
            maker,
            expires: now + SignedDuration::from_hours(24 * i64::from(days)),
            revoked: None,
        })
    }

    /// Whether it lets one more device in. Whoever lets one in asks once more within the transaction that counts it.
    #[must_use]
    pub fn works_at(&self, now: Timestamp) -> bool {
        // A clock that was set back makes none work that isn't made yet.
        let is_its_time = now < self.expires && now >= self.made - CLOCKS_APART;
        self.revoked.is_none() && is_its_time && self.used < self.uses
    }

    /// Whether it may be made beside `others`: where a device could fit it and one of those, both must declare the same. Of two authorities, `share` says whether
    /// a device is known that both could vouch for, as where one vouches for the other.
    ///
    /// # Errors
    /// [`WelcomeFlaw::Overlaps`] with the first of which that isn't so, [`WelcomeFlaw::TooMany`] if enough work.
    pub fn expect_clear_of(
        &self,
        others: &[Self],
        share: impl Fn(AuthorityDigest, AuthorityDigest) -> bool,
        now: Timestamp,
    ) -> Result<(), WelcomeFlaw> {
        let working = others.iter().filter(|other| other.works_at(now));
        let mut seen = 0;
        for other in working {
            seen += 1;
            if self.terms.meets(&other.terms, &share) && self.terms.declares != other.terms.declares
            {
                return Err(WelcomeFlaw::Overlaps(other.id));
            }
        }
        match seen < WELCOMES_MAX {
            true => Ok(()),
            false => Err(WelcomeFlaw::TooMany),
        }
    }
}

impl WelcomeTerms {
    /// Whether it is for this device.
    #[must_use]
    pub fn fit(&self, newcomer: Newcomer<'_>) -> bool {
        let begins = self.prefix.as_deref().unwrap_or("");
        let is_vouched_for = self.authority.is_none_or(|authority| {
            let mut vouched_by = newcomer.vouched_by.iter();
            vouched_by.any(|one| *one == authority)
        });
        newcomer.name.starts_with(begins) && is_vouched_for
    }

    /// Whether one device could fit both. A device for which two authorities vouch that don't `share` any, as far as that was known, is refused when it comes.
    fn meets(
        &self,
        other: &Self,
        share: impl Fn(AuthorityDigest, AuthorityDigest) -> bool,
    ) -> bool {
        let [one, another] = [self, other].map(|terms| terms.prefix.as_deref().unwrap_or(""));
        let authorities = match (self.authority, other.authority) {
            (Some(one), Some(another)) => one == another || share(one, another),
            _ => true,
        };
        authorities && (one.starts_with(another) || another.starts_with(one))
    }
}

/// The welcome that lets this device in. Of several that declare the same, the one that ends first.
///
/// # Errors
/// Why none does.
pub fn choose<'a>(
    all: &'a [Welcome],
    newcomer: Newcomer<'_>,
    now: Timestamp,
) -> Result<&'a Welcome, NotWelcome> {
    let fit = |one: &&Welcome| one.works_at(now) && one.terms.fit(newcomer);
    let mut found: Vec<_> = all.iter().filter(fit).collect();
    found.sort_by_key(|one| (one.expires, one.id));
    let first = *found.first().ok_or(NotWelcome::Nobody)?;
    let is_other = |one: &&&Welcome| one.terms.declares != first.terms.declares;
    match found.iter().find(is_other) {
        Some(other) => Err(NotWelcome::Ambiguous(first.id, other.id)),
        None => Ok(first),
    }
}

impl fmt::Display for WelcomeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl WelcomeId {
    /// Reads what [`Display`](fmt::Display) wrote; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 8];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl TryFrom<String> for AuthorityDigest {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl From<AuthorityDigest> for String {
    fn from(digest: AuthorityDigest) -> Self {
        hex::encode(digest.0)
    }
}

#[cfg(test)]
mod tests;
