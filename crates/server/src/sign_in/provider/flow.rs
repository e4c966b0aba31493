//! A browser on its way to the provider and back: what it must bring to be the one that left.
//!
//! The browser keeps one secret in a cookie, and all else is made of it: the state that comes back, the nonce that the token must have,
//! the verifier that nobody but us shows the provider. So nothing is kept here meanwhile, whichever server the browser comes back to, and a
//! browser that never left has nothing that fits. Read [`Flow`].

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mainstay_access::secret::FLOW_AGE_MAX;
use mainstay_access::{Secret, SecretKind};
use sha2::{Digest as _, Sha256};

use crate::App;
use crate::entropy::Entropy;
use crate::sign_in::session::{self, draw};

/// The cookie's name where the server is reached by HTTPS, and elsewhere.
const COOKIES: [&str; 2] = ["__Host-mainstay-flow", "mainstay-flow"];
const STATE: &str = "mainstay.state";

/// A browser that is at the provider, or comes back.
pub(crate) struct Flow {
    secret: Secret,
    /// Whether its user is to sign in there anew, whoever is signed in already.
    pub anew: bool,
    /// Where on this server to go on. Looked at again when it is used: a browser may keep what it wants.
    pub next: String,
}

impl Flow {
    /// A browser that leaves now.
    pub fn begin(entropy: &dyn Entropy, anew: bool, next: &str) -> Self {
        Self {
            secret: draw(entropy, SecretKind::Flow),
            anew,
            next: next.to_owned(),
        }
    }

    /// What a browser kept; none if it kept nothing, or two of them.
    pub fn shown(app: &App, headers: &HeaderMap) -> Option<Self> {
        let text = session::one_cookie(headers, session::cookie_name(app, COOKIES))?;
        let (secret, rest) = text.split_once('.')?;
        let (anew, next) = rest.split_once('.')?;
        let mut next = form_urlencoded::parse(next.as_bytes());
        Some(Self {
            secret: Secret::parse(SecretKind::Flow, secret)?,
            anew: anew == "anew",
            next: next.next().map(|(next, _)| next.into_owned())?,
        })
    }

    /// What the browser is to keep.
    pub fn cookie(&self, app: &App) -> HeaderValue {
        let anew = if self.anew { "anew" } else { "-" };
        let next: String = form_urlencoded::byte_serialize(self.next.as_bytes()).collect();
        let value = format!("{}.{anew}.{next}", *self.secret.reveal());
        let name = session::cookie_name(app, COOKIES);
        session::cookie(app, name, &value, FLOW_AGE_MAX.as_secs())
    }

    /// What makes a browser forget it.
    pub fn no_cookie(app: &App) -> HeaderValue {
        session::cookie(app, session::cookie_name(app, COOKIES), "", 0)
    }

    /// What comes back with the answer.
    pub fn state(&self) -> String {
        self.secret.derived(STATE)
    }

    /// Whether an answer is for this browser.
    pub fn is_answered_by(&self, state: &str) -> bool {
        self.secret.is_derived(STATE, state)
    }

    /// What the token must have.
    pub fn nonce(&self) -> String {
        self.secret.derived("mainstay.nonce")
    }

    /// What shows the provider that the code is ours (RFC 7636): 64 of the signs that it may have.
    pub fn verifier(&self) -> String {
        self.secret.derived("mainstay.verifier")
    }

    /// What the provider compares the verifier with.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::SeededEntropy;

    #[test]
    fn nothing_that_is_told_tells_another_thing() {
        let flow = Flow::begin(&SeededEntropy::new(1), false, "/");
        let told = [
            flow.state(),
            flow.nonce(),
            flow.verifier(),
            flow.challenge(),
            flow.secret.reveal().to_string(),
        ];
        let different: BTreeSet<_> = told.iter().collect();
        assert_eq!(different.len(), told.len());
        let other = Flow::begin(&SeededEntropy::new(2), false, "/");
        assert!(flow.is_answered_by(&flow.state()));
        for wrong in [&other.state(), &flow.nonce(), ""] {
            assert!(!flow.is_answered_by(wrong));
        }
    }

    /// The bounds of RFC 7636, section 4.1, and the length of section 4.2.
    #[test]
    fn verifier_and_challenge_have_their_lengths() {
        let flow = Flow::begin(&SeededEntropy::new(1), false, "/");
        assert!((43..=128).contains(&flow.verifier().len()));
        assert_eq!(flow.challenge().len(), 43);
        let signs = flow.challenge();
        let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(signs.bytes().all(fit), "{signs}");
    }
}
