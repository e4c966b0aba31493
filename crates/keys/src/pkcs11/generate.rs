//! A new key made inside a token: sensitive and not extractable from its first moment.
//!
//! Read [`OpenToken::generate`]. Whoever can't keep what belongs beside the key takes it out again
//! with [`NewTokenKey::discard`].

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectHandle};
use mainstay_artifact::PublicKeyBuf;
use mainstay_trust::Algorithm;

use super::{OpenToken, TokenError, TokenUri, encoding, objects};

/// Bytes of a CKA_ID that is drawn: no two keys of a token ever share one.
const ID_BYTES: usize = 16;

/// A key that was just made, and the token that it is in.
#[derive(Debug)]
pub struct NewTokenKey<'a> {
    /// Names it and nothing else: the token's label and serial number, its own label and id.
    pub uri: TokenUri,
    /// Its public half.
    pub public: PublicKeyBuf,
    token: &'a OpenToken,
    handles: (ObjectHandle, ObjectHandle),
}

impl OpenToken {
    /// Makes a key of `algorithm` under the label that `uri` gives as `object`.
    ///
    /// # Errors
    /// If the URI gives no label, a key of that label is there, or the token can't or won't make it.
    pub fn generate(
        &self,
        uri: &TokenUri,
        algorithm: Algorithm,
    ) -> Result<NewTokenKey<'_>, TokenError> {
        let token = || self.token().label().to_owned();
        let Some(label) = uri.object.clone() else {
            return Err(TokenError::NamesNoKey(uri.to_string()));
        };
        let taken = TokenUri {
            object: Some(label.clone()),
            ..TokenUri::default()
        };
        if !objects::private_handles(self.session(), &taken)
            .map_err(self.failed())?
            .is_empty()
        {
            return Err(TokenError::KeyExists {
                token: token(),
                label,
            });
        }
        let params =
            encoding::params_of(algorithm).ok_or_else(|| TokenError::MechanismMissing {
                token: token(),
                mechanism: algorithm.id().to_owned(),
            })?;
        let id = uri.id.clone().map_or_else(|| self.draw_id(), Ok)?;
        let handles = self.make(algorithm, params, &label, &id)?;
        self.finish(uri, label, id, handles)
    }

    fn make(
        &self,
        algorithm: Algorithm,
        params: &[u8],
        label: &str,
        id: &[u8],
    ) -> Result<(ObjectHandle, ObjectHandle), TokenError> {
        let (mechanism, name) = match algorithm {
            Algorithm::Ed25519 => (
                Mechanism::EccEdwardsKeyPairGen,
                "CKM_EC_EDWARDS_KEY_PAIR_GEN",
            ),
            _ => (Mechanism::EccKeyPairGen, "CKM_EC_KEY_PAIR_GEN"),
        };
        self.token()
            .check_mechanism(mechanism.mechanism_type(), name)?;
        let named = [
            Attribute::Token(true),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Id(id.to_vec()),
        ];
        let of_public = [
            Attribute::Private(false),
            Attribute::Verify(true),
            Attribute::EcParams(params.to_vec()),
        ];
        let of_private = [
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ];
        let public = [&named[..], &of_public].concat();
        let private = [&named[..], &of_private].concat();
        let made = self
            .session()
            .generate_key_pair(&mechanism, &public, &private);
        made.map_err(|error| self.token().explain(name, &error))
    }

    fn finish(
        &self,
        uri: &TokenUri,
        label: String,
        id: Vec<u8>,
        handles: (ObjectHandle, ObjectHandle),
    ) -> Result<NewTokenKey<'_>, TokenError> {
        let uri = self.exact_uri(uri, &label, &id);
        let public = self.key(&uri).and_then(|key| {
            let token = self.token().label().to_owned();
            key.public.ok_or(TokenError::PublicHalfMissing { token })
        });
        match public {
            Ok(public) => Ok(NewTokenKey {
                uri,
                public,
                token: self,
                handles,
            }),
            Err(error) => {
                self.destroy(handles);
                Err(error)
            }
        }
    }

    /// The URI of one key: nothing in it depends on which slot the token is plugged into, and the
    /// module stays as `uri` names it.
    pub fn exact_uri(&self, uri: &TokenUri, label: &str, id: &[u8]) -> TokenUri {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        TokenUri {
            token: some(self.token().label()),
            serial: some(self.token().serial()),
            object: some(label),
            id: (!id.is_empty()).then(|| id.to_vec()),
            module_path: uri.module_path.clone(),
            module_name: uri.module_name.clone(),
            pin_source: uri.pin_source.clone(),
            ..TokenUri::default()
        }
    }

    fn draw_id(&self) -> Result<Vec<u8>, TokenError> {
        let mut id = vec![0; ID_BYTES];
        let drawn = SystemRandom::new().fill(&mut id);
        drawn.map_err(|_| TokenError::Failed {
            token: self.token().label().to_owned(),
            why: "this machine has no random bytes to give".to_owned(),
        })?;
        Ok(id)
    }

    /// Takes a key out again. If even that fails, the first error is the one to tell.
    fn destroy(&self, (public, private): (ObjectHandle, ObjectHandle)) {
        let _ = self.session().destroy_object(private);
        let _ = self.session().destroy_object(public);
    }
}

impl NewTokenKey<'_> {
    /// Takes the key out of the token again: what belongs beside it couldn't be kept.
    pub fn discard(self) {
        self.token.destroy(self.handles);
    }
}
