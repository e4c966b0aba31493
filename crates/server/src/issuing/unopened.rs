//! Why the issuer's key can't be opened, and whether that passes. Read [`Unopened`].

use mainstay_keys::pkcs11::TokenError;
use mainstay_keys::{KeyError, UseLogError};

/// Why a key isn't open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Unopened {
    /// The stable id of what whoever opens keys said.
    pub id: String,
    /// What is wrong, and where.
    pub what: String,
    /// What to do about it.
    pub cure: String,
    /// Whether it passes.
    pub passes: Passes,
}

/// Whether it may go well another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// Without anybody having changed what the server was told: a token isn't there, or doesn't answer. It keeps no server from starting.
    ByItself,
    /// Once somebody has mended what the server was told.
    OnceMended,
    /// Not before the server is started again: a wrong PIN that is tried again and again locks its token.
    AtAStart,
}

impl From<KeyError> for Unopened {
    fn from(error: KeyError) -> Self {
        let passes = match &error {
            KeyError::Token(TokenError::WrongPin { .. }) => Passes::AtAStart,
            KeyError::Token(error) if error.is_away() => Passes::ByItself,
            _ => Passes::OnceMended,
        };
        Self {
            id: error.id().to_owned(),
            what: error.to_string(),
            cure: error.cure().to_owned(),
            passes,
        }
    }
}

impl From<UseLogError> for Unopened {
    /// No key is opened without a record.
    fn from(error: UseLogError) -> Self {
        Self {
            id: error.id().to_owned(),
            what: error.to_string(),
            cure: error.cure().to_owned(),
            passes: Passes::OnceMended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_over_by_itself_keeps_no_server_from_starting() {
        let token = || "ours".to_owned();
        let wrong_pin = |last_try| TokenError::WrongPin {
            token: token(),
            last_try,
        };
        let missing = TokenError::Missing {
            wanted: "pkcs11:token=ours".to_owned(),
            present: Vec::new(),
        };
        for (error, expected) in [
            (missing.into(), Passes::ByItself),
            (TokenError::Removed(token()).into(), Passes::ByItself),
            (TokenError::PinLocked(token()).into(), Passes::ByItself),
            (wrong_pin(false).into(), Passes::AtAStart),
            (wrong_pin(true).into(), Passes::AtAStart),
            (TokenError::ModuleUnnamed.into(), Passes::OnceMended),
            (
                KeyError::WrongPassphrase("issuer.key".into()),
                Passes::OnceMended,
            ),
            (KeyError::Missing("issuer.key".into()), Passes::OnceMended),
        ] {
            let error: KeyError = error;
            let told = error.to_string();
            assert_eq!(Unopened::from(error).passes, expected, "{told}");
        }
    }
}
