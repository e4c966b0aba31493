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

/// A signature algorithm that a plan may name. Which ones devices demand, their root says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256, COSE -9 (RFC 9864).
    Esp256,
    /// EdDSA on Curve25519, COSE -19 (RFC 9864).
    Ed25519,
    /// ECDSA on P-384 with SHA-384, COSE -51 (RFC 9864).
    Esp384,
    /// Module lattices of category 3, COSE -49 (RFC 9964).
    #[serde(rename = "ml-dsa-65")]
    MlDsa65,
    /// Module lattices of category 5, COSE -50 (RFC 9964).
    #[serde(rename = "ml-dsa-87")]
    MlDsa87,
}

impl SignatureAlgorithm {
    /// As a plan writes it: `esp256`, `ml-dsa-65`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Esp256 => "esp256",
            Self::Ed25519 => "ed25519",
            Self::Esp384 => "esp384",
            Self::MlDsa65 => "ml-dsa-65",
            Self::MlDsa87 => "ml-dsa-87",
        }
    }

    /// Whether it is held to resist quantum computers.
    #[must_use]
    pub fn outlives_quantum_computers(self) -> bool {
        matches!(self, Self::MlDsa65 | Self::MlDsa87)
    }
}
