//! A signer whose key never leaves its token.
//!
//! ECDSA is asked of the token over a digest made here (CKM_ECDSA, which answers `r || s` as COSE
//! wants it), because not every token has the mechanism that hashes too. Read [`TokenSigner`].

use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use mainstay_artifact::{PublicKeyBuf, SignError, Signer};
use mainstay_trust::{Algorithm, KeyId, PublicKey};

use super::{OpenToken, Token, TokenError, TokenKey};
use crate::HostPrimitives;

/// One holder's key in a token, ready to sign.
pub struct TokenSigner {
    holder: String,
    id: KeyId,
    public: PublicKeyBuf,
    token: Token,
    // One session signs one thing at a time.
    session: Mutex<Session>,
    key: ObjectHandle,
}

impl TokenSigner {
    /// The signer of `key` for `holder`, whose public half is `public`.
    ///
    /// # Errors
    /// If the key may not sign, wants its PIN each time, or the token lacks the mechanism.
    pub fn new(
        token: OpenToken,
        key: &TokenKey,
        holder: &str,
        public: PublicKeyBuf,
    ) -> Result<Self, TokenError> {
        let (token, session) = token.into_parts();
        let label = || token.label().to_owned();
        if !key.may_sign {
            return Err(TokenError::MayNotSign { token: label() });
        }
        if key.asks_each_time {
            return Err(TokenError::AsksEachTime { token: label() });
        }
        let (mechanism, name) = mechanism_of(key.algorithm);
        token.check_mechanism(mechanism, name)?;
        Ok(Self {
            holder: holder.to_owned(),
            id: KeyId::of(&public.as_key(), &HostPrimitives),
            public,
            token,
            session: Mutex::new(session),
            key: key.handle,
        })
    }

    fn ask(&self, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let algorithm = self.public.algorithm();
        let signed = match algorithm {
            Algorithm::Ed25519 => {
                let pure = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519));
                session.sign(&pure, self.key, message)
            }
            _ => session.sign(
                &Mechanism::Ecdsa,
                self.key,
                digest_for(algorithm, message).as_ref(),
            ),
        };
        signed.map_err(|error| self.token.explain(mechanism_of(algorithm).1, &error))
    }
}

/// The mechanism that signs with keys of an algorithm, and its name.
fn mechanism_of(algorithm: Algorithm) -> (MechanismType, &'static str) {
    match algorithm {
        Algorithm::Ed25519 => (MechanismType::EDDSA, "CKM_EDDSA"),
        _ => (MechanismType::ECDSA, "CKM_ECDSA"),
    }
}

fn digest_for(algorithm: Algorithm, message: &[u8]) -> digest::Digest {
    match algorithm {
        Algorithm::Esp384 => digest::digest(&digest::SHA384, message),
        _ => digest::digest(&digest::SHA256, message),
    }
}

impl Signer for TokenSigner {
    fn key_id(&self) -> KeyId {
        self.id
    }

    fn public_key(&self) -> PublicKey<'_> {
        self.public.as_key()
    }

    fn holder(&self) -> &str {
        &self.holder
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.ask(message).map_err(|error| {
            SignError::new(&self.holder, error.to_string()).with_advice(error.id(), error.cure())
        })
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSigner")
            .field("holder", &self.holder)
            .field("key_id", &self.id)
            .field("token", &self.token.label())
            .finish_non_exhaustive()
    }
}
