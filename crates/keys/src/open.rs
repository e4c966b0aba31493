//! The one door to a private key: an encrypted file or a token, and every use of it on record.
//!
//! A caller hands in where the key is, who can be asked for its secret, and where its uses are
//! recorded; it can't tell from the [`Signer`] which kind it got, nor leave the record out. Read
//! [`open`]; [`begin`] doesn't wait for it.

use std::path::Path;

use mainstay_artifact::Signer;

use crate::file::Sealed;
use crate::pkcs11::{Pin, Token, TokenError, TokenSigner, TokenUri};
use crate::token_file::TokenFile;
use crate::use_log::{Recorded, UseLog, UseLogError};
use crate::{KeyError, Opening, Passphrase, PublicHalf};

/// Who knows the secret that opens a key. Only what is needed is asked for, and only once everything
/// that can be checked without it is in order.
pub trait SecretSource {
    /// Why the secret can't be had.
    type Error: From<KeyError>;

    /// The passphrase of the key file `key`.
    ///
    /// # Errors
    /// If there is none to be had.
    fn passphrase(&self, key: &Path) -> Result<Passphrase, Self::Error>;

    /// The PIN of a token.
    ///
    /// # Errors
    /// If there is none to be had.
    fn pin(&self, of: &PinOf<'_>) -> Result<Pin, Self::Error>;
}

/// Which PIN is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PinOf<'a> {
    /// The token's label.
    pub token: &'a str,
    /// Whether a wrong one locks it.
    pub last_try: bool,
    /// The file that the token's URI names as its source, which is only a default.
    pub file: Option<&'a Path>,
}

/// Opens the key of the key file `path` for signing. `module` speaks to the token if its URI names no
/// module; each use is written to `uses` before its signature is given out.
///
/// # Errors
/// If the file, the token, the secret or the public half beside the file isn't in order.
pub fn open<S: SecretSource>(
    path: &Path,
    module: Option<&Path>,
    secrets: &S,
    uses: UseLog,
) -> Result<Box<dyn Signer>, S::Error> {
    match find(path, module, secrets)? {
        Found::Token(signer) => Ok(Box::new(Recorded::new(*signer, uses))),
        Found::File(sealed, passphrase) => Ok(open_file(&sealed, &passphrase, uses)?),
    }
}

/// As [`open`], but a key file is opened on a thread of its own: what is wrong with its passphrase is
/// told by [`Opening::wait`], and by signing. Nothing is recorded for a key that doesn't open.
///
/// # Errors
/// If the file, the token, its PIN or the public half beside the file isn't in order.
pub fn begin<S: SecretSource>(
    path: &Path,
    module: Option<&Path>,
    secrets: &S,
    uses: UseLog,
) -> Result<Opening, S::Error> {
    match find(path, module, secrets)? {
        Found::Token(signer) => Ok(Opening::done(Box::new(Recorded::new(*signer, uses)))),
        Found::File(sealed, passphrase) => {
            let public = sealed.public().clone();
            let open = move || open_file(&sealed, &passphrase, uses);
            Ok(Opening::beside(public, open))
        }
    }
}

/// As [`open`], for a service that signs all day long and keeps by itself what it signs: that it opened the key is on record before
/// this returns, and its signatures leave no lines of their own.
///
/// # Errors
/// As [`open`], and if the record can't be kept.
pub fn open_for_service<S: SecretSource>(
    path: &Path,
    module: Option<&Path>,
    secrets: &S,
    uses: &UseLog,
) -> Result<Box<dyn Signer>, S::Error>
where
    S::Error: From<UseLogError>,
{
    let signer: Box<dyn Signer> = match find(path, module, secrets)? {
        Found::Token(signer) => signer,
        Found::File(sealed, passphrase) => Box::new(sealed.unseal(&passphrase)?.0),
    };
    uses.opened(&*signer)?;
    Ok(signer)
}

/// What a key's path leads to, and the secret that it took.
enum Found {
    Token(Box<TokenSigner>),
    File(Sealed, Passphrase),
}

fn find<S: SecretSource>(
    path: &Path,
    module: Option<&Path>,
    secrets: &S,
) -> Result<Found, S::Error> {
    refuse_uri(path)?;
    if let Some(TokenFile { uri }) = TokenFile::open(path)? {
        let signer = open_token(path, &uri, module, secrets)?;
        return Ok(Found::Token(Box::new(signer)));
    }
    let sealed = Sealed::read(path)?;
    Ok(Found::File(sealed, secrets.passphrase(path)?))
}

fn open_file(
    sealed: &Sealed,
    passphrase: &Passphrase,
    uses: UseLog,
) -> Result<Box<dyn Signer>, KeyError> {
    let (signer, _) = sealed.unseal(passphrase)?;
    Ok(Box::new(Recorded::new(signer, uses)))
}

/// The opened token of `uri`, its PIN asked for only if it needs one.
///
/// # Errors
/// If the token can't be found, or the PIN doesn't open it.
pub fn unlock<S: SecretSource>(
    uri: &TokenUri,
    module: Option<&Path>,
    secrets: &S,
    to_write: bool,
) -> Result<crate::pkcs11::OpenToken, S::Error> {
    let token = Token::find(uri, module).map_err(KeyError::from)?;
    let asked = PinOf {
        token: token.label(),
        last_try: token.last_try(),
        file: uri.pin_source.as_deref(),
    };
    let pin = match token.wants_pin() {
        true => Some(secrets.pin(&asked)?),
        false => None,
    };
    let opened = token.open(pin.as_ref(), to_write);
    Ok(opened.map_err(KeyError::from)?)
}

fn open_token<S: SecretSource>(
    path: &Path,
    uri: &TokenUri,
    module: Option<&Path>,
    secrets: &S,
) -> Result<TokenSigner, S::Error> {
    let public_path = PublicHalf::path_beside(path);
    let public = PublicHalf::open(&public_path)?;
    let opened = unlock(uri, module, secrets, false)?;
    let key = opened.key(uri).map_err(KeyError::from)?;
    // A token that shows no public half is believed for now: a signature that isn't the named
    // key's is found out before it is given out.
    let shown = key.public.as_ref().unwrap_or(&public.public_key);
    if *shown != public.public_key || key.algorithm != shown.algorithm() {
        let token = opened.token().label().to_owned();
        let error = TokenError::AnotherKey {
            token,
            public: public_path,
        };
        return Err(KeyError::from(error).into());
    }
    let signer = TokenSigner::new(opened, &key, &public.holder, public.public_key);
    Ok(signer.map_err(KeyError::from)?)
}

fn refuse_uri(path: &Path) -> Result<(), KeyError> {
    match path.to_str().filter(|text| TokenUri::is_meant(text)) {
        None => Ok(()),
        Some(text) => match TokenUri::parse(text) {
            Err(TokenError::PinInUri) => Err(TokenError::PinInUri.into()),
            _ => Err(TokenError::UriAsKey.into()),
        },
    }
}
