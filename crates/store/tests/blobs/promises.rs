//! The promises of a home of blobs.

use std::io;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use mainstay_store::Pieces;
use mainstay_store::blobs::{PIECE_BYTES, pieces};

use super::{Opened, digest, id, part, put, read};

/// So many bytes that no two pieces are alike.
fn long(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251) as u8).collect()
}

/// The same bytes, cut otherwise.
fn cut(bytes: &[u8], at: usize) -> Pieces<'static> {
    let pieces: Vec<_> = bytes
        .chunks(at)
        .map(Bytes::copy_from_slice)
        .map(Ok)
        .collect();
    stream::iter(pieces).boxed()
}

pub async fn a_blob_is_read_as_it_was_put(home: &Opened) {
    let blobs = &*home.blobs;
    for bytes in [&b""[..], b"x", &long(PIECE_BYTES), &long(9_000_001)] {
        let digest = digest(bytes);
        assert_eq!(read(blobs, &digest).await, None);
        assert!(blobs.read(&digest, 0..1).await.expect("asked").is_none());
        for at in [700, 1 << 20] {
            let kept = blobs.put(&digest, bytes.len() as u64, cut(bytes, at)).await;
            kept.expect("writable");
            assert!(
                read(blobs, &digest).await.as_deref() == Some(bytes),
                "{}",
                bytes.len()
            );
        }
    }
}

pub async fn any_range_of_a_blob_is_read(home: &Opened) {
    let bytes = long(3 * PIECE_BYTES + 5);
    let digest = put(&*home.blobs, &bytes).await;
    let (piece, len) = (PIECE_BYTES as u64, bytes.len() as u64);
    let ranges = [
        0..0,
        0..1,
        7..7,
        len - 1..len,
        len..len,
        piece - 1..piece + 1,
        1..len - 1,
        0..len,
    ];
    for range in ranges {
        let found = part(&*home.blobs, &digest, range.clone()).await;
        let expected = &bytes[range.start as usize..range.end as usize];
        assert!(found.expect("readable") == expected, "{range:?}");
    }
}

pub async fn a_range_beyond_the_end_is_an_error_and_never_short(home: &Opened) {
    let digest = put(&*home.blobs, b"five.").await;
    for range in [0..6, 4..6, 5..6, 9..12] {
        let found = part(&*home.blobs, &digest, range.clone()).await;
        assert!(found.is_err(), "{range:?} gave {found:?}");
    }
}

pub async fn bytes_of_another_digest_or_length_are_refused(home: &Opened) {
    let blobs = &*home.blobs;
    let whole = digest(b"whole");
    for (bytes, announced) in [(&b"whore"[..], 5), (b"whole", 6), (b"whole", 4), (b"", 5)] {
        let stream = pieces(Bytes::copy_from_slice(bytes));
        let refused = blobs.put(&whole, announced, stream).await;
        assert_eq!(id(&refused.expect_err("not its bytes")), "store.damaged");
        assert_eq!(read(blobs, &whole).await, None);
    }
}

pub async fn a_stream_that_breaks_off_leaves_nothing(home: &Opened) {
    let bytes = long(2 * PIECE_BYTES);
    let whole = digest(&bytes);
    let broken = || Err(io::Error::other("the client left"));
    let stream = cut(&bytes[..PIECE_BYTES + 9], 1000).chain(stream::once(async move { broken() }));
    let refused = home.blobs.put(&whole, bytes.len() as u64, stream.boxed());
    let refused = refused.await.expect_err("it broke off");
    assert_eq!(id(&refused), "source", "{refused}");
    assert!(refused.to_string().contains("the client left"), "{refused}");
    assert_eq!(read(&*home.blobs, &whole).await, None);
}

/// A sender without an end is stopped at the first piece too many.
pub async fn more_than_was_announced_is_not_taken(home: &Opened) {
    let mut sent = 0;
    let endless = stream::repeat_with(|| {
        sent += 1000;
        Ok(Bytes::from_static(&[7; 1000]))
    });
    let digest = digest(b"");
    let refused = home.blobs.put(&digest, 1_000_000, endless.boxed());
    let refused = refused.await.expect_err("it is too long");
    assert_eq!(id(&refused), "store.damaged");
    assert_eq!(sent, 1_001_000);
}

pub async fn a_damaged_blob_is_told_by_its_size_and_healed_by_the_next_put(home: &Opened) {
    let blobs = &*home.blobs;
    let bytes = long(PIECE_BYTES + 1);
    let digest = put(blobs, &bytes).await;
    let mut flipped = bytes.clone();
    flipped[77] ^= 1;
    for damaged in [Vec::new(), bytes[..100].to_vec(), flipped] {
        let found = Some(damaged.len() as u64);
        (home.hand)(digest, damaged).await;
        assert_eq!(blobs.size(&digest).await.expect("it can be told"), found);
        put(blobs, &bytes).await;
        assert!(read(blobs, &digest).await.as_deref() == Some(&bytes[..]));
    }
}

pub async fn many_put_one_blob_at_once(home: &Opened) {
    let blobs = &*home.blobs;
    let bytes = long(PIECE_BYTES + 1);
    tokio::join!(put(blobs, &bytes), put(blobs, &bytes), put(blobs, &bytes));
    assert!(read(blobs, &digest(&bytes)).await.as_deref() == Some(&bytes[..]));
}

pub async fn what_is_removed_is_gone_and_may_come_back(home: &Opened) {
    let (leaves, stays) = (
        put(&*home.blobs, b"leaves").await,
        put(&*home.blobs, b"stays").await,
    );
    for _ in 0..2 {
        home.blobs
            .remove(&leaves)
            .await
            .expect("removed, or gone already");
        assert_eq!(home.blobs.size(&leaves).await.expect("told"), None);
    }
    assert_eq!(
        read(&*home.blobs, &stays).await.as_deref(),
        Some(&b"stays"[..])
    );
    put(&*home.blobs, b"leaves").await;
    assert_eq!(
        read(&*home.blobs, &leaves).await.as_deref(),
        Some(&b"leaves"[..])
    );
}

pub async fn a_note_is_the_last_one_written(home: &Opened) {
    assert_eq!(home.blobs.note().await.expect("asked"), None);
    for note in [&b"one"[..], b"", b"another"] {
        let written = home.blobs.write_note(Bytes::copy_from_slice(note)).await;
        written.expect("writable");
        let found = home.blobs.note().await.expect("readable");
        assert_eq!(found.as_deref(), Some(note));
    }
}
