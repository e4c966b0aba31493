//! Releases, their stages and envelopes.

use mainstay_fleet::ReleaseDigest;
use mainstay_release::{Release, StageName};
use mainstay_store::{StageChange, Store};

use super::fixture::{NEW, approved, at, gated, release};

pub async fn a_release_is_found_by_name_and_manifest(store: &dyn Store) {
    let (first, second) = (release("1.0.0", 1), release("1.1.0", 2));
    store.add_release(&first, b"one").await.expect("new");
    store.add_release(&second, b"two").await.expect("new");
    assert_eq!(
        store.release(&second.id).await.expect("readable"),
        Some(second.clone())
    );
    let found = store.release_by_manifest(&NEW).await.expect("readable");
    assert_eq!(found, Some(second.clone()));
    assert_eq!(
        store.envelope(&NEW).await.expect("readable"),
        Some(b"two".to_vec())
    );
    let unknown = ReleaseDigest([9; 32]);
    assert_eq!(
        store.release_by_manifest(&unknown).await.expect("readable"),
        None
    );
    assert_eq!(store.envelope(&unknown).await.expect("readable"), None);
    assert_eq!(store.releases().await.expect("readable"), [second, first]);
}

/// Lists end somewhere; what is withdrawn must reach every release.
pub async fn every_release_is_walked_over_in_pages(store: &dyn Store) {
    let none = store.releases_after(None, 2).await.expect("readable");
    assert_eq!(none, []);
    let all: Vec<_> = (1..=5)
        .map(|number| release(&format!("1.{number}.0"), number))
        .collect();
    for release in &all {
        store.add_release(release, b"one").await.expect("new");
    }
    let mut walked = Vec::new();
    loop {
        let last = walked.last().map(|release: &Release| &release.id);
        let page = store.releases_after(last, 2).await.expect("readable");
        assert!(page.len() <= 2, "{page:?}");
        if page.is_empty() {
            break;
        }
        walked.extend(page);
        // What is added meanwhile is newer than all that is still to come.
        let late = u8::try_from(walked.len()).expect("a few") + 10;
        let late = release(&format!("2.{late}.0"), late);
        store.add_release(&late, b"late").await.expect("new");
    }
    walked.reverse();
    assert_eq!(walked, all);
}

pub async fn a_taken_name_or_manifest_adds_nothing(store: &dyn Store) {
    store
        .add_release(&release("1.0.0", 1), b"one")
        .await
        .expect("new");
    for taken in [release("1.0.0", 5), release("1.5.0", 1)] {
        let error = store
            .add_release(&taken, b"other")
            .await
            .expect_err("it is taken");
        assert_eq!(error.id(), "store.already-exists");
    }
    assert_eq!(store.releases().await.expect("readable").len(), 1);
}

async fn move_on(store: &dyn Store, to: &Release, expected: StageName) -> Result<(), &'static str> {
    let change = StageChange {
        release: to,
        expected,
    };
    store
        .save_release(change, None)
        .await
        .map_err(|error| error.id())
}

pub async fn a_release_moves_only_from_the_expected_stage(store: &dyn Store) {
    let signed = release("1.0.0", 1);
    store.add_release(&signed, b"one").await.expect("new");
    let gated = gated(signed);
    assert_eq!(
        move_on(store, &gated, StageName::Draft).await,
        Err("store.conflict")
    );
    assert_eq!(move_on(store, &gated, StageName::Signed).await, Ok(()));
    assert_eq!(
        move_on(store, &gated, StageName::Signed).await,
        Err("store.conflict")
    );
    assert_eq!(
        store.release(&gated.id).await.expect("readable"),
        Some(gated)
    );
    let unknown = release("9.0.0", 9);
    assert_eq!(
        move_on(store, &unknown, StageName::Signed).await,
        Err("store.not-found")
    );
}

pub async fn an_approval_brings_its_envelope(store: &dyn Store) {
    let gated = gated(release("1.1.0", 2));
    store.add_release(&gated, b"one block").await.expect("new");
    let approved = approved(gated);
    let change = |expected| StageChange {
        release: &approved,
        expected,
    };
    let early = store
        .save_release(change(StageName::Signed), Some(b"two blocks"))
        .await;
    assert_eq!(early.expect_err("it is gated").id(), "store.conflict");
    assert_eq!(
        store.envelope(&NEW).await.expect("readable"),
        Some(b"one block".to_vec())
    );
    store
        .save_release(change(StageName::Gated), Some(b"two blocks"))
        .await
        .expect("gated");
    assert_eq!(
        store.envelope(&NEW).await.expect("readable"),
        Some(b"two blocks".to_vec())
    );
}

pub async fn revoked_releases_are_found_by_their_manifests(store: &dyn Store) {
    for number in 1..=3 {
        let release = release(&format!("1.{number}.0"), number);
        store.add_release(&release, b"one").await.expect("new");
    }
    assert_eq!(store.revoked_releases().await.expect("readable"), []);
    for number in [1, 3] {
        let signed = release(&format!("1.{number}.0"), number);
        let revoked = signed.revoke("by revocations 0.1", at(4)).expect("not yet");
        assert_eq!(move_on(store, &revoked, StageName::Signed).await, Ok(()));
    }
    let found = store.revoked_releases().await.expect("readable");
    assert_eq!(found, [ReleaseDigest([3; 32]), ReleaseDigest([1; 32])]);
}
