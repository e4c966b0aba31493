//! A token that was opened with its PIN: its keys found, and used. Read [`OpenToken`].

use cryptoki::error::Error;
use cryptoki::session::Session;

use super::objects::{self, TokenKey};
use super::{Token, TokenError, TokenUri};

/// A token, and the session in which its owner is logged in.
#[derive(Debug)]
pub struct OpenToken {
    token: Token,
    session: Session,
}

impl OpenToken {
    pub(super) fn new(token: Token, session: Session) -> Self {
        Self { token, session }
    }

    /// The token.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The one private key that fits `uri`, with its public half.
    ///
    /// # Errors
    /// If not exactly one fits, or it is of a kind that Mainstay doesn't sign with.
    pub fn key(&self, uri: &TokenUri) -> Result<TokenKey, TokenError> {
        let token = || self.token.label().to_owned();
        if !uri.names_a_key() {
            return Err(TokenError::NamesNoKey(uri.to_string()));
        }
        let found = objects::private_handles(&self.session, uri).map_err(self.failed())?;
        match found[..] {
            [handle] => {
                let read = objects::read(&self.session, handle).map_err(self.failed())?;
                read.map_err(|kind| TokenError::KeyType {
                    token: token(),
                    kind,
                })
            }
            [] => Err(TokenError::KeyMissing {
                token: token(),
                wanted: uri.to_string(),
            }),
            _ => Err(TokenError::KeyAmbiguous {
                token: token(),
                wanted: uri.to_string(),
                count: found.len(),
            }),
        }
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    pub(super) fn into_parts(self) -> (Token, Session) {
        (self.token, self.session)
    }

    pub(super) fn failed(&self) -> impl Fn(Error) -> TokenError {
        |error| self.token.explain("", &error)
    }
}
