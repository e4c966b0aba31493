//! What is wrong with what a provider says, or doesn't. Read [`Fault`].

use axum::http::StatusCode;
use mainstay_access::IdTokenFlaw;

use crate::problem::Refused;

/// What a provider sends a browser back with that can't do now what it was asked for (RFC 6749, section 4.1.2.1).
const UNAVAILABLE: [&str; 2] = ["server_error", "temporarily_unavailable"];

/// What it sends a browser back with where it and our settings don't fit together (the same section; OpenID Connect Core 1.0, section
/// 3.1.2.6).
const REFUSALS: [&str; 10] = [
    "account_selection_required",
    "invalid_request",
    "invalid_request_object",
    "invalid_request_uri",
    "invalid_scope",
    "registration_not_supported",
    "request_not_supported",
    "request_uri_not_supported",
    "unauthorized_client",
    "unsupported_response_type",
];

/// Why nobody is let in by a provider's word. None of them holds anything that the provider or a browser sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// It can't be reached, or doesn't answer in time.
    #[error("it can't be reached: {0}")]
    Unreachable(String),
    /// It can't do this now. What it called that, a word of [`UNAVAILABLE`].
    #[error("it can't do this now: {0}")]
    Unavailable(&'static str),
    /// It refuses the request. What it called that, if that is a word of [`REFUSALS`].
    #[error("it refuses what this server asks for: {}", .0.unwrap_or("no registered word"))]
    Refused(Option<&'static str>),
    /// It answers something else than was asked for.
    #[error("it answers {0}")]
    Answer(String),
    /// What it says of itself can't be used.
    #[error("what it says of itself can't be used: {0}")]
    Description(&'static str),
    /// It doesn't know this server by that id and secret.
    #[error("it doesn't know this server by its id and secret")]
    Client,
    /// It doesn't take the code.
    #[error("it doesn't take the code")]
    Code,
    /// The answer came from another provider.
    #[error("the answer is another provider's, or doesn't say whose it is")]
    Sender,
    /// There is no ID token in its answer.
    #[error("it gave no ID token")]
    NoToken,
    /// The token can't be read.
    #[error("its token can't be read")]
    Malformed,
    /// The token is signed in a way that isn't taken.
    #[error("its token is signed in a way that isn't taken")]
    Algorithm,
    /// No key of the provider has signed it.
    #[error("its token is signed by a key that it doesn't show")]
    UnknownKey,
    /// The signature is another's.
    #[error("the signature of its token is wrong")]
    Signature,
    /// What the token says doesn't hold.
    #[error("its token isn't good here: {0}")]
    Token(#[from] IdTokenFlaw),
}

impl Fault {
    /// What it means that the provider sent a browser back with this `error` and no code.
    pub(crate) fn of_error(error: &str) -> Self {
        let among = |words: &[&'static str]| words.iter().copied().find(|word| *word == error);
        match among(&UNAVAILABLE) {
            Some(word) => Self::Unavailable(word),
            None => Self::Refused(among(&REFUSALS)),
        }
    }

    fn id(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "oidc.unreachable",
            Self::Unavailable(_) => "oidc.unavailable",
            Self::Refused(_) => "oidc.refused",
            Self::Answer(_) | Self::NoToken => "oidc.answer",
            Self::Description(_) => "oidc.description",
            Self::Client => "oidc.client",
            Self::Code => "oidc.code",
            Self::Sender => "oidc.sender",
            Self::Malformed => "oidc.token-malformed",
            Self::Algorithm => "oidc.token-algorithm",
            Self::UnknownKey => "oidc.token-key",
            Self::Signature => "oidc.token-signature",
            Self::Token(flaw) => flaw.id(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unreachable(_) | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused(_)
            | Self::Answer(_)
            | Self::NoToken
            | Self::Description(_)
            | Self::Client => StatusCode::BAD_GATEWAY,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// What is told to whoever signs in: what it is about, and no more.
    fn cause(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "The provider can't be reached now.",
            Self::Unavailable(_) => "The provider can't do this now.",
            Self::Refused(_) => "The provider refuses what this server asks for.",
            Self::Answer(_) | Self::NoToken | Self::Description(_) => {
                "The provider answers something that this server can't use."
            }
            Self::Client => "The provider doesn't know this server.",
            Self::Code => {
                "The provider doesn't take this sign-in: it was used already, or took too long."
            }
            Self::Sender => "This answer doesn't come from the provider that was asked.",
            Self::Token(IdTokenFlaw::Nonce) => "The provider's word answers another sign-in.",
            Self::Token(IdTokenFlaw::Times) => {
                "The provider's word isn't of this moment: one of the two clocks is wrong, or the word is old."
            }
            _ => "The provider's word for who you are doesn't hold.",
        }
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => {
                "Try again in a minute. Whoever may use a password can sign in by that meanwhile."
            }
            Self::Unavailable(_) => "Try again in a minute.",
            Self::Refused(_) => {
                "Tell whoever runs the server: what is registered at the provider and the settings below oidc don't fit together."
            }
            Self::Code | Self::Sender | Self::Token(IdTokenFlaw::Nonce) => {
                "Begin again on the page to sign in."
            }
            _ => {
                "Begin again. If it stays so, tell whoever runs the server: its log says more beside the id of this refusal."
            }
        }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        tracing::warn!(id = fault.id(), "nobody is let in by the provider: {fault}");
        Self::new(fault.status(), fault.id(), fault.cause(), fault.cure())
    }
}
