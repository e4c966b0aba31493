//! Why a hawkBit server's targets aren't known. Read [`HawkbitError`].

use mainstay_api::import::table::DEVICES_MAX;
use reqwest::StatusCode;

/// Why a hawkBit server's targets aren't known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HawkbitError {
    /// Its address isn't one.
    #[error("this isn't the address of a hawkBit server: {0}")]
    Address(&'static str),
    /// The password would go over the network as it is.
    #[error("the password would go to {host} unencrypted")]
    Unencrypted {
        /// Whose address it is.
        host: String,
    },
    /// Nobody answered, or the connection broke.
    #[error("hawkBit at {host} doesn't answer: {cause}")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// What the network said.
        #[source]
        cause: reqwest::Error,
    },
    /// It doesn't let this user in, or not to this.
    #[error("hawkBit at {host} refuses this user: {status}")]
    Denied {
        /// Who was asked.
        host: String,
        /// 401 for a wrong name or password, 403 for what this user may not read.
        status: StatusCode,
    },
    /// It sends its callers elsewhere.
    #[error("{host} sends its callers on to {to}")]
    Redirected {
        /// Who was asked.
        host: String,
        /// Where to; without what stands behind the host.
        to: String,
    },
    /// It answers something that a hawkBit server doesn't.
    #[error("the answer to {path} isn't hawkBit's: {why}")]
    Answer {
        /// What was asked.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// It refuses to answer, or can't.
    #[error("hawkBit answers to {path} with {status}")]
    Status {
        /// What was asked.
        path: String,
        /// What it says in place of an answer.
        status: StatusCode,
    },
    /// There are too many.
    #[error("hawkBit has {total} targets, and at most {DEVICES_MAX} are read at once")]
    TooMany {
        /// So many it has.
        total: u64,
    },
    /// The pages don't belong together.
    #[error("hawkBit's targets changed while they were read: {why}")]
    Changed {
        /// How that shows.
        why: String,
    },
}

impl HawkbitError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Address(_) => "hawkbit.address",
            Self::Unencrypted { .. } => "hawkbit.unencrypted",
            Self::Unreachable { .. } => "hawkbit.unreachable",
            Self::Denied { .. } => "hawkbit.denied",
            Self::Redirected { .. } => "hawkbit.redirected",
            Self::Answer { .. } => "hawkbit.answer",
            Self::Status { .. } => "hawkbit.status",
            Self::TooMany { .. } => "hawkbit.too-many",
            Self::Changed { .. } => "hawkbit.changed",
        }
    }

    /// Whether asking again may help. Who was silent for as long as a request may take isn't asked again.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { cause, .. } => !cause.is_builder() && !cause.is_timeout(),
            Self::Status { status, .. } => is_passing(*status),
            _ => false,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Address(_) => {
                "write it like https://hawkbit.company.example, without name and password"
            }
            Self::Unencrypted { .. } => {
                "give an address with https; or add --hawkbit-unencrypted, if nobody else is on that network"
            }
            Self::Unreachable { .. } => {
                "check the address, the network, and that this machine trusts the server's certificate"
            }
            Self::Denied { .. } => {
                "check name and password (some servers want TENANT\\USER); the user must be able to read targets"
            }
            Self::Redirected { .. } => {
                "give that address, if it is your server: the password isn't sent on unasked"
            }
            Self::Answer { .. } => {
                "check that the address is that of hawkBit's management API, and nothing before it cuts answers short"
            }
            Self::Status { status, .. } if is_passing(*status) => {
                "run it again when it has less to do; hawkBit bounds how much one address may ask for"
            }
            Self::Status { .. } => "check that the address is that of hawkBit's management API",
            Self::TooMany { .. } => "import a table for each part of the fleet",
            Self::Changed { .. } => "run it again when nobody adds or removes targets",
        }
    }
}

/// Whether a server that answers so may answer otherwise soon: it is asked too often, or it or what stands before it is overloaded or begins anew.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}
