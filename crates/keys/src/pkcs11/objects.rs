//! The key objects in a token, read into what Mainstay asks of them.
//!
//! Only public attributes are ever asked for. Read [`TokenKey`].

use cryptoki::error::{Error, RvError};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use mainstay_artifact::PublicKeyBuf;
use mainstay_trust::Algorithm;

use super::TokenUri;
use super::encoding;

/// Keys that are listed of one token: far more than people keep in one, and few enough to read.
const LISTED_MAX: usize = 256;

/// A private key of a token, as far as anybody may know it.
#[derive(Debug, Clone)]
pub struct TokenKey {
    /// Its label.
    pub label: String,
    /// Its CKA_ID.
    pub id: Vec<u8>,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// The public half, if the token shows it.
    pub public: Option<PublicKeyBuf>,
    /// Whether its value can't be read in the clear (CKA_SENSITIVE).
    pub sensitive: bool,
    /// Whether it can be taken out, if only encrypted (CKA_EXTRACTABLE). A key for releases
    /// shouldn't be.
    pub extractable: bool,
    /// Whether it may sign (CKA_SIGN).
    pub may_sign: bool,
    /// Whether it wants the PIN before each signature.
    pub asks_each_time: bool,
    pub(super) handle: ObjectHandle,
}

/// A public key that a token shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicObject {
    /// Its label.
    pub label: String,
    /// Its CKA_ID.
    pub id: Vec<u8>,
    /// The key, or what kind it is if Mainstay doesn't use that.
    pub key: Result<PublicKeyBuf, String>,
}

/// The private keys that fit a URI.
pub(super) fn private_handles(
    session: &Session,
    uri: &TokenUri,
) -> Result<Vec<ObjectHandle>, Error> {
    let mut wanted = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    wanted.extend(
        uri.object
            .iter()
            .map(|label| Attribute::Label(label.clone().into_bytes())),
    );
    wanted.extend(uri.id.iter().map(|id| Attribute::Id(id.clone())));
    session.find_objects(&wanted)
}

/// A private key and its public half; if it is of no kind of ours, what it is.
pub(super) fn read(
    session: &Session,
    handle: ObjectHandle,
) -> Result<Result<TokenKey, String>, Error> {
    let found = Found::read(session, handle)?;
    let algorithm = match found.algorithm() {
        Ok(algorithm) => algorithm,
        Err(kind) => return Ok(Err(kind)),
    };
    let public = public_half(session, &found, algorithm)?;
    Ok(Ok(TokenKey {
        public,
        algorithm,
        label: found.label,
        id: found.id,
        sensitive: found.sensitive,
        extractable: found.extractable,
        may_sign: found.may_sign,
        asks_each_time: found.asks_each_time,
        handle,
    }))
}

/// Every public key that the session sees.
pub(super) fn public_objects(session: &Session) -> Result<Vec<PublicObject>, Error> {
    let handles = session.find_objects(&[Attribute::Class(ObjectClass::PUBLIC_KEY)])?;
    let read = |handle: &ObjectHandle| {
        let found = Found::read(session, *handle)?;
        let key = found.algorithm().and_then(|algorithm| {
            encoding::public_key(algorithm, &found.point)
                .ok_or_else(|| "a point in a form that isn't known".to_owned())
        });
        Ok(PublicObject {
            label: found.label,
            id: found.id,
            key,
        })
    };
    handles.iter().take(LISTED_MAX).map(read).collect()
}

/// The public key object of the same CKA_ID, or, where a token gives none, of the same label.
fn public_half(
    session: &Session,
    private: &Found,
    algorithm: Algorithm,
) -> Result<Option<PublicKeyBuf>, Error> {
    let same = match private.id.is_empty() {
        true => Attribute::Label(private.label.clone().into_bytes()),
        false => Attribute::Id(private.id.clone()),
    };
    for handle in session.find_objects(&[Attribute::Class(ObjectClass::PUBLIC_KEY), same])? {
        let found = Found::read(session, handle)?;
        if found.algorithm() == Ok(algorithm) {
            return Ok(encoding::public_key(algorithm, &found.point));
        }
    }
    Ok(None)
}

/// The attributes of one key object; what a token doesn't give stays empty or false.
#[derive(Default)]
struct Found {
    label: String,
    id: Vec<u8>,
    kind: Option<KeyType>,
    params: Vec<u8>,
    point: Vec<u8>,
    sensitive: bool,
    extractable: bool,
    may_sign: bool,
    asks_each_time: bool,
}

const OF_EVERY_KEY: &[AttributeType] = &[
    AttributeType::Label,
    AttributeType::Id,
    AttributeType::KeyType,
];
const OF_SOME_KEYS: &[AttributeType] = &[
    AttributeType::EcParams,
    AttributeType::EcPoint,
    AttributeType::Sensitive,
    AttributeType::Extractable,
    AttributeType::Sign,
    AttributeType::AlwaysAuthenticate,
];

impl Found {
    fn read(session: &Session, handle: ObjectHandle) -> Result<Self, Error> {
        let mut found = Self::default();
        for attribute in session.get_attributes(handle, OF_EVERY_KEY)? {
            found.take(attribute);
        }
        for kind in OF_SOME_KEYS {
            // One by one: some tokens refuse the whole question if one attribute isn't theirs.
            match session.get_attributes(handle, &[*kind]) {
                Ok(attributes) => attributes.into_iter().for_each(|a| found.take(a)),
                Err(Error::Pkcs11(
                    RvError::AttributeTypeInvalid | RvError::AttributeSensitive,
                    _,
                )) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn take(&mut self, attribute: Attribute) {
        match attribute {
            Attribute::Label(label) => self.label = String::from_utf8_lossy(&label).into_owned(),
            Attribute::Id(id) => self.id = id,
            Attribute::KeyType(kind) => self.kind = Some(kind),
            Attribute::EcParams(params) => self.params = params,
            Attribute::EcPoint(point) => self.point = point,
            Attribute::Sensitive(yes) => self.sensitive = yes,
            Attribute::Extractable(yes) => self.extractable = yes,
            Attribute::Sign(yes) => self.may_sign = yes,
            Attribute::AlwaysAuthenticate(yes) => self.asks_each_time = yes,
            _ => {}
        }
    }

    fn algorithm(&self) -> Result<Algorithm, String> {
        encoding::algorithm_of(self.kind, &self.params)
    }
}
