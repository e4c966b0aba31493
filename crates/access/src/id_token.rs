//! What an OpenID Connect provider says of somebody in an ID token, and what must hold of it before that is believed.
//!
//! Whose signature it bears is looked at elsewhere, before anything here. The checks come in the order of OpenID Connect Core 1.0,
//! section 3.1.3.7. Read [`IdClaims::vouched`].

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::email::Email;

/// How far the provider's clock may be from ours.
pub const LEEWAY: SignedDuration = SignedDuration::from_mins(1);
/// How old a token may be that answers what a browser began at most ten minutes ago ([`FLOW_AGE_MAX`](crate::secret::FLOW_AGE_MAX)).
pub const TOKEN_AGE_MAX: SignedDuration = SignedDuration::from_mins(10);
/// How long ago somebody may have signed in at the provider who was to do so anew: as long as a page with a second factor may take.
pub const ANEW_AGE_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Longest subject, in bytes (OpenID Connect Core 1.0, section 2).
pub const SUBJECT_BYTES_MAX: usize = 255;

/// What we asked for, and of whom.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The provider, as it calls itself.
    pub issuer: &'a str,
    /// What it calls this server.
    pub client_id: &'a str,
    /// What the browser that comes back was sent with.
    pub nonce: &'a str,
}

/// The claims of an ID token that we look at; others are left alone.
#[derive(Debug, Clone, Deserialize)]
pub struct IdClaims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    auth_time: Option<i64>,
    nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<Truth>,
}

/// One audience, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Only `true` itself is one: what some provider writes as a text, or as 1, means nothing that we know.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Truth {
    Said(bool),
    Other(IgnoredAny),
}

/// Who somebody is to a provider, for good: an address may be given to somebody else, a subject never is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The provider.
    pub issuer: String,
    /// What it calls them.
    pub name: String,
}

/// Whom a provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// Who it is.
    pub subject: Subject,
    /// Their address, if the provider says that it has verified it.
    pub email: Option<Email>,
    /// When they signed in there, if it says so.
    pub signed_in: Option<Timestamp>,
}

/// Why an ID token isn't believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenFlaw {
    /// Another provider made it.
    #[error("it is of another issuer")]
    Issuer,
    /// It is for somebody else than this server.
    #[error("it is for another audience")]
    Audience,
    /// It is over, isn't good yet, or is older than the sign-in that it answers.
    #[error("it isn't of this moment")]
    Times,
    /// It answers another browser's sign-in, or none.
    #[error("it answers another sign-in")]
    Nonce,
    /// It names nobody, or somebody whose name is too long.
    #[error("it names nobody")]
    Subject,
}

impl IdTokenFlaw {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Issuer => "oidc.token-issuer",
            Self::Audience => "oidc.token-audience",
            Self::Times => "oidc.token-times",
            Self::Nonce => "oidc.token-nonce",
            Self::Subject => "oidc.token-subject",
        }
    }
}

impl IdClaims {
    /// Whom they vouch for, if all of them hold at `now`.
    ///
    /// # Errors
    /// The first that doesn't.
    pub fn vouched(&self, expected: Expected<'_>, now: Timestamp) -> Result<Vouched, IdTokenFlaw> {
        let must = |holds: bool, flaw| if holds { Ok(()) } else { Err(flaw) };
        must(self.iss == expected.issuer, IdTokenFlaw::Issuer)?;
        must(self.is_for(expected.client_id), IdTokenFlaw::Audience)?;
        must(self.is_of(now), IdTokenFlaw::Times)?;
        must(
            self.nonce.as_deref() == Some(expected.nonce),
            IdTokenFlaw::Nonce,
        )?;
        let is_name = (1..=SUBJECT_BYTES_MAX).contains(&self.sub.len());
        let is_plain = self.sub.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        must(is_name && is_plain, IdTokenFlaw::Subject)?;
        Ok(Vouched {
            subject: Subject {
                issuer: self.iss.clone(),
                name: self.sub.clone(),
            },
            email: self.verified_email(),
            signed_in: self.auth_time.and_then(instant),
        })
    }

    /// For this client, and for no other that we would have to trust as well.
    fn is_for(&self, client_id: &str) -> bool {
        let is_named = match &self.aud {
            Audience::One(one) => one == client_id,
            Audience::Several(several) => several.len() == 1 && several[0] == client_id,
        };
        is_named && self.azp.as_deref().is_none_or(|azp| azp == client_id)
    }

    /// A time that no calendar has is none of a token that is good.
    fn is_of(&self, now: Timestamp) -> bool {
        let (Some(ends), Some(made)) = (instant(self.exp), instant(self.iat)) else {
            return false;
        };
        let begins = self.nbf.map_or(Some(made), instant);
        let until = |then: Timestamp| then.duration_since(now);
        until(ends) > -LEEWAY
            && until(made) <= LEEWAY
            && until(made) >= -(TOKEN_AGE_MAX + LEEWAY)
            && begins.is_some_and(|begins| until(begins) <= LEEWAY)
    }

    /// Only letters of ASCII are put in lower case here: the sign of Kelvin would become a k, and somebody who has an address with it at the
    /// provider, another person.
    fn verified_email(&self) -> Option<Email> {
        let is_verified = matches!(self.email_verified, Some(Truth::Said(true)));
        let text = self.email.as_deref().filter(|_| is_verified)?;
        let email = Email::new(text).ok()?;
        (text.to_ascii_lowercase() == email.as_str()).then_some(email)
    }
}

impl Vouched {
    /// Whether they signed in at the provider just now, rather than at some time before.
    #[must_use]
    pub fn is_anew(&self, now: Timestamp) -> bool {
        let since = self.signed_in.map(|then| now.duration_since(then));
        since.is_some_and(|since| (-LEEWAY..=ANEW_AGE_MAX + LEEWAY).contains(&since))
    }

    /// Whether they signed in at the provider no earlier than at `then`, as far as two clocks can tell.
    #[must_use]
    pub fn is_since(&self, then: Timestamp) -> bool {
        let after = self.signed_in.map(|at| at.duration_since(then));
        after.is_some_and(|after| after >= -LEEWAY)
    }
}

fn instant(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests;
