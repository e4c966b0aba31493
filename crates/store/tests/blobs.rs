//! Payloads in a folder.

use std::fs;

use mainstay_store::{Blobs as _, FolderBlobs};
use mainstay_trust::Digest;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;

fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

async fn read(blobs: &FolderBlobs, digest: &Digest) -> Option<Vec<u8>> {
    let (mut file, len) = blobs.open(digest).await.expect("readable")?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).await.expect("readable");
    assert_eq!(len, bytes.len() as u64);
    Some(bytes)
}

#[tokio::test]
async fn a_blob_is_read_as_it_was_put() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = FolderBlobs::open(folder.path().join("blobs"))
        .await
        .expect("makes its folder");
    for bytes in [&b""[..], b"x", &[7; 1_000_000]] {
        let digest = digest(bytes);
        assert_eq!(read(&blobs, &digest).await, None);
        for _ in 0..2 {
            blobs.put(&digest, bytes).await.expect("writable");
        }
        assert_eq!(read(&blobs, &digest).await.as_deref(), Some(bytes));
    }
}

#[tokio::test]
async fn bytes_of_another_digest_are_refused_and_leave_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = FolderBlobs::open(folder.path()).await.expect("a folder");
    let refused = blobs
        .put(&digest(b"a"), b"b")
        .await
        .expect_err("not its bytes");
    assert_eq!(refused.id(), "store.damaged");
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
}

#[tokio::test]
async fn what_a_crash_left_is_no_blob_and_is_cleared_away() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = FolderBlobs::open(folder.path()).await.expect("a folder");
    let (whole, torn) = (digest(b"whole"), digest(b"torn"));
    blobs.put(&whole, b"whole").await.expect("writable");
    let name = torn.to_string();
    let shelf = folder.path().join(&name[..2]);
    fs::create_dir_all(&shelf).expect("writable");
    let partial = shelf.join(format!("{name}.77-0.partial"));
    fs::write(&partial, b"to").expect("writable");
    assert_eq!(read(&blobs, &torn).await, None);
    let reopened = FolderBlobs::open(folder.path()).await.expect("a folder");
    assert!(!partial.exists());
    assert_eq!(
        read(&reopened, &whole).await.as_deref(),
        Some(&b"whole"[..])
    );
    reopened.put(&torn, b"torn").await.expect("writable");
    assert_eq!(read(&reopened, &torn).await.as_deref(), Some(&b"torn"[..]));
}

#[tokio::test]
async fn a_folder_that_cannot_be_one_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, b"").expect("writable");
    let refused = FolderBlobs::open(&file).await.expect_err("it is a file");
    assert_eq!(refused.id(), "store.unreadable");
}
