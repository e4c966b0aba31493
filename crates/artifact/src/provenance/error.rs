//! Everything that can be wrong with a statement of provenance, each with its id and its cure.

use mainstay_trust::Digest;

use super::PROVENANCE_BYTES_MAX;
use crate::blocks::BlockError;
use crate::signer::SignError;

/// Why a statement of provenance can't be written, read or believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvenanceError {
    /// Above the bound.
    #[error("the provenance has more than {PROVENANCE_BYTES_MAX} bytes")]
    TooLarge,
    /// Not a DSSE envelope.
    #[error("the provenance isn't a DSSE envelope: {0}")]
    Envelope(String),
    /// Not an in-toto statement with SLSA provenance.
    #[error("the provenance isn't an in-toto Statement v1 with SLSA Provenance v1: {0}")]
    Statement(String),
    /// About something else.
    #[error("the provenance is about {named}, and the image is {image}")]
    Subject {
        /// The SHA-256 digests that it names.
        named: String,
        /// Digest of the image.
        image: Digest,
    },
    /// By nobody who builds.
    #[error("no build key of the root has signed the provenance; it names {}", listed(.key_ids))]
    Unsigned {
        /// The key ids that it names.
        key_ids: Vec<String>,
    },
    /// Not `URI@DIGEST`.
    #[error("{0:?} doesn't name a source as URI@DIGEST")]
    Source(String),
    /// Not a URI.
    #[error("{0:?} isn't a URI of at most 512 visible ASCII characters")]
    Uri(String),
    /// The key may not sign this.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// The key doesn't sign.
    #[error(transparent)]
    Key(#[from] SignError),
}

fn listed(key_ids: &[String]) -> String {
    match key_ids {
        [] => "no key at all".to_owned(),
        ids => ids.join(", "),
    }
}

impl ProvenanceError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        match self {
            Self::TooLarge => "provenance.too-large",
            Self::Envelope(_) => "provenance.not-an-envelope",
            Self::Statement(_) => "provenance.not-a-statement",
            Self::Subject { .. } => "provenance.subject",
            Self::Unsigned { .. } => "provenance.unsigned",
            Self::Source(_) => "provenance.source",
            Self::Uri(_) => "provenance.uri",
            Self::Block(error) => error.id(),
            Self::Key(error) => error.id(),
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::TooLarge | Self::Envelope(_) | Self::Statement(_) => {
                "Name the file that `mainstay artifact provenance` wrote, or another DSSE envelope \
                 around an in-toto statement."
            }
            Self::Subject { .. } => "Name the statement that the build of this very image wrote.",
            Self::Unsigned { .. } => {
                "Let a builder whose key the root lists sign it: `mainstay artifact provenance`."
            }
            Self::Source(_) => {
                "Write it like git+https://git.example/app@9fceb02d…: 40 hexadecimal digits are a git \
                 commit, 64 a SHA-256."
            }
            Self::Uri(_) => "Write a URI such as https://ci.example/builders/firmware.",
            Self::Block(error) => error.cure(),
            Self::Key(error) => error.cure(),
        }
    }

    /// Whether the answer is no, rather than that something can't be read.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Subject { .. } | Self::Unsigned { .. } | Self::Block(_) | Self::Key(_)
        )
    }
}
