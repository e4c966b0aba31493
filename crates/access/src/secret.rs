//! Secrets that the server hands out: drawn once, shown once, kept only as a hash.
//!
//! Each kind has a prefix of its own. One that leaked into a log, a repository or a chat is found by searching for it, and
//! one of a kind never passes for another: the kind goes into the hash as well. Read [`Secret`].

use core::fmt;

use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Bytes of chance in a secret: no list of tries gets anywhere near 2^256.
pub const SECRET_BYTES: usize = 32;
/// How long a browser may take from the page that sends it to a provider until it comes back: long enough for somebody who looks for
/// their phone.
pub const FLOW_AGE_MAX: SignedDuration = SignedDuration::from_mins(10);

/// What a secret opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// A browser that has signed in.
    Session,
    /// The API, for a program.
    ApiToken,
    /// An account that has no credentials yet, once.
    SetupLink,
    /// Nothing: it tells a browser that comes back from a provider from all others.
    Flow,
    /// The fleet, for a device that has no token yet.
    JoinCode,
}

impl SecretKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Session,
        Self::ApiToken,
        Self::SetupLink,
        Self::Flow,
        Self::JoinCode,
    ];

    /// What a secret of this kind begins with; 64 lower-case hexadecimal digits follow.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Session => "mainstay_session_",
            Self::ApiToken => "mainstay_api_",
            Self::SetupLink => "mainstay_setup_",
            Self::Flow => "mainstay_flow_",
            Self::JoinCode => "mainstay_join_",
        }
    }
}

/// A secret in clear. It prints itself as stars and is wiped when it goes.
#[derive(Clone)]
pub struct Secret {
    kind: SecretKind,
    bytes: Zeroizing<[u8; SECRET_BYTES]>,
}

/// SHA-256 over kind and bytes of a secret: what is kept of it. Looking one up by its hash tells nothing through timing, since
/// whoever could guess the beginning of a hash still holds no secret that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl Secret {
    /// A secret made of `chance`, which must come from the system's source of chance.
    #[must_use]
    pub fn new(kind: SecretKind, chance: [u8; SECRET_BYTES]) -> Self {
        let bytes = Zeroizing::new(chance);
        Self { kind, bytes }
    }

    /// Reads what [`reveal`](Self::reveal) wrote; none for anything else, another kind included.
    #[must_use]
    pub fn parse(kind: SecretKind, text: &str) -> Option<Self> {
        let digits = text.strip_prefix(kind.prefix())?;
        if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return None;
        }
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        hex::decode_to_slice(digits, &mut bytes[..]).ok()?;
        Some(Self { kind, bytes })
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        let mut hash = Sha256::new();
        hash.update(self.kind.prefix());
        hash.update(&self.bytes[..]);
        SecretHash(hash.finalize().into())
    }

    /// The token of a device that joins with this code and a `secret` of its own. Whoever knows both knows it, so that a device that didn't hear
    /// the answer asks again and hears the same; whoever lacks one of them has nothing to guess it by. That a device draws badly costs
    /// nothing as long as its code is its own.
    #[must_use]
    pub fn device_token(
        &self,
        device: &str,
        secret: &[u8; SECRET_BYTES],
    ) -> Zeroizing<[u8; SECRET_BYTES]> {
        let mut hash = Sha256::new();
        hash.update(b"mainstay.device-token");
        hash.update(self.kind.prefix());
        hash.update(&self.bytes[..]);
        hash.update(secret);
        hash.update(device);
        Zeroizing::new(hash.finalize().into())
    }

    /// What a form carries that was made for whoever has this secret: 64 hexadecimal digits. It tells neither the secret nor what is kept of it, so that who
    /// reads the database can't send forms in somebody's name.
    #[must_use]
    pub fn form_token(&self) -> String {
        self.derived("mainstay.form")
    }

    /// What can be told to others for one purpose, and is made of this secret: 64 hexadecimal digits, which tell neither the secret nor what
    /// is made of it for another purpose.
    #[must_use]
    pub fn derived(&self, purpose: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(purpose);
        hash.update(self.kind.prefix());
        hash.update(&self.bytes[..]);
        hex::encode(hash.finalize())
    }

    /// Whether a form carries what [`form_token`](Self::form_token) says.
    #[must_use]
    pub fn is_in_form(&self, token: &str) -> bool {
        self.is_derived("mainstay.form", token)
    }

    /// Whether `told` is what [`derived`](Self::derived) says for this purpose.
    #[must_use]
    pub fn is_derived(&self, purpose: &str, told: &str) -> bool {
        bool::from(self.derived(purpose).as_bytes().ct_eq(told.as_bytes()))
    }

    /// The secret in clear, for the one answer that shows it.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex::encode(&self.bytes[..]));
        Zeroizing::new(format!("{}{}", self.kind.prefix(), *digits))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}***", self.kind.prefix())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_as_its_own_kind_and_nothing_else_does() {
        for kind in SecretKind::ALL {
            let secret = Secret::new(kind, [0xab; 32]);
            let shown = secret.reveal();
            for other in SecretKind::ALL {
                let read = Secret::parse(other, &shown).map(|read| read.hash());
                assert_eq!(
                    read,
                    (other == kind).then(|| secret.hash()),
                    "{kind:?} {other:?}"
                );
            }
            let upper = format!("{}{}", kind.prefix(), "AB".repeat(32));
            let digits = "ab".repeat(32);
            for wrong in [&upper, &digits, &shown[1..], &shown[..shown.len() - 1], ""] {
                assert!(Secret::parse(kind, wrong).is_none(), "{wrong}");
            }
            assert!(Secret::parse(kind, &format!("{}0", *shown)).is_none());
        }
    }

    #[test]
    fn the_same_chance_makes_another_hash_for_each_kind() {
        let hashes = SecretKind::ALL.map(|kind| Secret::new(kind, [7; 32]).hash());
        let different: std::collections::BTreeSet<_> = hashes.into_iter().collect();
        assert_eq!(different.len(), SecretKind::ALL.len());
    }

    #[test]
    fn what_is_made_for_one_purpose_is_good_for_no_other() {
        let secret = Secret::new(SecretKind::Flow, [7; 32]);
        let (state, nonce) = (secret.derived("state"), secret.derived("nonce"));
        assert_ne!(state, nonce);
        assert!(secret.is_derived("state", &state) && !secret.is_derived("nonce", &state));
        assert!(!Secret::new(SecretKind::Flow, [8; 32]).is_derived("state", &state));
    }

    #[test]
    fn a_form_is_for_one_secret_and_tells_nothing_of_it() {
        let secret = Secret::new(SecretKind::Session, [7; 32]);
        let token = secret.form_token();
        assert!(secret.is_in_form(&token));
        assert_ne!(token, hex::encode(secret.hash().0));
        assert!(!secret.reveal().contains(&token));
        let other = Secret::new(SecretKind::Session, [8; 32]);
        for wrong in [&*other.form_token(), "", &token[1..], &secret.reveal()] {
            assert!(!secret.is_in_form(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_devices_token_hangs_on_its_code_its_secret_and_its_name() {
        let code = |n| Secret::new(SecretKind::JoinCode, [n; 32]);
        let token = code(7).device_token("th-1", &[1; 32]);
        assert_eq!(token, code(7).device_token("th-1", &[1; 32]));
        for other in [
            code(8).device_token("th-1", &[1; 32]),
            code(7).device_token("th-2", &[1; 32]),
            code(7).device_token("th-1", &[2; 32]),
            Zeroizing::new(code(7).hash().0),
        ] {
            assert_ne!(token, other);
        }
    }

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = Secret::new(SecretKind::ApiToken, [0x5a; 32]);
        assert_eq!(format!("{secret:?}"), "mainstay_api_***");
    }
}
