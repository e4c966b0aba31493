//! Payloads in a folder: what is the folder's own.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use mainstay_store::blobs::pieces;
use mainstay_store::{Blobs as _, FolderBlobs, PutError};
use mainstay_trust::Digest;

use super::{digest, id, put, read};

/// Writes over the file of a blob.
pub fn damage(folder: &Path, digest: &Digest, bytes: &[u8]) {
    let name = digest.to_string();
    fs::write(folder.join(&name[..2]).join(&name), bytes).expect("writable");
}

#[tokio::test]
async fn a_folder_gives_no_links() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = FolderBlobs::open(folder.path()).await.expect("a folder");
    let digest = put(&blobs, b"whole").await;
    let link = blobs.link(&digest, Duration::from_secs(60)).await;
    assert_eq!(link.expect("asked"), None);
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

/// Several servers may have one folder, on a file system that all of them see.
#[tokio::test]
async fn a_server_that_starts_leaves_what_another_one_receives() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = FolderBlobs::open(folder.path()).await.expect("a folder");
    let (digest, path) = (digest(b"whole"), folder.path().to_owned());
    let sent = stream::once(async move {
        FolderBlobs::open(path).await.expect("a folder");
        Ok::<_, io::Error>(Bytes::from_static(b"whole"))
    });
    let kept = blobs.put(&digest, 5, Box::pin(sent)).await;
    kept.expect("nobody took it away");
    assert_eq!(read(&blobs, &digest).await.as_deref(), Some(&b"whole"[..]));
}

#[tokio::test]
async fn two_servers_try_the_same_folder_at_the_same_moment() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let one = FolderBlobs::open(folder.path()).await.expect("a folder");
    let other = FolderBlobs::open(folder.path()).await.expect("a folder");
    for _ in 0..40 {
        let (first, second) = tokio::join!(one.probe(), other.probe());
        first.expect("it takes writes");
        second.expect("it takes writes");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
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

/// A full disk is told before anybody sends two gigabytes to it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_blob_for_which_there_is_no_room_is_refused_before_its_first_byte() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = FolderBlobs::open(folder.path()).await.expect("a folder");
    let unread = stream::once(async { unreachable!("a byte was asked for") });
    let digest = digest(b"large");
    let refused = blobs.put(&digest, 1 << 50, Box::pin(unread));
    let refused = refused.await.expect_err("no disk is so large");
    assert_eq!(id(&refused), "store.full");
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
}

/// What was set aside and not sent goes back with the file; a payload of another size than announced keeps none of it.
#[tokio::test]
async fn the_room_of_a_blob_that_breaks_off_is_given_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = FolderBlobs::open(folder.path()).await.expect("a folder");
    let broken = io::Error::from(io::ErrorKind::ConnectionReset);
    let begun = [Ok(Bytes::from_static(b"begun")), Err(broken)];
    let digest = digest(b"large");
    let refused = blobs.put(&digest, 96 << 20, Box::pin(stream::iter(begun)));
    let refused = refused.await.expect_err("it breaks off");
    assert!(matches!(refused, PutError::Source(_)), "{refused}");
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
}

#[tokio::test]
async fn a_folder_that_cannot_be_one_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, b"").expect("writable");
    let refused = FolderBlobs::open(&file).await.expect_err("it is a file");
    assert_eq!(refused.id(), "store.unreadable");
}
