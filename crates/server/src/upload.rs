//! An artifact on its way in: its envelope is read first and judged, then its payload goes by, piece by piece.
//!
//! A payload is large and comes from outside, so it never lies in memory, and none of it is kept before the envelope's signatures were
//! found in order. What it must be stands in the manifest; whether it is that is known at its end. A sender of whom too little comes
//! is waited for no longer ([`BodyTooSlow`]). Whoever is refused in the middle is answered at once, and heard on for a while ([`forget`]). Read
//! [`begin`] and [`keep`].

use std::io;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use mainstay_artifact::container::{ContainerError, FILE_BYTES_MAX, PREFIX_BYTES_MAX};
use mainstay_artifact::{ArtifactFile, MeasuringPayload, Summing};
use mainstay_keys::HostPrimitives;
use mainstay_release::Facts;
use mainstay_store::{Pieces, PutError, StoreError};
use mainstay_trust::{Digest, Manifest, Refusal};
use tokio::time::timeout;

use crate::front::BodyTooSlow;
use crate::guard::Patience;
use crate::problem::Refused;
use crate::{App, body};

/// So much is heard of a sender who was refused: one that reads no answer before it has sent all then gets it, if it sends no more than
/// that. Others read it while they still send.
const FORGOTTEN_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// For so long, at most: over a line of 20 Mbit/s that is as much.
const FORGOTTEN_TIME_MAX: Duration = Duration::from_secs(30);

/// A body as it comes. How slowly it may is the front's ([`BodyTooSlow`]).
pub(crate) fn pieces(body: Body) -> Pieces<'static> {
    body.into_data_stream().map_err(io::Error::other).boxed()
}

/// Reads the frame of an artifact up to its payload, which is what is left of `pieces` then.
///
/// # Errors
/// `request.too-large`, `request.cut-short`, `request.stalled`, or what is wrong with the frame.
pub(crate) async fn begin(
    headers: &HeaderMap,
    pieces: &mut Pieces<'static>,
) -> Result<ArtifactFile, Refused> {
    body::check_head(headers, bound())?;
    let mut read = Vec::new();
    while read.len() < PREFIX_BYTES_MAX {
        let piece = pieces.try_next().await.map_err(|error| broken(&error))?;
        let Some(piece) = piece else { break };
        read.extend_from_slice(&piece);
    }
    let frame = ArtifactFile::from_prefix(&read).map_err(malformed)?;
    let payload_offset = usize::try_from(frame.payload_offset).unwrap_or(read.len());
    let begun = Bytes::from(read.split_off(payload_offset));
    let rest = mem::replace(pieces, stream::empty().boxed());
    *pieces = stream::iter([Ok(begun)]).chain(rest).boxed();
    Ok(frame)
}

/// Goes on reading what is left, behind the back of whoever answers, and forgets it. Who is refused in the middle of sending would see a
/// broken connection instead of the reason, if nobody read what is still on its way. Nobody is heard for long.
pub(crate) fn forget(app: &App, rest: Pieces<'static>) {
    let Some(place) = app.refused_place() else {
        return;
    };
    tokio::spawn(async move {
        // However it ends: nothing of it is wanted.
        let _heard = timeout(FORGOTTEN_TIME_MAX, read_on(rest)).await;
        drop(place);
    });
}

async fn read_on(mut rest: Pieces<'static>) {
    let mut left = FORGOTTEN_BYTES_MAX;
    while let Ok(Some(piece)) = rest.try_next().await {
        let Some(less) = left.checked_sub(piece.len() as u64) else {
            break;
        };
        left = less;
    }
}

/// Keeps the payload of a manifest that was found in order, and what the clients of others compare. What is left of `rest` after an
/// error is the caller's to [`forget`].
///
/// # Errors
/// If it isn't that payload, breaks off, or can't be kept.
pub(crate) async fn keep(
    app: &App,
    patience: &Patience,
    manifest: &Manifest<'_>,
    frame: &ArtifactFile,
    rest: &mut Pieces<'static>,
) -> Result<(), Refused> {
    let payload = MeasuringPayload::of(manifest, &HostPrimitives);
    let image = manifest.image().digest;
    let measures = Measures::of(Some(payload));
    let measures = put(app, patience, image, frame, rest, measures).await?;
    if let Some(payload) = measures.payload {
        payload.finish().check(manifest)?;
    }
    came(app, image, measures.sums).await
}

/// Keeps a payload of which nothing is asked but its size and its digest, as it was here already and found in order then: equal
/// digests are equal bytes.
///
/// # Errors
/// As [`keep`].
pub(crate) async fn keep_again(
    app: &App,
    patience: &Patience,
    facts: &Facts,
    frame: &ArtifactFile,
    rest: &mut Pieces<'static>,
) -> Result<(), Refused> {
    if frame.payload_len != facts.image_bytes {
        return Err(Refusal::PayloadSize.into());
    }
    let measures = Measures::of(None);
    let measures = put(app, patience, facts.image, frame, rest, measures).await?;
    came(app, facts.image, measures.sums).await
}

async fn came(app: &App, image: Digest, sums: Summing<HostPrimitives>) -> Result<(), Refused> {
    app.soundness.note_hand_in(image);
    Ok(app.store.note_payload(&sums.finish().into()).await?)
}

/// Lets a payload go by into the home of blobs; meanwhile no store is needed.
async fn put(
    app: &App,
    patience: &Patience,
    image: Digest,
    frame: &ArtifactFile,
    rest: &mut Pieces<'static>,
    measures: Measures,
) -> Result<Measures, Refused> {
    let measures = Arc::new(Mutex::new(measures));
    let seen = measures.clone();
    let pieces = rest.inspect_ok(move |piece| {
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .update(piece);
    });
    let receiving = patience.receiving();
    let put = app
        .blobs
        .put(&image, frame.payload_len, pieces.boxed())
        .await;
    drop(receiving);
    let measures =
        Arc::into_inner(measures).expect("the pieces are gone by now, and their share with them");
    let measures = measures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    match put {
        Ok(()) => Ok(measures),
        Err(error) => Err(measures.refusal(frame, error)),
    }
}

/// What is known of a payload as far as it has come.
struct Measures {
    payload: Option<MeasuringPayload<HostPrimitives>>,
    sums: Summing<HostPrimitives>,
    bytes: u64,
}

impl Measures {
    fn of(payload: Option<MeasuringPayload<HostPrimitives>>) -> Self {
        Self {
            payload,
            sums: Summing::new(&HostPrimitives),
            bytes: 0,
        }
    }

    fn update(&mut self, piece: &[u8]) {
        if let Some(payload) = &mut self.payload {
            payload.update(piece);
        }
        self.sums.update(piece);
        self.bytes += piece.len() as u64;
    }

    /// Why a payload wasn't kept, in the words for whoever sent it.
    fn refusal(&self, frame: &ArtifactFile, error: PutError) -> Refused {
        let announced = frame.payload_len;
        match error {
            PutError::Source(error) => broken(&error),
            PutError::Store(StoreError::Damaged { .. }) if self.bytes < announced => {
                malformed(ContainerError::CutShort {
                    found: frame.payload_offset + self.bytes,
                    promised: frame.payload_offset + announced,
                })
            }
            PutError::Store(StoreError::Damaged { .. }) if self.bytes > announced => {
                malformed(ContainerError::TrailingBytes(self.bytes - announced))
            }
            PutError::Store(StoreError::Damaged { .. }) => Refusal::PayloadDigest.into(),
            PutError::Store(error) => error.into(),
        }
    }
}

/// Why nothing more comes of a body.
fn broken(error: &io::Error) -> Refused {
    match body::is_caused_by::<BodyTooSlow>(error) {
        true => Refused::stalled(),
        false => Refused::cut_short(),
    }
}

fn malformed(error: ContainerError) -> Refused {
    Refused::bad(error.id(), &error, error.cure())
}

fn bound() -> usize {
    usize::try_from(FILE_BYTES_MAX).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    /// Who goes on sending for ever is heard for half a minute; who sends much at once, until it is as much as ever comes at once.
    #[tokio::test(start_paused = true)]
    async fn nobody_who_was_refused_is_heard_for_ever() {
        let endless = |bytes: usize, wait: Duration| {
            let piece = Bytes::from(vec![0; bytes]);
            let next = move |sent: u64| {
                let piece = piece.clone();
                async move {
                    sleep(wait).await;
                    Some((Ok(piece), sent + 1))
                }
            };
            stream::unfold(0, next).boxed()
        };
        let began = Instant::now();
        let trickle = endless(1, Duration::from_secs(1));
        timeout(FORGOTTEN_TIME_MAX, read_on(trickle))
            .await
            .unwrap_err();
        assert_eq!(began.elapsed().as_secs(), 30);
        let began = Instant::now();
        read_on(endless(1 << 20, Duration::from_millis(1))).await;
        assert_eq!(began.elapsed().as_millis(), 65, "64 MiB and one piece");
    }
}
