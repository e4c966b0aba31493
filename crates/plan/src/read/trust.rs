//! Reads `[trust]`; all of it may be left out.

use jiff::SignedDuration;

use super::amounts;
use super::section::Section;
use super::value;
use crate::limits::THRESHOLD_MAX;
use crate::trust_rules::{SignatureAlgorithm, TrustRules};

const ALGORITHMS: &[(&str, SignatureAlgorithm)] = &[
    ("esp256", SignatureAlgorithm::Esp256),
    ("ed25519", SignatureAlgorithm::Ed25519),
    ("esp384", SignatureAlgorithm::Esp384),
    ("ml-dsa-65", SignatureAlgorithm::MlDsa65),
    ("ml-dsa-87", SignatureAlgorithm::MlDsa87),
];

pub(super) fn trust(root: &Section<'_>) -> TrustRules {
    let default = TrustRules::default();
    let Some(section) = root.section("trust") else {
        return default;
    };
    let threshold = || value::count(1..=THRESHOLD_MAX);
    let algorithms = value::some(ALGORITHMS.len(), value::choice(ALGORITHMS));
    let rules = TrustRules {
        algorithms: section.or("algorithms", default.algorithms, algorithms),
        build_threshold: section.or("build_threshold", default.build_threshold, threshold()),
        release_threshold: section.or("release_threshold", default.release_threshold, threshold()),
        status_lifetime: lifetime(&section, "status_lifetime", default.status_lifetime),
        root_lifetime: lifetime(&section, "root_lifetime", default.root_lifetime),
    };
    section.finish();
    rules
}

fn lifetime(section: &Section<'_>, key: &'static str, default: SignedDuration) -> SignedDuration {
    section.or(key, default, amounts::span)
}
