//! The signed envelope: DSSE v1.0.2, JSON around a payload in base64.
//!
//! What is signed is the *pre-authentication encoding* of payload type and payload, never the JSON. A
//! key id in it is a hint and proves nothing: who signed is found by trying the root's keys. ECDSA
//! signatures stand in ASN.1 DER, as the verifiers in the field (securesystemslib, cosign,
//! go-securesystemslib) read them, though COSE and our signers use `r || s`. Read [`Envelope`] first.

use base64ct::{Base64, Base64Url, Encoding as _};
use mainstay_trust::{KeyId, Primitives, PublicKey};
use serde::{Deserialize, Serialize};

use super::ProvenanceError;
use crate::der_signature;
use crate::signer::{SignError, Signer};

/// The type of an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Signatures that an envelope may carry: a builder or two; more is somebody's joke.
const SIGNATURES_MAX: usize = 16;

/// A payload and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The statement's bytes.
    pub payload: Vec<u8>,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    key_id: String,
    bytes: Vec<u8>,
}

/// The JSON, as it stands in a file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    payload: String,
    payload_type: String,
    signatures: Vec<JsonSignature>,
}

#[derive(Serialize, Deserialize)]
struct JsonSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Signs `payload`. The signature is checked before it is given out.
    ///
    /// # Errors
    /// A key that doesn't sign.
    pub fn sign(
        payload: Vec<u8>,
        signer: &dyn Signer,
        primitives: &impl Primitives,
    ) -> Result<Self, SignError> {
        let message = pre_authentication(PAYLOAD_TYPE, &payload);
        let raw = signer.sign(&message)?;
        let key = signer.public_key();
        let good = primitives.verify(&key, &[&message], &raw).is_ok();
        let wire = der_signature::to_wire(key.algorithm(), &raw).filter(|_| good);
        let bytes = wire.ok_or_else(|| {
            let cause = "its signature doesn't verify with its own public key";
            SignError::new(signer.holder(), cause)
        })?;
        let key_id = signer.key_id().to_string();
        let signatures = vec![Signature { key_id, bytes }];
        Ok(Self {
            payload,
            signatures,
        })
    }

    /// The file's bytes, one line of JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let json = Json {
            payload: Base64::encode_string(&self.payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: self.signatures.iter().map(Signature::to_json).collect(),
        };
        let mut bytes = serde_json::to_vec(&json).expect("texts are always JSON");
        bytes.push(b'\n');
        bytes
    }

    /// Reads an envelope; the caller bounds its size.
    ///
    /// # Errors
    /// [`ProvenanceError::Envelope`], with what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, ProvenanceError> {
        let no = |why: &str| ProvenanceError::Envelope(why.to_owned());
        let json: Json = serde_json::from_slice(bytes).map_err(|e| no(&e.to_string()))?;
        if json.payload_type != PAYLOAD_TYPE {
            return Err(no("its payloadType isn't that of in-toto"));
        }
        if json.signatures.len() > SIGNATURES_MAX {
            return Err(no("it has more than 16 signatures"));
        }
        let payload = decode(&json.payload).ok_or_else(|| no("its payload isn't base64"))?;
        let signatures = json.signatures.into_iter().map(Signature::of_json);
        let signatures = signatures
            .collect::<Option<_>>()
            .ok_or_else(|| no("a signature isn't base64"))?;
        Ok(Self {
            payload,
            signatures,
        })
    }

    /// Whether a signature by this very key is among them. A key id that names another key is
    /// believed so far that the signature isn't tried; none at all is tried with every key.
    pub fn is_signed_by(
        &self,
        id: &KeyId,
        key: &PublicKey<'_>,
        primitives: &impl Primitives,
    ) -> bool {
        let message = pre_authentication(PAYLOAD_TYPE, &self.payload);
        let id = id.to_string();
        let tried = |s: &&Signature| s.key_id.is_empty() || s.key_id == id;
        self.signatures.iter().filter(tried).any(|signature| {
            der_signature::from_wire(key.algorithm(), &signature.bytes)
                .is_some_and(|raw| primitives.verify(key, &[&message], &raw).is_ok())
        })
    }

    /// The key ids that it names.
    pub fn key_ids(&self) -> Vec<String> {
        self.signatures.iter().map(|s| s.key_id.clone()).collect()
    }
}

impl Signature {
    fn to_json(&self) -> JsonSignature {
        JsonSignature {
            keyid: self.key_id.clone(),
            sig: Base64::encode_string(&self.bytes),
        }
    }

    fn of_json(json: JsonSignature) -> Option<Self> {
        Some(Self {
            key_id: json.keyid,
            bytes: decode(&json.sig)?,
        })
    }
}

/// Base64 in either alphabet, as the protocol asks of readers.
fn decode(text: &str) -> Option<Vec<u8>> {
    let standard = Base64::decode_vec(text);
    standard.or_else(|_| Base64Url::decode_vec(text)).ok()
}

/// The bytes that a signature covers (DSSE protocol, "PAE").
pub fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}
