//! What is kept of a password: Argon2id (RFC 9106), with what it costs written into it.
//!
//! Computing one takes 19 MiB and some 20 ms of a core, on purpose, and so must run where it keeps nobody else waiting, and few at
//! once. It is a function like any other: the salt is handed in. Read [`PasswordHash`].

use core::fmt;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::password::Password;

/// Bytes of chance in a salt (RFC 9106, section 3.1, recommends 16).
pub const SALT_BYTES: usize = 16;
/// Bytes of a digest.
pub const DIGEST_BYTES: usize = 32;
/// Memory in KiB: with two passes and one lane the least that OWASP's password storage cheat sheet calls enough.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over it.
const PASSES: u32 = 2;
/// Lanes: one, since the cores of a server have other work.
const LANES: u32 = 1;
/// Longest hash in characters; ours has 97.
const HASH_CHARS_MAX: usize = 256;

/// A hash of a password, as a PHC string. It prints itself as stars.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a PHC string; none unless it is one of Argon2id.
    #[must_use]
    pub fn new(phc: String) -> Option<Self> {
        let graphic = phc.bytes().all(|byte| byte.is_ascii_graphic());
        let is_one = phc.starts_with("$argon2id$") && phc.len() <= HASH_CHARS_MAX && graphic;
        is_one.then_some(Self(phc))
    }

    /// A hash of which nobody knows the password, for an account that is signed in to by a provider: its digest is `chance`, which must
    /// come from the system's source of chance, and no password leads to it but by luck.
    #[must_use]
    pub fn of_no_password(salt: [u8; SALT_BYTES], chance: [u8; DIGEST_BYTES]) -> Self {
        let text = |bytes: &[u8]| data_encoding::BASE64_NOPAD.encode(bytes);
        let costs = format!("m={MEMORY_KIB},t={PASSES},p={LANES}");
        Self(format!(
            "$argon2id$v=19${costs}${}${}",
            text(&salt),
            text(&chance)
        ))
    }

    /// Computes the hash of a password that somebody chose; `salt` must come from the system's source of chance.
    #[must_use]
    pub fn compute(password: &Password, salt: [u8; SALT_BYTES]) -> Self {
        let hash = argon2().hash_password_with_salt(password.bytes(), &salt);
        let hash = hash.expect("all sizes are within Argon2's bounds, and 19 MiB can be had");
        Self(hash.to_string())
    }

    /// Whether it is this password's. It costs what the hash says that it cost.
    #[must_use]
    pub fn is_of(&self, password: &Password) -> bool {
        argon2().verify_password(password.bytes(), &*self.0).is_ok()
    }

    /// Costs what [`is_of`](Self::is_of) costs for a hash of today: to be done for an address that has no account, so that the time
    /// doesn't tell that there is none.
    pub fn of_nobody(password: &Password) {
        let hash = Self::compute(password, [0; SALT_BYTES]);
        core::hint::black_box(hash);
    }

    /// Whether it was made at less cost than one would be today: compute it anew at the next sign-in.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        let prefix = format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$");
        !self.0.starts_with(&prefix)
    }

    /// The PHC string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("constants within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By OpenSSL's Argon2id: "glacier turnip bicycle" with these 16 bytes of salt.
    const BY_OTHERS: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBpdA$TkKkWGo8ej3A5Z2sAwltHT85yaYkExZJSoJpIMd5e0w";

    fn password(text: &str) -> Password {
        Password::typed(text.to_owned()).expect("short enough")
    }

    #[test]
    fn it_is_what_others_compute_and_theirs_verifies() {
        let password = password("glacier turnip bicycle");
        let hash = PasswordHash::compute(&password, *b"sixteen bytes it");
        assert_eq!(hash.as_str(), BY_OTHERS);
        let theirs = PasswordHash::new(BY_OTHERS.to_owned()).expect("a hash");
        assert!(theirs.is_of(&password) && !theirs.is_outdated());
    }

    #[test]
    fn another_password_or_salt_makes_another_hash() {
        let (right, wrong) = (
            password("glacier turnip bicycle"),
            password("glacier turnip bicyclE"),
        );
        let hash = PasswordHash::compute(&right, [1; SALT_BYTES]);
        assert!(hash.is_of(&right) && !hash.is_of(&wrong));
        assert_ne!(PasswordHash::compute(&right, [2; SALT_BYTES]), hash);
    }

    #[test]
    fn a_hash_that_cost_less_is_outdated_and_still_good() {
        let cheap = "$argon2id$v=19$m=1024,t=1,p=1$b3RoZXIgc2FsdCBieXRlcw$PtNboJkqNUKMhirphnT0+98ATEhwWFtqG9LSDmw9JnE";
        let cheap = PasswordHash::new(cheap.to_owned()).expect("a hash");
        assert!(cheap.is_of(&password("glacier turnip bicycle")) && cheap.is_outdated());
    }

    #[test]
    fn only_the_hash_in_use_is_one_and_damage_opens_nothing() {
        for (text, is_one) in [
            ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", true),
            ("$argon2id$v=19", true),
            ("$argon2i$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", false),
            ("$2b$12$abcdefghijklmnopqrstuv", false),
            ("glacier turnip bicycle", false),
            ("$argon2id$ a blank", false),
        ] {
            let hash = PasswordHash::new(text.to_owned());
            assert_eq!(hash.is_some(), is_one, "{text}");
            let opens = hash.is_some_and(|hash| hash.is_of(&password("glacier turnip bicycle")));
            assert!(!opens, "{text}");
        }
    }

    #[test]
    fn what_has_no_password_costs_as_much_and_is_opened_by_none() {
        let hash = PasswordHash::of_no_password([1; SALT_BYTES], [2; DIGEST_BYTES]);
        let theirs = PasswordHash::compute(&password("glacier turnip bicycle"), [1; SALT_BYTES]);
        assert_eq!(hash.as_str().len(), theirs.as_str().len());
        assert!(!hash.is_outdated() && PasswordHash::new(hash.as_str().to_owned()).is_some());
        assert!(!hash.is_of(&password("glacier turnip bicycle")));
    }

    #[test]
    fn nothing_prints_a_hash() {
        let hash = PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned());
        assert_eq!(format!("{:?}", hash.expect("a hash")), "PasswordHash(***)");
    }
}
