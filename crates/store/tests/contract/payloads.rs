//! What is known of payloads.

use mainstay_artifact::{Checksums, Ending};
use mainstay_store::{ReleasePayload, Store, StoredPayload};
use mainstay_trust::Digest;

use super::fixture::release;

pub fn payload(n: u8, ending: Ending) -> StoredPayload {
    StoredPayload {
        image: Digest([n; 32]),
        bytes: 3_000_000_000 + u64::from(n),
        checksums: Checksums {
            sha1: [n; 20],
            md5: [n; 16],
        },
        ending,
    }
}

pub async fn what_was_noted_of_a_payload_stays(store: &dyn Store) {
    let image = Digest([7; 32]);
    assert_eq!(store.payload_of(&image).await.expect("readable"), None);
    let noted = payload(7, Ending::SignedBin);
    for again in [noted, payload(7, Ending::Bin)] {
        store.note_payload(&again).await.expect("writable");
        let found = store.payload_of(&image).await.expect("readable");
        assert_eq!(found, Some(noted));
    }
    for (n, ending) in (20..).zip(Ending::ALL) {
        let noted = payload(n, ending);
        store.note_payload(&noted).await.expect("writable");
        let found = store.payload_of(&noted.image).await.expect("readable");
        assert_eq!(found, Some(noted));
    }
}

/// Two releases may be made of one payload: for two classes, or packed again.
pub async fn every_releases_payload_is_listed_once(store: &dyn Store) {
    let listed = store.payloads_of_releases().await.expect("readable");
    assert_eq!(listed, []);
    let mut releases = [1, 2, 3].map(|n| release(&format!("1.{n}.0"), n));
    for (release, (image, bytes)) in releases.iter_mut().zip([(8, 80), (9, 3 << 30), (8, 80)]) {
        release.facts.image = Digest([image; 32]);
        release.facts.image_bytes = bytes;
        store.add_release(release, b"one").await.expect("new");
    }
    let listed = store.payloads_of_releases().await.expect("readable");
    let expected = [(8, 80), (9, 3 << 30)].map(|(image, bytes)| ReleasePayload {
        image: Digest([image; 32]),
        bytes,
    });
    assert_eq!(listed, expected);
}
