//! What lets a device into the fleet that has no token yet: a code for some devices of one class, for some days.
//!
//! Operations make it and bring it to the device; it is drawn once, shown once, and kept as a hash. What it declares of its devices holds, whatever
//! they say. Read [`JoinCode`].

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::email::Email;
use crate::secret::{SECRET_BYTES, SecretHash};

/// The most devices that may join with one code: a day's production. What leaks lets so many strangers in at most.
pub const JOIN_USES_MAX: u32 = 10_000;
/// The longest that a code works: from a factory to where a device is switched on.
pub const JOIN_DAYS_MAX: u32 = 365;
/// How long it works if nobody says otherwise.
pub const JOIN_DAYS: u32 = 7;

/// For which devices a code is, and what it declares of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinTerms {
    /// Their class, one of the plan's.
    pub class: String,
    /// The one device that it is for; none for any name that isn't taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Their hardware revision; none if each says its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<String>,
    /// Their IANA time zone; none if each says its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Their boot loader's version; none if each says its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootloader: Option<String>,
    /// Where they stand; a device never says it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The gateway that they stand behind; a device never says it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
}

/// A code, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinCode {
    /// Of its secret.
    pub hash: SecretHash,
    /// For which devices it is.
    pub terms: JoinTerms,
    /// How many devices may join with it.
    pub uses: u32,
    /// How many did.
    pub used: u32,
    /// When it was made.
    pub made: Timestamp,
    /// By whom.
    pub maker: Email,
    /// From when on it doesn't work.
    pub expires: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// What a device says of itself when it joins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SaysOfItself<'a> {
    /// Its name.
    pub device: &'a str,
    /// Its hardware revision.
    pub hardware: Option<&'a str>,
    /// Its time zone.
    pub zone: Option<&'a str>,
    /// Its boot loader's version.
    pub bootloader: Option<&'a str>,
}

/// What is declared of a device that joins: by its code, and by itself where that leaves something open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joins {
    /// Its class.
    pub class: String,
    /// Its hardware revision.
    pub hardware: String,
    /// Its time zone.
    pub zone: String,
    /// Its boot loader's version.
    pub bootloader: String,
    /// Where it stands.
    pub site: Option<String>,
}

/// Why no such code is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinFlaw {
    /// For nobody, or for too many.
    #[error("a code is for 1 to {JOIN_USES_MAX} devices")]
    Uses,
    /// For no time, or for too long.
    #[error("a code works for 1 to {JOIN_DAYS_MAX} days")]
    Days,
    /// Several devices of one name.
    #[error("a code for one device by its name can't be for several")]
    OneByName,
}

impl JoinFlaw {
    /// Stable id of this flaw.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Uses => "join.uses",
            Self::Days => "join.days",
            Self::OneByName => "join.one-by-name",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::Uses => "make several codes: each that leaks lets so many strangers in",
            Self::Days => "make another one when it is over",
            Self::OneByName => "leave the name out, or make a code for each device",
        }
    }
}

/// Why a device doesn't join.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinRefusal {
    /// It is too old.
    #[error("this code worked until {0}")]
    Expired(Timestamp),
    /// Operations took it back.
    #[error("this code was revoked")]
    Revoked,
    /// As many joined as may.
    #[error("as many devices as may have joined with this code")]
    UsedUp,
    /// It is for another device.
    #[error("this code is for another device")]
    AnotherDevice,
    /// The name is kept for the device that another code is for.
    #[error("another code is for the device of this name")]
    Kept,
    /// The device says otherwise than what its code declares.
    #[error("this code is for devices with another {0}")]
    Otherwise(&'static str),
    /// Neither the code nor the device says it.
    #[error("neither the code nor the device says its {0}")]
    Unsaid(&'static str),
}

impl JoinRefusal {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Expired(_) => "join.expired",
            Self::Revoked => "join.revoked",
            Self::UsedUp => "join.used-up",
            Self::AnotherDevice => "join.another-device",
            Self::Kept => "join.name-kept",
            Self::Otherwise(_) => "join.declared-otherwise",
            Self::Unsaid(_) => "join.unsaid",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Expired(_) | Self::Revoked | Self::UsedUp => {
                "bring the device a new code: mainstay device code make"
            }
            Self::AnotherDevice => "bring the device its own code, or give it the code's name",
            Self::Kept => "give the device another name, or bring it the code that is for its name",
            Self::Otherwise(_) => "bring the device a code that is for such devices",
            Self::Unsaid(_) => "say it in the device's settings, or make a code that does",
        }
    }
}

impl JoinCode {
    /// A new one.
    ///
    /// # Errors
    /// If it is for too many, for too long, or for several of one name.
    pub fn new(
        hash: SecretHash,
        terms: JoinTerms,
        (uses, days): (u32, u32),
        maker: Email,
        now: Timestamp,
    ) -> Result<Self, JoinFlaw> {
        if !(1..=JOIN_USES_MAX).contains(&uses) {
            return Err(JoinFlaw::Uses);
        }
        if !(1..=JOIN_DAYS_MAX).contains(&days) {
            return Err(JoinFlaw::Days);
        }
        if terms.device.is_some() && uses > 1 {
            return Err(JoinFlaw::OneByName);
        }
        Ok(Self {
            hash,
            terms,
            uses,
            used: 0,
            made: now,
            maker,
            expires: now + SignedDuration::from_hours(24 * i64::from(days)),
            revoked: None,
        })
    }

    /// How people and logs call it, who don't have it: the first half of its hash.
    #[must_use]
    pub fn name(&self) -> String {
        hex::encode(&self.hash.0[..NAME_BYTES])
    }

    /// Whether one more device may join with it, by this name. Whoever joins asks once more within the transaction that counts it.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(&self, device: &str, now: Timestamp) -> Result<(), JoinRefusal> {
        if self.revoked.is_some() {
            return Err(JoinRefusal::Revoked);
        }
        // A clock that was set back makes no code work that isn't made yet.
        if now >= self.expires || now < self.made - CLOCKS_APART {
            return Err(JoinRefusal::Expired(self.expires));
        }
        if self.used >= self.uses {
            return Err(JoinRefusal::UsedUp);
        }
        match &self.terms.device {
            Some(meant) if meant != device => Err(JoinRefusal::AnotherDevice),
            _ => Ok(()),
        }
    }
}

/// Fewer different bytes than this no 32 have that were drawn by chance, in 10^20 draws.
const DIFFERENT_BYTES_MIN: usize = 16;

/// Whether a device's own secret may have been drawn by chance. One that draws badly can't be told from one that doesn't; one that doesn't draw
/// at all can: its secret is all zeros, or a serial number filled up. Where many devices have one code, each of them could make its token.
#[must_use]
pub fn is_by_chance(secret: &[u8; SECRET_BYTES]) -> bool {
    let different: BTreeSet<_> = secret.iter().collect();
    different.len() >= DIFFERENT_BYTES_MIN
}

/// Of 2^64 names no two of a server's codes have the same.
const NAME_BYTES: usize = 8;

/// Servers that share a store may disagree so far about the time.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

impl JoinTerms {
    /// What is declared of a device that says this of itself.
    ///
    /// # Errors
    /// If it says otherwise than these terms, or something is said by neither.
    pub fn settled(&self, says: SaysOfItself<'_>) -> Result<Joins, JoinRefusal> {
        Ok(Joins {
            class: self.class.clone(),
            hardware: one_of("hardware revision", self.hardware.as_deref(), says.hardware)?,
            zone: one_of("time zone", self.zone.as_deref(), says.zone)?,
            bootloader: one_of("boot loader", self.bootloader.as_deref(), says.bootloader)?,
            site: self.site.clone(),
        })
    }
}

/// What the code declares, or else what the device says.
fn one_of(
    what: &'static str,
    declared: Option<&str>,
    said: Option<&str>,
) -> Result<String, JoinRefusal> {
    match (declared, said) {
        (Some(declared), Some(said)) if declared != said => Err(JoinRefusal::Otherwise(what)),
        (Some(text), _) | (None, Some(text)) => Ok(text.to_owned()),
        (None, None) => Err(JoinRefusal::Unsaid(what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000).expect("a constant")
            + SignedDuration::from_hours(hours)
    }

    fn terms(device: Option<&str>) -> JoinTerms {
        JoinTerms {
            class: "thermo-v2".to_owned(),
            device: device.map(str::to_owned),
            hardware: Some("C".to_owned()),
            zone: None,
            bootloader: None,
            site: Some("depot".to_owned()),
            gateway: None,
        }
    }

    fn code(device: Option<&str>, uses: u32, days: u32) -> Result<JoinCode, JoinFlaw> {
        let kim = Email::new("kim@northwind.example").expect("an address");
        JoinCode::new(SecretHash([7; 32]), terms(device), (uses, days), kim, at(0))
    }

    #[test]
    fn codes_are_bounded() {
        assert_eq!(code(None, 0, 7), Err(JoinFlaw::Uses));
        assert_eq!(code(None, JOIN_USES_MAX + 1, 7), Err(JoinFlaw::Uses));
        assert_eq!(code(None, 1, 0), Err(JoinFlaw::Days));
        assert_eq!(code(None, 1, JOIN_DAYS_MAX + 1), Err(JoinFlaw::Days));
        assert_eq!(code(Some("th-1"), 2, 7), Err(JoinFlaw::OneByName));
        assert!(code(None, JOIN_USES_MAX, JOIN_DAYS_MAX).is_ok());
    }

    #[test]
    fn a_secret_that_nobody_drew_is_seen() {
        let mut serial = [0; SECRET_BYTES];
        serial[..11].copy_from_slice(b"SN-20261128");
        for plain in [[0; SECRET_BYTES], [0xff; SECRET_BYTES], serial] {
            assert!(!is_by_chance(&plain), "{plain:?}");
        }
        let mut drawn = [0; SECRET_BYTES];
        for (byte, n) in drawn.iter_mut().zip(0_u8..) {
            *byte = n.wrapping_mul(73) ^ 0x5a;
        }
        assert!(is_by_chance(&drawn));
    }

    #[test]
    fn a_code_admits_its_devices_for_its_time() {
        let of_one = code(Some("th-1"), 1, 7).expect("a good one");
        let code = code(None, 2, 7).expect("a good one");
        let used = |used| JoinCode {
            used,
            ..code.clone()
        };
        let revoked = JoinCode {
            revoked: Some(at(1)),
            ..code.clone()
        };
        let expired = JoinRefusal::Expired(at(7 * 24));
        for (code, device, hours, expected) in [
            (&code, "th-1", 0, Ok(())),
            (&code, "th-1", 7 * 24 - 1, Ok(())),
            (&code, "th-1", 7 * 24, Err(expired.clone())),
            (&code, "th-1", -1, Err(expired)),
            (&used(1), "th-1", 0, Ok(())),
            (&used(2), "th-1", 0, Err(JoinRefusal::UsedUp)),
            (&revoked, "th-1", 0, Err(JoinRefusal::Revoked)),
            (&of_one, "th-1", 0, Ok(())),
            (&of_one, "th-2", 0, Err(JoinRefusal::AnotherDevice)),
        ] {
            assert_eq!(code.admits(device, at(hours)), expected, "{device} {hours}");
        }
    }

    #[test]
    fn what_a_code_declares_holds() {
        let says = SaysOfItself {
            device: "th-1",
            hardware: None,
            zone: Some("America/Denver"),
            bootloader: Some("1.4.0"),
        };
        let joins = terms(None).settled(says).expect("all is said");
        assert_eq!(joins.hardware, "C");
        assert_eq!(joins.zone, "America/Denver");
        assert_eq!(joins.site.as_deref(), Some("depot"));
        let other = SaysOfItself {
            hardware: Some("B"),
            ..says
        };
        let refused = terms(None).settled(other);
        assert_eq!(refused, Err(JoinRefusal::Otherwise("hardware revision")));
        let unsaid = SaysOfItself { zone: None, ..says };
        let refused = terms(None).settled(unsaid);
        assert_eq!(refused, Err(JoinRefusal::Unsaid("time zone")));
    }
}
