//! The second factor: six digits that an app on the person's phone derives from a shared secret and the time (RFC 6238, over
//! the HOTP of RFC 4226).
//!
//! A step that was accepted is never accepted again, nor one before it (RFC 6238, section 5.2): who looked over somebody's
//! shoulder has nothing. Read [`SecondFactor`].

use core::fmt;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Bytes of the shared secret: as many as the hash has (RFC 4226, section 4, requirement 6).
pub const TOTP_SECRET_BYTES: usize = 20;
/// How long one code is shown; what apps take if nothing is said.
const STEP_SECS: i64 = 30;
/// Steps to either side that are taken too: clocks of phones differ, and people type slowly.
const STEPS_ASIDE: i64 = 1;
/// Digits of a code: what all apps can show.
const DIGITS: usize = 6;

/// The secret that the person's app and the server share. It can't be kept as a hash: codes are computed from it.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(Zeroizing<[u8; TOTP_SECRET_BYTES]>);

/// A second factor that was shown to work once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    secret: TotpSecret,
    step: i64,
}

/// Why a code isn't taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefusal {
    /// It isn't six digits.
    #[error("a code has six digits")]
    Malformed,
    /// It is none of the codes of these moments.
    #[error("this isn't the code that the app shows now")]
    Wrong,
    /// It was right, and was used, or a later one was.
    #[error("this code was used before")]
    Used,
    /// Too many were wrong at this account; it was neither compared nor counted.
    #[error("too many wrong codes; the next one may be shown at {until}")]
    TooEarly {
        /// From when on the next one is compared.
        until: Timestamp,
    },
    /// A hundred in a row were wrong: none is taken any more.
    #[error("too many wrong codes in a row; none is taken at this account any more")]
    NoMore,
}

impl CodeRefusal {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Malformed => "access.code-malformed",
            Self::Wrong => "access.code-wrong",
            Self::Used => "access.code-used",
            Self::TooEarly { .. } => "access.code-too-early",
            Self::NoMore => "access.code-no-more",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::Malformed => "type the six digits that your app shows for this server",
            Self::Wrong => {
                "type the code that is shown now, and look whether the phone's clock is right"
            }
            Self::Used => "wait for the next code, half a minute at most",
            Self::TooEarly { .. } => {
                "wait until then; if it wasn't you who tried, somebody has your password: ask operations for a new link"
            }
            Self::NoMore => {
                "somebody may have your password: ask operations for a new link that a second person vouches for, and set up your app anew with it"
            }
        }
    }
}

impl TotpSecret {
    /// A secret made of `chance`, which must come from the system's source of chance.
    #[must_use]
    pub fn new(chance: [u8; TOTP_SECRET_BYTES]) -> Self {
        Self(Zeroizing::new(chance))
    }

    /// Its bytes, for the store.
    #[must_use]
    pub fn bytes(&self) -> &[u8; TOTP_SECRET_BYTES] {
        &self.0
    }

    /// The 32 letters and digits that a person types into an app that has no camera.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0[..]))
    }

    /// Reads what [`reveal`](Self::reveal) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; TOTP_SECRET_BYTES]);
        if BASE32_NOPAD.decode_len(text.len()).ok()? != TOTP_SECRET_BYTES {
            return None;
        }
        BASE32_NOPAD
            .decode_mut(text.as_bytes(), &mut bytes[..])
            .ok()?;
        Some(Self(bytes))
    }

    /// The address that apps read from a picture: it holds the secret, so it is shown once and logged nowhere. `who` is what the app shows beside
    /// the codes, an address as a rule.
    #[must_use]
    pub fn uri(&self, issuer: &str, who: &str) -> Zeroizing<String> {
        let issuer = percent_encoded(issuer);
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECS}",
            percent_encoded(who),
            *self.reveal(),
        ))
    }

    /// What an app that holds it shows at `now`.
    #[must_use]
    pub fn shown_at(&self, now: Timestamp) -> String {
        let digits = self.code(now.as_second().div_euclid(STEP_SECS));
        digits.map(char::from).iter().collect()
    }

    /// The code of one step (RFC 4226, section 5.3).
    fn code(&self, step: i64) -> [u8; DIGITS] {
        let mut mac =
            Hmac::<Sha1>::new_from_slice(&self.0[..]).expect("HMAC takes a key of any length");
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let at = usize::from(hash[19] & 0xf);
        let cut = [hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]];
        let mut number = u32::from_be_bytes(cut);
        let mut digits = [0; DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        digits
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(***)")
    }
}

impl SecondFactor {
    /// Begins to ask for codes of `secret`, once a first one shows that the person's app has it. That one is used then.
    ///
    /// # Errors
    /// If it isn't the code of now.
    pub fn enrol(secret: TotpSecret, code: &str, now: Timestamp) -> Result<Self, CodeRefusal> {
        Self {
            secret,
            step: i64::MIN,
        }
        .accept(code, now)
    }

    /// One that the store kept: `step` is the newest that was used.
    #[must_use]
    pub fn kept(secret: TotpSecret, step: i64) -> Self {
        Self { secret, step }
    }

    /// Takes a code: the factor as it is afterwards. The store must let only one of two win that use the same step.
    ///
    /// # Errors
    /// If it isn't the code of a moment near `now`, or isn't newer than the last one that was used.
    pub fn accept(&self, code: &str, now: Timestamp) -> Result<Self, CodeRefusal> {
        let digits: [u8; DIGITS] = code
            .as_bytes()
            .try_into()
            .map_err(|_| CodeRefusal::Malformed)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(CodeRefusal::Malformed);
        }
        let present = now.as_second().div_euclid(STEP_SECS);
        let near = present - STEPS_ASIDE..=present + STEPS_ASIDE;
        // All are computed, whichever fits; if two steps have the same code, the newer counts.
        let fits = |step: &i64| bool::from(self.secret.code(*step)[..].ct_eq(&digits[..]));
        let found: Vec<i64> = near.filter(fits).collect();
        match found.last() {
            None => Err(CodeRefusal::Wrong),
            Some(step) if *step <= self.step => Err(CodeRefusal::Used),
            Some(step) => Ok(Self {
                secret: self.secret.clone(),
                step: *step,
            }),
        }
    }

    /// The shared secret, for the store.
    #[must_use]
    pub fn secret(&self) -> &TotpSecret {
        &self.secret
    }

    /// The newest step that was used, in units of 30 seconds since 1970.
    #[must_use]
    pub fn step(&self) -> i64 {
        self.step
    }
}

/// RFC 3986, section 2.1: all but the unreserved characters.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
