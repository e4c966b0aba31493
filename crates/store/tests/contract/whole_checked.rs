//! A store as a whole: what a check finds in it.

use mainstay_store::FolderBlobs;
use mainstay_store::whole::{self, Checked, StoreAt};
use mainstay_trust::Digest;
use tempfile::TempDir;

use super::FILE;
use super::whole::{an_empty_database, change, copied, sums};
use super::whole_fleet::a_fleet;

async fn check(at: &StoreAt) -> Checked {
    whole::check(at, None, &mut |_| {}).await.expect("readable")
}

/// Table, row and words of each finding.
async fn found(at: &StoreAt) -> Vec<(String, String, String)> {
    let findings = check(at).await.findings.into_iter();
    let told = findings.map(|one| (one.table.to_owned(), one.row, one.because));
    told.collect()
}

/// What breaks a row, and its table, its key and words of what is found.
const BREAKS: [(&str, &str, &str, &str); 9] = [
    (
        "UPDATE devices SET running = '{' WHERE key = 2",
        "devices",
        "2",
        "EOF",
    ),
    (
        "UPDATE enrolments SET wave = 9 WHERE device = 1",
        "enrolments",
        "1 1",
        "no such wave",
    ),
    (
        "UPDATE order_numbers SET last = 7",
        "orders",
        "1000018",
        "beyond 7",
    ),
    (
        "UPDATE event_numbers SET last = 0",
        "events",
        "1",
        "beyond 0",
    ),
    (
        "UPDATE events SET kind = 'x' WHERE number = 1",
        "events",
        "1",
        "kind",
    ),
    ("UPDATE plans SET text = 'nothing'", "plans", "1", "digest"),
    (
        "UPDATE rollouts SET phase = 'complete'",
        "rollouts",
        "1",
        "phase",
    ),
    (
        "UPDATE people SET duty = 'king'",
        "people",
        "sam@northwind.example",
        "king",
    ),
    ("DELETE FROM standing", "standing", "", "one row"),
];

#[tokio::test]
async fn a_row_that_was_broken_by_hand_is_found() {
    let (_folder, here) = a_fleet().await;
    assert_eq!(found(&here).await, []);
    let whole_sums = sums(&here).await;
    for (breaks, table, row, words) in BREAKS {
        let (_copied, broken) = copy_of(&here).await;
        change(&broken, breaks).await;
        let found = found(&broken).await;
        let is_it =
            |(t, r, w): &(String, String, String)| t == table && r == row && w.contains(words);
        assert!(found.iter().any(is_it), "{breaks}: {found:?}");
        assert_ne!(sums(&broken).await, whole_sums, "{breaks}");
    }
}

/// SQLite lets it be done where references aren't looked at.
#[tokio::test]
async fn rows_that_refer_to_nothing_are_found() {
    let (_folder, here) = a_fleet().await;
    change(&here, "DELETE FROM devices WHERE key = 1").await;
    let told = found(&here).await;
    let words = "enrolments refers to devices";
    let is_told = told.iter().any(|(_, _, told)| told.contains(words));
    assert!(is_told, "{told:?}");
}

#[tokio::test]
async fn a_column_of_postgres_own_that_says_something_else_is_found() {
    let (_folder, here) = a_fleet().await;
    let (_, there) = an_empty_database().await;
    copied(&here, &there).await.expect("carried over");
    assert_eq!(found(&there).await, []);
    for (breaks, table, words) in [
        (
            "UPDATE enrolments SET state = 'confirmed' WHERE device = 2",
            "enrolments",
            "state",
        ),
        (
            "UPDATE releases SET image_bytes = 1",
            "releases",
            "image_bytes",
        ),
        (
            "UPDATE timeline SET confirmed = 'x' WHERE key = 1",
            "timeline",
            "confirmed",
        ),
    ] {
        change(&there, breaks).await;
        let found = found(&there).await;
        let is_it = |(t, _, w): &(String, String, String)| t == table && w.contains(words);
        assert!(found.iter().any(is_it), "{breaks}: {found:?}");
        assert_eq!(
            sums(&there).await,
            sums(&here).await,
            "only what both have is compared"
        );
    }
}

async fn copy_of(at: &StoreAt) -> (TempDir, StoreAt) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = StoreAt::File(folder.path().join(FILE));
    copied(at, &copy).await.expect("copied");
    (folder, copy)
}

#[tokio::test]
async fn a_release_without_its_payload_is_found() {
    let (folder, here) = a_fleet().await;
    let home = folder.path().join("blobs");
    let blobs = FolderBlobs::open(&home).await.expect("a new folder");
    let because = || async {
        let checked = whole::check(&here, Some(&blobs), &mut |_| {})
            .await
            .expect("readable");
        let found = checked.findings.into_iter().map(|one| one.because);
        found.collect::<Vec<_>>().join("\n")
    };
    assert!(because().await.contains("isn't there"));
    let image = Digest([0x82; 32]).to_string();
    let folder_of_it = home.join(&image[..2]);
    std::fs::create_dir_all(&folder_of_it).expect("an own folder");
    for (bytes, told) in [(4096, false), (4095, true)] {
        std::fs::write(folder_of_it.join(&image), vec![0; bytes]).expect("an own folder");
        assert_eq!(because().await.contains("has 4095 bytes"), told);
    }
}
