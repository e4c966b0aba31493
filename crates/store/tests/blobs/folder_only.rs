//! Payloads in a folder: what is the folder's own.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use mainstay_store::blobs::pieces;
use mainstay_store::{Blobs as _, FolderBlobs};
use mainstay_trust::Digest;

use super::{digest, id, put, read};

/// Writes over the file of a blob.
pub fn damage(folder: &Path, digest: &Digest, bytes: &[u8]) {
    let name = digest.to_string();
    fs::write(folder.join(&name[..2]).join(&name), bytes).expect("writable");
}

#[tokio::test]
async fn what_is_refused_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = FolderBlobs::open(folder.path()).await.expect("a folder");
    let digest = digest(b"a");
    let refused = blobs.put(&digest, 1, pieces(Bytes::from_static(b"b")));
    assert_eq!(
        id(&refused.await.expect_err("not its bytes")),
        "store.damaged"
    );
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
}

#[tokio::test]
async fn what_a_crash_left_is_no_blob_and_is_cleared_away() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = FolderBlobs::open(folder.path()).await.expect("a folder");
    let (whole, torn) = (put(&blobs, b"whole").await, digest(b"torn"));
    let name = torn.to_string();
    let shelf = folder.path().join(&name[..2]);
    fs::create_dir_all(&shelf).expect("writable");
    let partials = [&shelf, folder.path()].map(|at| at.join(format!("{name}.77-0.partial")));
    for partial in &partials {
        fs::write(partial, b"to").expect("writable");
    }
    assert_eq!(read(&blobs, &torn).await, None);
    let reopened = FolderBlobs::open(folder.path()).await.expect("a folder");
    assert!(partials.iter().all(|partial| !partial.exists()));
    assert_eq!(
        read(&reopened, &whole).await.as_deref(),
        Some(&b"whole"[..])
    );
    put(&reopened, b"torn").await;
    assert_eq!(read(&reopened, &torn).await.as_deref(), Some(&b"torn"[..]));
}

/// Who leaves in the middle of an upload is no error that anybody sees; the room on the disk must come back all the same.
#[tokio::test]
async fn an_upload_that_is_given_up_takes_no_room() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = FolderBlobs::open(folder.path()).await.expect("a folder");
    let files = || fs::read_dir(folder.path()).expect("readable").count();
    let digest = digest(b"whole");
    let mut putting = Box::pin(blobs.put(&digest, 5, Box::pin(stream::pending())));
    for _ in 0..3000 {
        if files() > 0 {
            break;
        }
        let waited = tokio::time::timeout(Duration::from_millis(10), &mut putting);
        assert!(waited.await.is_err(), "nothing comes");
    }
    assert!(files() > 0, "it doesn't begin");
    drop(putting);
    assert_eq!(files(), 0);
}

#[tokio::test]
async fn a_folder_that_cannot_be_one_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, b"").expect("writable");
    let refused = FolderBlobs::open(&file).await.expect_err("it is a file");
    assert_eq!(refused.id(), "store.unreadable");
}
