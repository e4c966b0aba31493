//! An artifact on its way in: its envelope is read first and judged, then its payload goes by, piece by piece.
//!
//! A payload is large and comes from outside, so it never lies in memory, and none of it is kept before the envelope's signatures were
//! found in order. What it must be stands in the manifest; whether it is that is known at its end. Read [`begin`] and [`keep`].

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use mainstay_artifact::container::{ContainerError, FILE_BYTES_MAX, PREFIX_BYTES_MAX};
use mainstay_artifact::{ArtifactFile, MeasuringPayload, Summing};
use mainstay_keys::HostPrimitives;
use mainstay_store::{Pieces, PutError, StoreError};
use mainstay_trust::{Manifest, Refusal};

use crate::problem::Refused;
use crate::{App, body};

/// Reads the frame of an artifact up to its payload, which is what is left then.
///
/// # Errors
/// `request.too-large`, `request.cut-short`, or what is wrong with the frame.
pub(crate) async fn begin(
    headers: &HeaderMap,
    body: Body,
) -> Result<(ArtifactFile, Pieces<'static>), Refused> {
    body::check_length(headers, bound())?;
    let mut rest = body.into_data_stream().map_err(io::Error::other).boxed();
    let mut read = Vec::new();
    while read.len() < PREFIX_BYTES_MAX {
        let piece = rest.try_next().await.map_err(|_| Refused::cut_short())?;
        let Some(piece) = piece else { break };
        read.extend_from_slice(&piece);
    }
    let frame = ArtifactFile::from_prefix(&read).map_err(malformed)?;
    let payload_offset = usize::try_from(frame.payload_offset).unwrap_or(read.len());
    let begun = Bytes::from(read.split_off(payload_offset));
    Ok((frame, stream::iter([Ok(begun)]).chain(rest).boxed()))
}

/// Reads what is left and forgets it: who is refused in the middle of sending would see a broken connection instead of the reason.
pub(crate) async fn forget(mut rest: Pieces<'static>) {
    let mut left = FILE_BYTES_MAX;
    while let Ok(Some(piece)) = rest.try_next().await {
        let Some(less) = left.checked_sub(piece.len() as u64) else {
            break;
        };
        left = less;
    }
}

/// Keeps the payload of a manifest that was found in order, and what the clients of others compare.
///
/// # Errors
/// If it isn't that payload, breaks off, or can't be kept.
pub(crate) async fn keep(
    app: &App,
    manifest: &Manifest<'_>,
    frame: &ArtifactFile,
    rest: Pieces<'static>,
) -> Result<(), Refused> {
    let measures = Arc::new(Mutex::new(Measures::of(manifest)));
    let seen = measures.clone();
    let pieces = rest.inspect_ok(move |piece| {
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .update(piece);
    });
    let image = manifest.image();
    let put = app
        .blobs
        .put(&image.digest, frame.payload_len, pieces.boxed())
        .await;
    let measures =
        Arc::into_inner(measures).expect("the pieces are gone by now, and their share with them");
    let measures = measures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if let Err(error) = put {
        return Err(measures.refusal(frame, error));
    }
    measures.payload.finish().check(manifest)?;
    app.soundness.note(image.digest, None, app.now());
    Ok(app
        .store
        .note_payload(&measures.sums.finish().into())
        .await?)
}

/// What is known of a payload as far as it has come.
struct Measures {
    payload: MeasuringPayload<HostPrimitives>,
    sums: Summing<HostPrimitives>,
    bytes: u64,
}

impl Measures {
    fn of(manifest: &Manifest<'_>) -> Self {
        Self {
            payload: MeasuringPayload::of(manifest, &HostPrimitives),
            sums: Summing::new(&HostPrimitives),
            bytes: 0,
        }
    }

    fn update(&mut self, piece: &[u8]) {
        self.payload.update(piece);
        self.sums.update(piece);
        self.bytes += piece.len() as u64;
    }

    /// Why a payload wasn't kept, in the words for whoever sent it.
    fn refusal(&self, frame: &ArtifactFile, error: PutError) -> Refused {
        let announced = frame.payload_len;
        match error {
            PutError::Source(_) => Refused::cut_short(),
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

fn malformed(error: ContainerError) -> Refused {
    Refused::bad(error.id(), &error, error.cure())
}

fn bound() -> usize {
    usize::try_from(FILE_BYTES_MAX).expect("64 MiB and some can be addressed")
}
