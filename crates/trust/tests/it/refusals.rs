//! The table of refusals keeps its promises.

use mainstay_trust::Refusal;
use std::collections::BTreeSet;

#[test]
fn every_reason_has_its_own_name_and_number() {
    let ids: BTreeSet<_> = Refusal::ALL.iter().map(|refusal| refusal.id()).collect();
    assert_eq!(ids.len(), Refusal::ALL.len());
    for refusal in Refusal::ALL {
        assert_eq!(Refusal::from_code(refusal.code()), Some(*refusal));
    }
    assert_eq!(Refusal::from_code(0), None);
    assert_eq!(Refusal::from_code(u16::MAX), None);
}

#[test]
fn every_reason_is_told_in_plain_sentences() {
    for refusal in Refusal::ALL {
        let id = refusal
            .id()
            .strip_prefix("trust.")
            .expect("the area comes first");
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{id}"
        );
        for sentence in [refusal.cause(), refusal.cure()] {
            assert!(
                sentence.ends_with('.') && sentence.starts_with(char::is_uppercase),
                "{sentence}"
            );
        }
        assert_eq!(refusal.to_string(), refusal.cause());
    }
}

/// Numbers are on the wire of devices in the field: a change here is a break there.
#[test]
fn numbers_stay() {
    for (refusal, code) in [
        (Refusal::Malformed, 1),
        (Refusal::ForeignProfile, 4),
        (Refusal::ManifestDigest, 20),
        (Refusal::Unsigned, 21),
        (Refusal::BuildMissing, 22),
        (Refusal::ApprovalMissing, 23),
        (Refusal::BadSignature, 26),
        (Refusal::HolderConflict, 40),
        (Refusal::StatusNonce, 65),
        (Refusal::Held, 66),
        (Refusal::WrongClass, 81),
        (Refusal::Downgrade, 84),
        (Refusal::PayloadDigest, 89),
    ] {
        assert_eq!(refusal.code(), code, "{}", refusal.id());
    }
}
