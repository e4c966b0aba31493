//! What a message to be signed is about, read out of the message itself.
//!
//! The message is a `Sig_structure` (RFC 9052, section 4.4): `["Signature1", protected, external
//! data, payload]`. Nothing is trusted to it but words in a record, and what can't be read is
//! recorded as that, never refused: whether it may be signed was decided before.

use aws_lc_rs::digest;
use minicbor::Decoder;

/// The label of the plan's digest in an approval's header (see `mainstay_trust::cose`).
const PLAN: i64 = -65537;

/// What is signed, and the digest of it in hexadecimal digits.
pub(super) struct Subject {
    pub what: String,
    pub digest: String,
}

impl Subject {
    /// No message: the key was opened, and signs from now on without a line for each signature.
    pub(super) fn opening() -> Self {
        Self {
            what: "opened by a service".to_owned(),
            digest: sha256(b""),
        }
    }

    pub(super) fn of(message: &[u8]) -> Self {
        read(message).unwrap_or_else(|| Self {
            what: "bytes of no known kind".to_owned(),
            digest: sha256(message),
        })
    }
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn read(message: &[u8]) -> Option<Subject> {
    let mut d = Decoder::new(message);
    let four = d.array().ok()? == Some(4);
    if !four || d.str().ok()? != "Signature1" {
        return None;
    }
    let (protected, external, payload) = (d.bytes().ok()?, d.bytes().ok()?, d.bytes().ok()?);
    let what = match std::str::from_utf8(external).ok()? {
        "" if is_approval(protected) => "approval".to_owned(),
        "" => "release".to_owned(),
        // It goes into a line that is bounded and that people read.
        content_type => content_type
            .chars()
            .filter(|c| !c.is_control())
            .take(64)
            .collect(),
    };
    let digest = match external {
        [] => suit_digest(payload).unwrap_or_else(|| sha256(payload)),
        _ => sha256(payload),
    };
    Some(Subject { what, digest })
}

fn is_approval(protected: &[u8]) -> bool {
    let mut d = Decoder::new(protected);
    let fields = d.map().ok().flatten().unwrap_or(0);
    (0..fields).any(|_| {
        let label = d.i64().ok();
        let skipped = d.skip().is_ok();
        skipped && label == Some(PLAN)
    })
}

/// The digest in a SUIT_Digest: `[algorithm, bytes]`.
fn suit_digest(payload: &[u8]) -> Option<String> {
    let mut d = Decoder::new(payload);
    d.array().ok()?;
    d.i32().ok()?;
    d.bytes().ok().map(hex::encode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_trust::cose::{Approval, Protected, ToBeSigned};
    use mainstay_trust::envelope::{SUIT_DIGEST_BYTES_MAX, SuitDigest, suit_digest};
    use mainstay_trust::{Digest, Digest384, KeyId};

    fn check(
        content_type: Option<&str>,
        approval: Option<Approval>,
        payload: &[u8],
        what: &str,
        digest: &str,
    ) {
        let kid = KeyId([1; 16]);
        let protected = Protected {
            algorithm: -9,
            content_type,
            kid,
            approval,
        };
        let message = ToBeSigned::new(&protected, payload)
            .unwrap()
            .parts()
            .concat();
        let subject = Subject::of(&message);
        assert_eq!((&*subject.what, &*subject.digest), (what, digest));
    }

    #[test]
    fn each_kind_is_named() {
        let digest = Digest([5; 32]);
        let approval = Approval {
            plan: digest,
            evidence: digest,
        };
        let (own, release) = (sha256(b"payload"), "05".repeat(32));
        check(None, None, &suit_digest(&digest), "release", &release);
        check(
            None,
            Some(approval),
            &suit_digest(&digest),
            "approval",
            &release,
        );
        let sha384 = SuitDigest::Sha384(Digest384::new([6; 48]));
        let mut payload = [0; SUIT_DIGEST_BYTES_MAX];
        let payload = sha384.encode(&mut payload);
        check(None, None, payload, "release", &"06".repeat(48));
        check(Some("a/b"), None, b"payload", "a/b", &own);
        check(None, None, b"payload", "release", &own);
    }

    #[test]
    fn anything_else_is_recorded_as_that() {
        for message in [
            &b""[..],
            b"hello",
            b"\x84\x6aSignature2\x40\x40\x40",
            b"\x84\x6aSignature1\x40",
        ] {
            let subject = Subject::of(message);
            assert_eq!(subject.what, "bytes of no known kind");
            assert_eq!(subject.digest, sha256(message));
        }
    }
}
