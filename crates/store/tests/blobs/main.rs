//! What every home of blobs must do, told once and run over each of them.
//!
//! A new home adds a function that opens an empty one, and one line `blob_contract!(home);`. What is one home's own has its
//! own tests.

mod folder_only;
mod judge;
mod promises;
mod s3_only;

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _};
use mainstay_store::blobs::pieces;
use mainstay_store::{Blobs, FolderBlobs, MirrorHome, PutError, S3Blobs};
use mainstay_trust::Digest;
use sha2::{Digest as _, Sha256};

/// An empty home, a hand that does to its bytes what it never would, and what must live as long as it.
struct Opened {
    blobs: Arc<dyn MirrorHome>,
    hand: Hand,
    _alive: Box<dyn Any>,
}

/// Makes these bytes what is kept under a digest, past all checks.
type Hand = Box<dyn Fn(Digest, Vec<u8>) -> BoxFuture<'static, ()>>;

async fn folder() -> Opened {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("blobs");
    let blobs = FolderBlobs::open(&path).await.expect("makes its folder");
    Opened {
        blobs: Arc::new(blobs),
        hand: Box::new(move |digest, bytes| {
            folder_only::damage(&path, &digest, &bytes);
            std::future::ready(()).boxed()
        }),
        _alive: Box::new(folder),
    }
}

async fn s3() -> Opened {
    let place = s3_only::place();
    let blobs = S3Blobs::new(&place).expect("a place");
    Opened {
        blobs: Arc::new(blobs),
        hand: Box::new(move |digest, bytes| {
            let place = place.clone();
            async move { s3_only::damage(&place, digest, bytes).await }.boxed()
        }),
        _alive: Box::new(()),
    }
}

fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

async fn put(blobs: &dyn Blobs, bytes: &[u8]) -> Digest {
    let digest = digest(bytes);
    let stream = pieces(Bytes::copy_from_slice(bytes));
    let kept = blobs.put(&digest, bytes.len() as u64, stream).await;
    kept.expect("writable");
    digest
}

/// What can be read of a blob; none if it isn't there.
async fn read(blobs: &dyn Blobs, digest: &Digest) -> Option<Vec<u8>> {
    let bytes = blobs.size(digest).await.expect("it can be told")?;
    Some(part(blobs, digest, 0..bytes).await.expect("readable"))
}

async fn part(
    blobs: &dyn Blobs,
    digest: &Digest,
    range: std::ops::Range<u64>,
) -> std::io::Result<Vec<u8>> {
    use futures_util::TryStreamExt as _;
    let opened = blobs.read(digest, range).await.expect("it can be opened");
    let mut pieces = opened.expect("it is there");
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.try_next().await? {
        // What thousands of slow downloads hold of it, each.
        assert!(piece.len() <= 64 * 1024, "{}", piece.len());
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// The id of what the store says about a refused blob.
fn id(refused: &PutError) -> &'static str {
    match refused {
        PutError::Source(_) => "source",
        PutError::Store(error) => error.id(),
    }
}

/// Makes a test of each promise, for one home.
macro_rules! blob_contract {
    ($home:ident) => {
        blob_contract!($home:
            a_blob_is_read_as_it_was_put,
            any_range_of_a_blob_is_read,
            a_range_beyond_the_end_is_an_error_and_never_short,
            bytes_of_another_digest_or_length_are_refused,
            a_stream_that_breaks_off_leaves_nothing,
            more_than_was_announced_is_not_taken,
            a_damaged_blob_is_told_by_its_size_and_healed_by_the_next_put,
            many_put_one_blob_at_once,
            what_is_removed_is_gone_and_may_come_back,
            a_note_is_the_last_one_written,
        );
    };
    ($home:ident: $($promise:ident,)*) => {
        mod $home {
            $(
                #[tokio::test]
                async fn $promise() {
                    crate::promises::$promise(&super::$home().await).await;
                }
            )*
        }
    };
}

blob_contract!(folder);
blob_contract!(s3);
