//! What devices are made to insist on. Read [`TrustRules`] first.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// The `[trust]` table. Everything in it has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustRules {
    /// Signature algorithms in use; never empty.
    pub algorithms: Vec<SignatureAlgorithm>,
    /// Engineers who must sign a build, 1 to 8.
    pub build_threshold: u8,
    /// Release managers who must approve it, 1 to 8.
    pub release_threshold: u8,
    /// How long a signed status stays fresh: the longest a revocation can be hidden.
    pub status_lifetime: SignedDuration,
    /// How long a root of trust is valid.
    pub root_lifetime: SignedDuration,
}

impl Default for TrustRules {
    fn default() -> Self {
        Self {
            algorithms: vec![SignatureAlgorithm::Esp256],
            build_threshold: 1,
            release_threshold: 1,
            status_lifetime: SignedDuration::from_hours(1),
            root_lifetime: SignedDuration::from_hours(365 * 24),
        }
    }
}

/// A signature algorithm that devices of this version verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256, COSE -9 (RFC 9864).
    Esp256,
}
