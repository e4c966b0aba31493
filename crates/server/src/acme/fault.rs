//! Why no certificate was given, and why none can be asked for at all. Read [`Fault`], then [`AcmeError`].

use std::io;
use std::path::PathBuf;

use crate::tls::TlsError;

/// Most of what an authority says that is told again.
const TOLD_CHARS_MAX: usize = 300;

/// RFC 8555, section 6.7.
const KINDS: &str = "urn:ietf:params:acme:error:";

/// Why a server can't ask for certificates, whatever the authority says.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// Another file for TLS can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The file of those who vouch for the authority's server can't be used.
    #[error("{} {what}", path.display())]
    Ca {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it; goes on from its name.
        what: String,
    },
    /// The library that speaks HTTP doesn't work here.
    #[error("HTTPS can't be spoken here: {0}")]
    Client(#[source] reqwest::Error),
}

impl AcmeError {
    /// The setting that it is about.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Tls(error) => error.setting(),
            Self::Ca { .. } => "acme.ca",
            Self::Client(_) => "acme.directory",
        }
    }

    /// The stable id.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Tls(error) => error.id(),
            Self::Ca { .. } => "acme.no-ca",
            Self::Client(_) => "acme.unspoken",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Tls(error) => error.cure(),
            Self::Ca { .. } => {
                "name a file with the certificates of those who vouch for the authority's own server, each from -----BEGIN CERTIFICATE----- on"
            }
            Self::Client(_) => "report it: it is a fault of Mainstay",
        }
    }
}

/// Why an attempt brought no certificate. Each is tried again.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// Nobody answers there, or nobody who can be trusted.
    #[error("the authority can't be reached: {0}")]
    Unreachable(String),
    /// It answers something else than an authority would.
    #[error("the authority's answer can't be used: {0}")]
    Odd(String),
    /// It refuses.
    #[error("the authority refuses: {}", told(.0))]
    Refused(instant_acme::Problem),
    /// It didn't find this server under a name.
    #[error("the authority didn't find this server under {name}: {}", told(.problem))]
    Unproven {
        /// Which one.
        name: String,
        /// What it says.
        problem: instant_acme::Problem,
    },
    /// It can't look in the one way that this server knows.
    #[error("the authority doesn't offer TLS-ALPN-01 for {0}")]
    NoChallenge(String),
    /// It took too long.
    #[error("the authority took too long")]
    Slow,
    /// What it gave can't be shown.
    #[error("what the authority gave can't be used: {0}")]
    Unfit(#[source] TlsError),
    /// What it gave is for other names.
    #[error("the authority gave a certificate for other names")]
    OtherNames,
    /// A key or a request can't be made.
    #[error("a certificate can't be asked for: {0}")]
    Unmade(#[from] rcgen::Error),
    /// What must last can't be kept.
    #[error("{} can't be kept: {cause}", path.display())]
    Unkept {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
}

impl Fault {
    /// What the library found.
    pub fn of(error: instant_acme::Error) -> Self {
        use instant_acme::Error;
        match error {
            Error::Api(problem) => Self::Refused(problem),
            Error::Timeout(_) => Self::Slow,
            Error::Other(error) => Self::Unreachable(error.to_string()),
            other => Self::Odd(other.to_string()),
        }
    }

    /// Whether the authority doesn't know the account.
    pub fn is_no_account(&self) -> bool {
        matches!(self, Self::Refused(problem) if kind(problem) == "accountDoesNotExist")
    }

    /// The stable id.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "acme.unreachable",
            Self::Odd(_) => "acme.odd-answer",
            Self::Refused(problem) if kind(problem) == "rateLimited" => "acme.rate-limited",
            Self::Refused(_) => "acme.refused",
            Self::Unproven { .. } => "acme.unproven",
            Self::NoChallenge(_) => "acme.no-challenge",
            Self::Slow => "acme.slow",
            Self::Unfit(_) | Self::OtherNames => "acme.unfit",
            Self::Unmade(_) => "acme.unmade",
            Self::Unkept { .. } => "acme.unkept",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => {
                "see that this machine reaches acme.directory, and that acme.ca vouches for it if it is a private one"
            }
            Self::Odd(_) => {
                "see that acme.directory is the address of an ACME directory (RFC 8555)"
            }
            Self::Refused(problem) if kind(problem) == "rateLimited" => {
                "wait: it is asked again when it says"
            }
            Self::Refused(_) => "see that this authority gives certificates for acme.names",
            Self::Unproven { .. } => {
                "see that port 443 of each of acme.names leads to this server and to no other one, and that nothing between ends TLS"
            }
            Self::NoChallenge(_) => {
                "choose an authority that does, or bring a certificate in files (tls_certificate, tls_key)"
            }
            Self::Slow => "none, if it is rare; else see what keeps the authority",
            Self::Unfit(TlsError::NotYet { .. } | TlsError::Ended { .. }) => {
                "set this machine's clock"
            }
            Self::Unfit(_) | Self::OtherNames => "ask the authority why",
            Self::Unmade(_) => "report it: it is a fault of Mainstay",
            Self::Unkept { .. } => "see to the data folder's permissions and the room on its disk",
        }
    }
}

/// What kind of problem it is, as far as the standard knows it.
fn kind(problem: &instant_acme::Problem) -> &str {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    kind.strip_prefix(KINDS).unwrap_or_default()
}

/// What an authority says, in one bounded line.
fn told(problem: &instant_acme::Problem) -> String {
    let text = problem.to_string();
    text.escape_debug().take(TOLD_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(kind: &str, detail: &str) -> Fault {
        Fault::Refused(instant_acme::Problem {
            r#type: Some(format!("{KINDS}{kind}")),
            detail: Some(detail.to_owned()),
            status: Some(403),
            subproblems: Vec::new(),
        })
    }

    #[test]
    fn what_an_authority_says_is_told_in_one_line() {
        let fault = refused("unauthorized", &"line\n\u{1b}[2J".repeat(1000));
        let told = fault.to_string();
        assert!(
            !told.contains(['\n', '\u{1b}']) && told.len() < 400,
            "{told}"
        );
        assert_eq!(fault.id(), "acme.refused");
    }

    #[test]
    fn kinds_of_refusals_are_known_apart() {
        assert_eq!(refused("rateLimited", "later").id(), "acme.rate-limited");
        assert!(refused("accountDoesNotExist", "who").is_no_account());
        assert!(!refused("unauthorized", "no").is_no_account());
        assert!(!Fault::Slow.is_no_account());
    }
}
