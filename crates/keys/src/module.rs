//! Whose cryptography this build uses, in the library's own words.
//!
//! It passes on what the linked library says of itself and claims no more: whether a module is
//! validated is said by NIST's list of certificates, and only for one version, built and run as its
//! security policy demands. Read [`Module`] first.
//!
//! The library's service indicator, which tells after each call whether it was an approved service,
//! can't be reached through `aws-lc-rs`; so nothing here speaks of approved services.

use mainstay_trust::Algorithm;

use crate::{host, pair};

/// The cryptographic library that is linked into this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Module {
    /// The library's name: `AWS-LC`, or `AWS-LC FIPS` for the branch of its FIPS module.
    pub name: &'static str,
    /// Its version, asked of the linked library.
    pub version: &'static str,
    /// The major version of the FIPS module that this is a build of, by the library's headers.
    pub fips_module: Option<u32>,
    /// Whether the linked library says that it runs in FIPS mode.
    pub fips_mode: bool,
}

/// Who does the arithmetic of an algorithm on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// The linked library.
    Library,
    /// Mainstay's own code, around the library's SHA-256: outside of any module.
    Mainstay,
}

impl Provider {
    /// The stable name.
    pub fn id(self) -> &'static str {
        match self {
            Self::Library => "library",
            Self::Mainstay => "mainstay",
        }
    }
}

/// What this host can do with one algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostAlgorithm {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Whether keys can be made and used to sign.
    pub signs: bool,
    /// Who verifies.
    pub verified_by: Provider,
}

/// What uses cryptography and isn't the library's, in this build and in a FIPS build alike.
pub const OUTSIDE: &str = "the encryption of key files (PKCS#8 with scrypt and AES-256-CBC, by \
    RustCrypto) and the verification of HSS-LMS (by Mainstay, over the library's SHA-256)";

impl Module {
    /// Asks the linked library.
    pub fn linked() -> Self {
        let fips_module = aws_lc_rs::fips_version();
        Self {
            name: if fips_module.is_some() {
                "AWS-LC FIPS"
            } else {
                "AWS-LC"
            },
            version: aws_lc_rs::awslc_version(),
            fips_module,
            fips_mode: aws_lc_rs::try_fips_mode().is_ok(),
        }
    }

    /// What a reader may conclude, and what not.
    pub fn claim(&self) -> &'static str {
        if self.fips_module.is_some() && self.fips_mode {
            "Built as a FIPS module, and in FIPS mode by its own word. Whether this very version is \
             validated, and for which platforms, is said by the CMVP's list of certificates: compare \
             name and version with it."
        } else {
            "This is not a FIPS-validated module."
        }
    }
}

/// What this host offers, algorithm by algorithm.
pub fn algorithms() -> [HostAlgorithm; Algorithm::ALL.len()] {
    Algorithm::ALL.map(|algorithm| HostAlgorithm {
        algorithm,
        signs: pair::signs(algorithm),
        verified_by: match host::scheme(algorithm) {
            Some(_) => Provider::Library,
            None => Provider::Mainstay,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only the feature makes a FIPS build, and the library must agree.
    #[test]
    fn the_claim_is_what_the_library_says() {
        let module = Module::linked();
        let fips = cfg!(feature = "fips");
        assert_eq!(module.fips_module.is_some(), fips);
        assert_eq!(module.fips_mode, fips);
        assert_eq!(
            module.claim().contains("not a FIPS-validated module"),
            !fips
        );
        assert!(module.version.starts_with(|c: char| c.is_ascii_digit()));
    }

    #[test]
    fn a_half_told_story_claims_nothing() {
        let linked = Module::linked();
        for (fips_module, fips_mode) in [(None, true), (Some(4), false), (None, false)] {
            let module = Module {
                fips_module,
                fips_mode,
                ..linked
            };
            assert_eq!(module.claim(), "This is not a FIPS-validated module.");
        }
    }

    #[test]
    fn only_the_hash_based_algorithm_is_ours() {
        for host in algorithms() {
            let hash_based = host.algorithm == Algorithm::HssLms;
            assert_eq!(host.verified_by == Provider::Mainstay, hash_based);
            assert_eq!(host.signs, !hash_based);
        }
    }
}
