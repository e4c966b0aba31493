//! A provider's keys, and the signatures that they make. Read [`Unverified`].

use jiff::SignedDuration;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::{Client, Url};
use serde_json::{Map, Value};

use super::fault::Fault;
use super::fetching;

/// How long keys are believed without asking again: one that is withdrawn is good for an hour more. Where the provider doesn't show its
/// keys then, those of before stay good, since what they sign comes from the provider itself over a connection of ours.
pub(super) const KEPT_MAX: SignedDuration = SignedDuration::from_hours(1);
/// How often they are asked for again because of a key that isn't among them: whoever makes keys up doesn't make us ask.
pub(super) const ASKED_AGAIN_MIN: SignedDuration = SignedDuration::from_mins(1);
/// Longest token.
const TOKEN_BYTES_MAX: usize = 64 * 1024;
/// Most keys that are looked at.
const KEYS_MAX: usize = 64;
/// The ways to sign that are taken: with a key of which the provider shows the public half. Never none, and nothing with a shared secret.
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
];

/// Asks for the keys.
///
/// # Errors
/// If they can't be had, or can't be read.
pub(super) async fn ask(http: &Client, url: &Url) -> Result<JwkSet, Fault> {
    let text = fetching::read(http, url.clone()).await?;
    let mut set: JwkSet =
        serde_json::from_slice(&text).map_err(|_| Fault::Description("its keys can't be read"))?;
    set.keys.truncate(KEYS_MAX);
    Ok(set)
}

/// A token whose signature wasn't looked at.
pub(super) struct Unverified<'a> {
    text: &'a str,
    algorithm: Algorithm,
    key_id: Option<String>,
}

impl<'a> Unverified<'a> {
    /// Reads a token's head.
    ///
    /// # Errors
    /// If it can't be read, or names a way to sign that isn't taken.
    pub fn read(text: &'a str) -> Result<Self, Fault> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(Fault::Malformed);
        }
        let head = jsonwebtoken::decode_header(text).map_err(|_| Fault::Malformed)?;
        // What must be understood and isn't (RFC 7515, section 4.1.11).
        if head.crit.is_some() {
            return Err(Fault::Malformed);
        }
        match ALGORITHMS.contains(&head.alg) {
            true => Ok(Self {
                text,
                algorithm: head.alg,
                key_id: head.kid,
            }),
            false => Err(Fault::Algorithm),
        }
    }

    /// The key that may have made its signature: that of its name, or the only one of its kind if it names none.
    ///
    /// # Errors
    /// If that key can't be read.
    pub fn key(&self, set: &JwkSet) -> Result<Option<DecodingKey>, Fault> {
        let mut fitting = set.keys.iter().filter(|key| self.fits(key));
        let found = match &self.key_id {
            Some(id) => fitting.find(|key| key.common.key_id.as_ref() == Some(id)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        };
        let key = found.map(DecodingKey::from_jwk).transpose();
        key.map_err(|_| Fault::Description("one of its keys can't be read"))
    }

    /// Whether a key is one for signatures of this kind.
    fn fits(&self, key: &Jwk) -> bool {
        let is_kind = match (&key.algorithm, self.algorithm) {
            (AlgorithmParameters::RSA(_), Algorithm::RS256 | Algorithm::PS256) => true,
            (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => {
                key.curve == EllipticCurve::P256
            }
            (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDSA) => {
                key.curve == EllipticCurve::Ed25519
            }
            _ => false,
        };
        let named = key.common.key_algorithm;
        let is_named = named.is_none_or(|named| named == KeyAlgorithm::from(self.algorithm));
        let signs = matches!(
            key.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        );
        is_kind && is_named && signs
    }

    /// What it says, if this key signed it. What it says is looked at elsewhere, by our own clock.
    ///
    /// # Errors
    /// If the signature is wrong, or it says nothing that can be read.
    pub fn verified(&self, key: &DecodingKey) -> Result<Map<String, Value>, Fault> {
        use jsonwebtoken::errors::ErrorKind;
        let mut validation = Validation::new(self.algorithm);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        match jsonwebtoken::decode(self.text, key, &validation) {
            Ok(data) => Ok(data.claims),
            Err(error) => match error.kind() {
                ErrorKind::InvalidSignature => Err(Fault::Signature),
                _ => Err(Fault::Malformed),
            },
        }
    }
}
