//! Why a request brought no answer, or not the one that was hoped for.

use std::io;

use mainstay_api::Problem;

/// What a request can end with, other than its answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server's address isn't one.
    #[error("{0:?} isn't the address of a server")]
    Address(String),
    /// What should say whom to trust holds no certificate.
    #[error("there is no certificate in PEM that says whom to trust")]
    Authority,
    /// Nobody answered, or the connection broke.
    #[error("the server at {base} doesn't answer: {cause}")]
    Unreachable {
        /// Its address.
        base: String,
        /// What the network said.
        #[source]
        cause: reqwest::Error,
    },
    /// What was to be sent can't be read to its end.
    #[error("the artifact can't be read to its end: {0}")]
    Artifact(#[source] io::Error),
    /// The server said no.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// The answer isn't what this version expects.
    #[error("the answer to {path} can't be read: {why}")]
    Answer {
        /// The path that was asked.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

impl ClientError {
    /// The stable id; a refusal keeps the server's.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Address(_) => "client.address",
            Self::Authority => "client.authority",
            Self::Unreachable { .. } => "client.unreachable",
            Self::Artifact(_) => "client.artifact",
            Self::Refused(problem) => &problem.id,
            Self::Answer { .. } => "client.answer",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &str {
        match self {
            Self::Address(_) => "write it like http://127.0.0.1:8480",
            Self::Authority => {
                "name a file with the certificate of the authority, each from -----BEGIN CERTIFICATE----- on"
            }
            Self::Unreachable { .. } => "check the address, and that `mainstay serve` runs there",
            Self::Artifact(_) => {
                "see that nobody writes to the file meanwhile, and look after the disk"
            }
            Self::Refused(problem) => &problem.cure,
            Self::Answer { .. } => "check that server and tool are of the same version",
        }
    }
}
