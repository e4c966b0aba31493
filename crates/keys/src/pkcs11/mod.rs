//! Keys that live in a PKCS#11 token (a smart card, a USB key, a network module, SoftHSM2) and never
//! leave it.
//!
//! The token is handed a digest (or, for Ed25519, the message) and answers with a signature; nothing
//! here reads a private key, and a key is made so that nothing can. A token is named by a URI of
//! RFC 7512, in which a PIN is refused. Read [`TokenUri`] first, then [`Token`] and [`TokenSigner`].

mod encoding;
mod error;
mod explain;
mod generate;
mod module;
mod objects;
mod pin;
mod session;
mod signer;
mod token;
mod uri;

pub use error::TokenError;
pub use generate::NewTokenKey;
pub use objects::{PublicObject, TokenKey};
pub use pin::Pin;
pub use session::OpenToken;
pub use signer::TokenSigner;
pub use token::Token;
pub use uri::TokenUri;
