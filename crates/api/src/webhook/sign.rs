//! How a delivery is signed: as Standard Webhooks have it (specification 1.0.0, "Signature scheme", symmetric), so that a receiver uses any of their libraries.
//!
//! | header | what |
//! |---|---|
//! | `webhook-id` | the same at every try: who has seen it before does nothing |
//! | `webhook-timestamp` | seconds since 1970, of this try |
//! | `webhook-signature` | `v1,` and the HMAC-SHA256, in Base64, of id, timestamp and body with full stops between them |

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The header with a delivery's id.
pub const ID_HEADER: &str = "webhook-id";
/// The header with a try's moment.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with a try's signature.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// The bytes of a secret: within the 24 to 64 of the specification.
pub const SECRET_BYTES: usize = 32;

/// A secret as people and libraries take it.
#[must_use]
pub fn shown(secret: &[u8; SECRET_BYTES]) -> String {
    format!("whsec_{}", BASE64.encode(secret))
}

/// The id of the delivery of an event to a subscription.
#[must_use]
pub fn id(webhook: &str, event: i64) -> String {
    format!("msg_{webhook}_{event}")
}

/// The value of the header for a body that is sent at this second.
#[must_use]
pub fn signature(secret: &[u8; SECRET_BYTES], id: &str, second: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(second.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by Python's `hmac` over the same bytes.
    #[test]
    fn golden() {
        let mut secret = [0; SECRET_BYTES];
        for (at, byte) in (0..).zip(&mut secret) {
            *byte = at;
        }
        assert_eq!(
            shown(&secret),
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        );
        let id = id("wh_1", 17);
        assert_eq!(id, "msg_wh_1_17");
        let body = b"{\"number\":17}";
        let signed = signature(&secret, &id, 1_796_040_000, body);
        assert_eq!(signed, "v1,RI1qFWZQqfki04MgMITw+d9xnjtc70cX2WGC0TEZA40=");
        for other in [
            signature(&secret, "msg_wh_1_18", 1_796_040_000, body),
            signature(&secret, &id, 1_796_040_001, body),
            signature(&secret, &id, 1_796_040_000, b"{\"number\":18}"),
            signature(&[0; SECRET_BYTES], &id, 1_796_040_000, body),
        ] {
            assert_ne!(other, signed);
        }
    }
}
