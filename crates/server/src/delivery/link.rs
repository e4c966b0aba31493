//! A link to a payload: the digest in the path, and in the query until when it is good, for whom, and a signature over all of it.
//!
//! ```text
//! {base}/{first two digits}/{digest}?expires={Unix seconds}[&device={name}]&signature={64 hexadecimal digits}
//! ```
//!
//! The signature is HMAC-SHA256 over four lines, the last one without an end: `mainstay delivery 1`, the digest, the seconds, the device's name or
//! nothing. So it is good for no other payload, moment or device. What checks links before this server does the same (`docs/delivery.md`). Read [`Link`].

use axum::http::StatusCode;
use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_trust::Digest;

use super::key::DeliveryKey;
use crate::problem::Refused;

/// What every signed text begins with: a signature of this key over anything else is no link.
const WHAT: &str = "mainstay delivery 1";
/// Longest query of a link: a name has 64 signs, a signature as many.
const QUERY_BYTES_MAX: usize = 256;
/// Most digits of a moment: enough for thirty thousand years.
const EXPIRES_DIGITS_MAX: usize = 12;

/// What a link lets its holder have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// The payload.
    pub image: Digest,
    /// Until when, in Unix seconds.
    pub expires_s: i64,
    /// Whose it is, if it is one device's.
    pub device: Option<DeviceId>,
}

/// Why a query isn't that of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadLink {
    /// It has other words than a link has, or not each once.
    Malformed,
    /// The signature is under something else.
    Forged,
    /// It was good.
    Expired,
}

impl Link {
    /// The link below `base`, which has no slash at its end.
    pub fn address(&self, base: &str, key: &DeliveryKey) -> String {
        let signature = key.sign(&self.signed());
        let device = self.device.as_ref();
        let device = device.map_or(String::new(), |device| format!("&device={device}"));
        let (path, expires) = (path(&self.image), self.expires_s);
        format!("{base}/{path}?expires={expires}{device}&signature={signature}")
    }

    /// The link to `image` with this query.
    ///
    /// # Errors
    /// [`BadLink`]; whether it is too late is looked at last, so that nobody learns it of a link that was never made.
    pub fn read(
        image: Digest,
        query: &str,
        key: &DeliveryKey,
        now: Timestamp,
    ) -> Result<Self, BadLink> {
        let (link, signature) = parts(image, query).ok_or(BadLink::Malformed)?;
        if !key.is_under(&link.signed(), &signature) {
            return Err(BadLink::Forged);
        }
        match link.expires_s > now.as_second() {
            true => Ok(link),
            false => Err(BadLink::Expired),
        }
    }

    fn signed(&self) -> String {
        let device = self.device.as_ref().map_or("", DeviceId::as_str);
        format!("{WHAT}\n{}\n{}\n{device}", self.image, self.expires_s)
    }
}

/// Where a payload lies below any base: as in a folder of blobs, or a bucket.
pub(super) fn path(image: &Digest) -> String {
    let name = image.to_string();
    format!("{}/{name}", &name[..2])
}

/// What a query says, each word once and no other one: a second spelling of the same link would be another entry in every cache.
fn parts(image: Digest, query: &str) -> Option<(Link, Vec<u8>)> {
    if query.len() > QUERY_BYTES_MAX {
        return None;
    }
    let mut words = query.split('&');
    let expires = words.next()?.strip_prefix("expires=")?;
    let mut word = words.next()?;
    let device = match word.strip_prefix("device=") {
        Some(name) => {
            word = words.next()?;
            Some(DeviceId::new(name).ok()?)
        }
        None => None,
    };
    let digits = word.strip_prefix("signature=")?;
    let signature = hex::decode(digits).ok()?;
    let is_small = !digits.bytes().any(|digit| digit.is_ascii_uppercase());
    let is_number = (1..=EXPIRES_DIGITS_MAX).contains(&expires.len())
        && expires.bytes().all(|digit| digit.is_ascii_digit())
        && !expires.starts_with('0');
    let link = Link {
        image,
        expires_s: is_number.then(|| expires.parse().ok()).flatten()?,
        device,
    };
    (is_small && words.next().is_none()).then_some((link, signature))
}

impl From<BadLink> for Refused {
    fn from(bad: BadLink) -> Self {
        let cure = "Ask the server for a link again; nobody writes one by hand.";
        let (id, cause) = match bad {
            BadLink::Malformed => (
                "delivery.malformed-link",
                "The address isn't that of a link to a payload.",
            ),
            BadLink::Forged => (
                "delivery.bad-signature",
                "The link's signature isn't under this payload, moment and device.",
            ),
            BadLink::Expired => ("delivery.expired", "The link was good, and isn't any more."),
        };
        Self::new(StatusCode::FORBIDDEN, id, cause, cure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn key() -> DeliveryKey {
        DeliveryKey::from_text("0123456789abcdef0123456789abcdef").expect("a key")
    }

    fn link(device: Option<&str>) -> Link {
        Link {
            image: Digest([0xab; 32]),
            expires_s: NOW + 900,
            device: device.map(|name| DeviceId::new(name).expect("a name")),
        }
    }

    fn query(link: &Link) -> String {
        let address = link.address("https://eu.example/fw", &key());
        let (_, query) = address.split_once('?').expect("it has a query");
        query.to_owned()
    }

    fn read(image: u8, query: &str, at: i64) -> Result<Link, BadLink> {
        let now = Timestamp::from_second(at).expect("a moment");
        Link::read(Digest([image; 32]), query, &key(), now)
    }

    /// The signature is what another program computed, by the form above.
    #[test]
    fn a_link_is_where_blobs_lie() {
        let address = link(Some("th-1")).address("https://eu.example/fw", &key());
        let digest = "ab".repeat(32);
        let begins =
            format!("https://eu.example/fw/ab/{digest}?expires=1800000900&device=th-1&signature=");
        let signature = address.strip_prefix(&begins).expect(&address);
        let computed = "1ecfcc20b264b76178073a9ddf36dd62bab25ecec4c5f93360e212f020d8a4c9";
        assert_eq!(signature, computed, "{address}");
    }

    #[test]
    fn it_is_good_until_its_moment_and_no_longer() {
        for device in [None, Some("th-1")] {
            let link = link(device);
            let query = query(&link);
            assert_eq!(read(0xab, &query, NOW), Ok(link.clone()));
            assert_eq!(read(0xab, &query, NOW + 899), Ok(link));
            for late in [900, 901, 1_000_000] {
                assert_eq!(read(0xab, &query, NOW + late), Err(BadLink::Expired));
            }
        }
    }

    #[test]
    fn it_is_good_for_nothing_else() {
        let own = query(&link(Some("th-1")));
        let anybodys = query(&link(None));
        let (_, signature) = own.split_once("signature=").expect("it is signed");
        let mut flipped = own.clone();
        let last = if own.ends_with('0') { "1" } else { "0" };
        flipped.replace_range(own.len() - 1.., last);
        for (name, query) in [
            ("a later moment", own.replace("1800000900", "1800000901")),
            ("another device", own.replace("th-1", "th-2")),
            ("no device", own.replace("&device=th-1", "")),
            ("a device", anybodys.replace("&sig", "&device=th-1&sig")),
            ("another signature", flipped),
            ("half a signature", own[..own.len() - 32].to_owned()),
            ("no signature", own.replace(signature, "")),
        ] {
            assert_eq!(read(0xab, &query, NOW), Err(BadLink::Forged), "{name}");
        }
        assert_eq!(
            read(0xac, &own, NOW),
            Err(BadLink::Forged),
            "another payload"
        );
        let other = DeliveryKey::from_text(&"x".repeat(32)).expect("a key");
        let now = Timestamp::from_second(NOW).expect("a moment");
        let forged = Link::read(Digest([0xab; 32]), &own, &other, now);
        assert_eq!(forged, Err(BadLink::Forged), "another key");
    }

    #[test]
    fn a_link_has_one_spelling() {
        let own = query(&link(Some("th-1")));
        let signature = &own[own.find("&signature").expect("signed")..];
        let digits = signature.trim_start_matches("&signature=");
        let capital = format!("&signature={}", digits.to_uppercase());
        assert_ne!(signature, capital, "it has a letter");
        let long = format!("{own}&{}", "x".repeat(QUERY_BYTES_MAX));
        for query in [
            "",
            "expires=1800000900",
            &format!("expires=01800000900&device=th-1{signature}"),
            &format!("expires=+1800000900&device=th-1{signature}"),
            &format!("expires=1800000900000&device=th-1{signature}"),
            &format!("expires=-1&device=th-1{signature}"),
            &format!("expires=1800000900&device=th%2D1{signature}"),
            &format!("expires=1800000900&device=../th-1{signature}"),
            &format!("expires=1800000900&device=th-1&device=th-1{signature}"),
            &format!("device=th-1&expires=1800000900{signature}"),
            &own.replace(signature, &capital),
            &format!("{own}&x=1"),
            &format!("{own}0"),
            &long,
        ] {
            assert_eq!(read(0xab, query, NOW), Err(BadLink::Malformed), "{query}");
        }
    }
}
