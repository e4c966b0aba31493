//! Lists that grow without end, a page at a time.

use std::cmp::Reverse;

use mainstay_access::{JoinCode, Welcome};
use mainstay_release::{Release, ReleaseId};
use mainstay_rollout::{Rollout, RolloutId};
use mainstay_store::{RevokedCertificate, Store};
use mainstay_telemetry::{Incident, IncidentId};

use super::fixture::{NEW, at, release, start_another, started};
use super::incidents::incident;
use super::joining::{code, revoked};
use super::welcomes::welcome;

/// So many are in each list.
const COUNT: u8 = 5;

/// When the one of this number was made or revoked: some in the same moment, the third one last.
fn minute(n: u8) -> i64 {
    [1, 0, 4, 0, 1][usize::from(n)]
}

/// Page after page of at most so many, behind `after`.
async fn rest<T: Clone>(
    mut after: Option<T>,
    most: u32,
    page: &impl AsyncFn(Option<T>, u32) -> Vec<T>,
) -> Vec<T> {
    let mut all = Vec::new();
    loop {
        let read = page(after, most).await;
        assert!(read.len() <= most as usize);
        let Some(last) = read.last() else { return all };
        after = Some(last.clone());
        all.extend(read);
    }
}

/// Pages of any length have each once, in this order; and so has a walk in which one more is added behind the first page.
async fn check<T: Clone + PartialEq + std::fmt::Debug>(
    expected: &[T],
    page: impl AsyncFn(Option<T>, u32) -> Vec<T>,
    add: impl AsyncFn() -> T,
) {
    assert_eq!(expected.len(), usize::from(COUNT));
    for most in [1, 2, 4, 5, 6] {
        let walked = rest(None, most, &page).await;
        assert_eq!(walked, expected, "{most} at a time");
    }
    let mut walked = page(None, 2).await;
    let added = add().await;
    walked.extend(rest(walked.last().cloned(), 2, &page).await);
    assert_eq!(walked, expected);
    assert_eq!(page(None, 1).await, [added]);
}

pub async fn releases_come_by_page(store: &dyn Store) {
    let mut expected = Vec::new();
    for n in 1..=COUNT {
        // Neither by name nor by version.
        let one = release(&format!("1.{}.0", 10 - n), n);
        store.add_release(&one, b"one").await.expect("new");
        expected.insert(0, one);
    }
    let page = async |after: Option<Release>, most| {
        let after = after.map(|release| release.id);
        let read = store.releases_after(after.as_ref(), most).await;
        read.expect("readable")
    };
    let add = async || {
        let one = release("1.0.0", 9);
        store.add_release(&one, b"one").await.expect("new");
        one
    };
    check(&expected, page, add).await;
    let unknown: &ReleaseId = &release("7.7.7", 77).id;
    let nothing = store.releases_after(Some(unknown), 9).await;
    assert_eq!(nothing.expect("readable"), []);
}

pub async fn rollouts_come_by_page(store: &dyn Store) {
    let mut expected = vec![started(store, 1).await];
    for _ in 1..COUNT {
        expected.insert(0, start_another(store, NEW, 1).await);
    }
    let page = async |after: Option<Rollout>, most| {
        let after = after.map(|rollout| rollout.id);
        store.rollouts_after(after, most).await.expect("readable")
    };
    let add = async || start_another(store, NEW, 1).await;
    check(&expected, page, add).await;
    let nothing = store.rollouts_after(Some(RolloutId(0)), 9).await;
    assert_eq!(nothing.expect("readable"), []);
}

pub async fn incidents_come_by_page(store: &dyn Store) {
    let opened = incident(&started(store, 1).await);
    let add = async || {
        let id = store.open_incident(&opened).await.expect("writable");
        let found = store.incident(id).await.expect("readable");
        found.expect("it was opened")
    };
    let mut expected = Vec::new();
    for _ in 0..COUNT {
        expected.insert(0, add().await);
    }
    let page = async |after: Option<Incident>, most| {
        let after = after.map(|incident| incident.id);
        store.incidents_after(after, most).await.expect("readable")
    };
    check(&expected, page, add).await;
    let nothing = store.incidents_after(Some(IncidentId(1)), 9).await;
    assert_eq!(nothing.expect("readable"), []);
}

pub async fn join_codes_come_by_page(store: &dyn Store) {
    let made = |n: u8, minutes| JoinCode {
        made: at(minutes),
        ..code(usize::from(n), 1)
    };
    let mut expected: Vec<_> = (0..COUNT).map(|n| made(n, minute(n))).collect();
    for one in &expected {
        store.add_join_code(one).await.expect("new");
    }
    expected.sort_by_key(|one| (Reverse(one.made), one.hash));
    let page = async |after: Option<JoinCode>, most| {
        let read = store.join_codes_after(after.as_ref(), most).await;
        read.expect("readable")
    };
    let add = async || {
        let one = made(9, 9);
        store.add_join_code(&one).await.expect("new");
        one
    };
    check(&expected, page, add).await;
}

pub async fn welcomes_come_by_page(store: &dyn Store) {
    let made = |n, minutes| Welcome {
        made: at(minutes),
        ..welcome(n, 1)
    };
    let mut expected: Vec<_> = (0..COUNT).map(|n| made(n, minute(n))).collect();
    for one in &expected {
        store.add_welcome(one).await.expect("new");
    }
    expected.sort_by_key(|one| (Reverse(one.made), one.id));
    let page = async |after: Option<Welcome>, most| {
        let read = store.welcomes_after(after.as_ref(), most).await;
        read.expect("readable")
    };
    let add = async || {
        let one = made(9, 9);
        store.add_welcome(&one).await.expect("new");
        one
    };
    check(&expected, page, add).await;
}

pub async fn revoked_certificates_come_by_page(store: &dyn Store) {
    let revoked = |n: u8, minutes| RevokedCertificate {
        at: at(minutes),
        ..revoked(usize::from(n))
    };
    let mut expected: Vec<_> = (0..COUNT).map(|n| revoked(n, minute(n))).collect();
    for one in &expected {
        store.revoke_certificate(one).await.expect("new");
        let found = store.revoked_certificate(&one.fingerprint).await;
        assert_eq!(found.expect("readable").as_ref(), Some(one));
    }
    let unknown = store.revoked_certificate(&[77; 32]).await;
    assert_eq!(unknown.expect("readable"), None);
    expected.sort_by_key(|one| (Reverse(one.at), one.fingerprint));
    let page = async |after: Option<RevokedCertificate>, most| {
        let read = store.revoked_certificates_after(after.as_ref(), most).await;
        read.expect("readable")
    };
    let add = async || {
        let one = revoked(9, 9);
        store.revoke_certificate(&one).await.expect("new");
        one
    };
    check(&expected, page, add).await;
}
