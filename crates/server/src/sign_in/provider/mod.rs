//! Signing in by an OpenID Connect provider: the authorization code flow with PKCE, for one provider that the settings name.
//!
//! Nothing that a provider or a browser says is believed before its signature, its issuer, its audience, its time and the browser that
//! asked for it were looked at; what is fetched is bounded in size and time. Nothing is kept on the server while somebody is at the
//! provider: what must come back is made of a secret that only their browser has ([`flow`]). Read [`Provider`], then [`entering`].

mod discovery;
pub(crate) mod entering;
mod fault;
mod fetching;
pub(crate) mod flow;
mod keys;
mod secret;

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use mainstay_access::id_token::Expected;
use mainstay_access::{IdClaims, Vouched};
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::settings::{OidcSettings, Settings};
use discovery::Endpoints;
pub(crate) use fault::Fault;
use flow::Flow;
use secret::ClientSecret;
pub use secret::ProviderError;

/// Where the provider sends people back to, from the server's root: what is registered there, letter by letter.
pub const BACK_PATH: &str = "/sign-in/provider/back";

/// The provider by which people sign in.
pub struct Provider {
    issuer: String,
    client_id: String,
    secret: ClientSecret,
    redirect: String,
    settings: OidcSettings,
    http: Client,
    known: Mutex<Known>,
}

/// What the provider said of itself, and when it was asked.
#[derive(Default)]
struct Known {
    endpoints: Kept<Endpoints>,
    keys: Kept<JwkSet>,
}

/// Something that the provider said, kept for a while.
struct Kept<T> {
    said: Option<(Arc<T>, Timestamp)>,
    failed: Option<(Fault, Timestamp)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            said: None,
            failed: None,
        }
    }
}

/// Whom the provider vouches for, and their groups.
pub(crate) struct Told {
    /// Who it is.
    pub vouched: Vouched,
    /// The groups that they are in.
    pub groups: Vec<String>,
}

/// What the provider gives for a code. Its other tokens are good for things that we don't do.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl fmt::Debug for Provider {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Provider")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// The provider that the settings name, if they name one: its secret is read, and it isn't asked yet.
    ///
    /// # Errors
    /// If the secret can't be read, or this machine has no certificate authorities.
    pub fn open(settings: &Settings) -> Result<Option<Self>, ProviderError> {
        let oidc = &settings.oidc;
        let (Some(issuer), Some(client_id), Some(file), Some(public_url)) = (
            oidc.issuer.as_ref(),
            oidc.client_id.clone(),
            oidc.client_secret_file.as_deref(),
            settings.public_url.as_ref(),
        ) else {
            return Ok(None);
        };
        Ok(Some(Self {
            issuer: issuer.as_str().to_owned(),
            client_id,
            secret: ClientSecret::read(file)?,
            redirect: format!("{}{BACK_PATH}", public_url.as_str()),
            settings: oidc.clone(),
            http: fetching::client(issuer.as_str())?,
            known: Mutex::default(),
        }))
    }

    /// What people call it.
    pub fn name(&self) -> String {
        self.settings.name.to_string()
    }

    /// What the server was told of it.
    pub(crate) fn settings(&self) -> &OidcSettings {
        &self.settings
    }

    /// Where a browser goes with this flow.
    ///
    /// # Errors
    /// If the provider doesn't say where.
    pub(crate) async fn authorization(&self, flow: &Flow, now: Timestamp) -> Result<String, Fault> {
        let endpoints = self.endpoints(now).await?;
        let mut url = endpoints.authorization.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("scope", self.settings.scopes.as_str())
            .append_pair("state", &flow.state())
            .append_pair("nonce", &flow.nonce())
            .append_pair("code_challenge", &flow.challenge())
            .append_pair("code_challenge_method", "S256");
        if flow.anew {
            query
                .append_pair("prompt", "login")
                .append_pair("max_age", "0");
        }
        drop(query);
        Ok(url.into())
    }

    /// That an answer comes from this provider, as far as it says (RFC 9207).
    ///
    /// # Errors
    /// If it is another's, or doesn't say although this provider's do.
    pub(crate) async fn check_sender(
        &self,
        issuer: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        match issuer {
            Some(issuer) if issuer == self.issuer => Ok(()),
            None if !self.endpoints(now).await?.names_itself => Ok(()),
            _ => Err(Fault::Sender),
        }
    }

    /// Whom the provider vouches for by this code, to the browser that has this flow.
    ///
    /// # Errors
    /// If it takes the code from nobody, or what it says doesn't hold.
    pub(crate) async fn redeem(
        &self,
        code: &str,
        flow: &Flow,
        now: Timestamp,
    ) -> Result<Told, Fault> {
        let endpoints = self.endpoints(now).await?;
        let verifier = flow.verifier();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect.as_str()),
            ("code_verifier", verifier.as_str()),
        ];
        let request = self.http.post(endpoints.token.clone());
        let request = match endpoints.takes_secret_in_form {
            true => {
                form.push(("client_id", self.client_id.as_str()));
                form.push(("client_secret", self.secret.reveal()));
                request
            }
            false => self.secret.shown(request, &self.client_id),
        };
        let answer = fetching::tokens(request, &form).await?;
        let tokens: Tokens = serde_json::from_slice(&answer).map_err(|_| Fault::NoToken)?;
        self.believed(&tokens.id_token, &flow.nonce(), now).await
    }

    /// What a token says, once all that must hold of it was looked at.
    async fn believed(&self, token: &str, nonce: &str, now: Timestamp) -> Result<Told, Fault> {
        let claims = self.signed(token, now).await?;
        let groups = groups(claims.get(&self.settings.groups_claim));
        let claims = IdClaims::deserialize(Value::Object(claims));
        let expected = Expected {
            issuer: &self.issuer,
            client_id: &self.client_id,
            nonce,
        };
        let claims = claims.map_err(|_| Fault::Malformed)?;
        let vouched = claims.vouched(expected, now)?;
        Ok(Told { vouched, groups })
    }

    /// What a token says that bears this provider's signature. One by a key that isn't known makes us ask for its keys again, now and then.
    async fn signed(&self, token: &str, now: Timestamp) -> Result<Map<String, Value>, Fault> {
        let token = keys::Unverified::read(token)?;
        let known = self.keys(now, keys::KEPT_MAX).await?;
        if let Some(key) = token.key(&known)? {
            return token.verified(&key);
        }
        let renewed = self.keys(now, keys::ASKED_AGAIN_MIN).await?;
        let key = token.key(&renewed)?.ok_or(Fault::UnknownKey)?;
        token.verified(&key)
    }

    async fn endpoints(&self, now: Timestamp) -> Result<Arc<Endpoints>, Fault> {
        let mut known = self.known.lock().await;
        let ask = || discovery::ask(&self.http, &self.issuer);
        known
            .endpoints
            .or_asked(now, discovery::KEPT_MAX, ask)
            .await
    }

    async fn keys(&self, now: Timestamp, age_max: SignedDuration) -> Result<Arc<JwkSet>, Fault> {
        let endpoints = self.endpoints(now).await?;
        let mut known = self.known.lock().await;
        let ask = || keys::ask(&self.http, &endpoints.keys);
        known.keys.or_asked(now, age_max, ask).await
    }
}

impl<T> Kept<T> {
    /// What was said less than `age_max` ago, or is said now. Who just failed to answer isn't asked again at once, and what was said before
    /// is good until it is; whoever comes meanwhile waits for the one answer.
    async fn or_asked<F>(
        &mut self,
        now: Timestamp,
        age_max: SignedDuration,
        ask: impl FnOnce() -> F,
    ) -> Result<Arc<T>, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        // A clock that was set back makes nothing new.
        let age = |then: Timestamp| now.duration_since(then).abs();
        if let Some((said, then)) = &self.said
            && age(*then) < age_max
        {
            return Ok(said.clone());
        }
        let failed = self.failed.as_ref();
        let failed = failed.filter(|(_, then)| age(*then) < fetching::PAUSE);
        let fault = match failed {
            Some((fault, _)) => fault.clone(),
            None => match ask().await {
                Ok(said) => {
                    let said = Arc::new(said);
                    self.said = Some((said.clone(), now));
                    self.failed = None;
                    return Ok(said);
                }
                Err(fault) => {
                    self.failed = Some((fault.clone(), now));
                    fault
                }
            },
        };
        let before = self.said.as_ref().map(|(said, _)| said.clone());
        before.ok_or(fault)
    }
}

/// The names in a claim that is a list of texts, or one text. All of them: one that nobody looks at could be that of a second duty. How
/// many there are is bounded by how long a token may be.
fn groups(claim: Option<&Value>) -> Vec<String> {
    let all = match claim {
        Some(Value::Array(all)) => &all[..],
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let texts = all.iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
