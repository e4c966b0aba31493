//! Keys as the library that makes certificates wants them: the one that signs, and those that are certified. Read [`IssuingKey`] and [`ProvenKey`].

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use mainstay_artifact::der_signature::to_wire;
use mainstay_artifact::{SignError, Signer};
use mainstay_trust::Algorithm;
use rcgen::{
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PublicKeyData,
    SignatureAlgorithm, SigningKey,
};

use super::error::IssuerError;

/// The issuer's key, in a file or a token.
#[derive(Clone)]
pub(super) struct IssuingKey {
    signer: Arc<dyn Signer>,
    public: Vec<u8>,
    in_trust: Algorithm,
    in_certificates: &'static SignatureAlgorithm,
    /// Why it didn't sign the last time that it didn't, which the library that asks for signatures has no words for.
    flaw: Arc<Mutex<Option<SignError>>>,
}

impl IssuingKey {
    /// One that this signer has.
    ///
    /// # Errors
    /// [`IssuerError::Algorithm`] if it is for an algorithm that no TLS library takes in a client's certificate.
    pub fn of(signer: Arc<dyn Signer>) -> Result<Self, IssuerError> {
        let public = signer.public_key();
        let in_trust = public.algorithm();
        let in_certificates = match in_trust {
            Algorithm::Esp256 => &PKCS_ECDSA_P256_SHA256,
            Algorithm::Esp384 => &PKCS_ECDSA_P384_SHA384,
            Algorithm::Ed25519 => &PKCS_ED25519,
            Algorithm::MlDsa65 | Algorithm::MlDsa87 | Algorithm::HssLms => {
                return Err(IssuerError::Algorithm(in_trust.id()));
            }
        };
        Ok(Self {
            public: public.bytes().to_vec(),
            signer,
            in_trust,
            in_certificates,
            flaw: Arc::default(),
        })
    }

    /// Its public half, as certificates have it.
    pub fn public(&self) -> ProvenKey {
        ProvenKey {
            bytes: self.public.clone(),
            algorithm: self.in_certificates,
        }
    }

    /// Why it didn't sign, once that is known.
    pub fn flaw(&self) -> SignError {
        let flaw = self.flaw.lock().unwrap_or_else(PoisonError::into_inner);
        flaw.clone()
            .unwrap_or_else(|| SignError::new(self.signer.holder(), "it doesn't say why"))
    }

    fn did_not_sign(&self, why: SignError) -> rcgen::Error {
        // It is exchanged whole.
        *self.flaw.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        rcgen::Error::RemoteKeyError
    }
}

impl fmt::Debug for IssuingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuingKey")
            .field("holder", &self.signer.holder())
            .finish_non_exhaustive()
    }
}

impl PublicKeyData for IssuingKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.in_certificates
    }
}

impl SigningKey for IssuingKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signed = self.signer.sign(message);
        let signed = signed.map_err(|why| self.did_not_sign(why))?;
        to_wire(self.in_trust, &signed).ok_or_else(|| {
            let why = SignError::new(self.signer.holder(), "what it gave isn't a signature");
            self.did_not_sign(why)
        })
    }
}

/// A public key whose private half signed a request for a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProvenKey {
    /// As a SubjectPublicKeyInfo has it, without what says of which algorithm it is.
    pub bytes: Vec<u8>,
    /// Says that.
    pub algorithm: &'static SignatureAlgorithm,
}

impl PublicKeyData for ProvenKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}
