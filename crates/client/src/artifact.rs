//! An artifact on its way to a server: read piece by piece from where it lies, and never whole. Read [`Artifact`].

use std::fmt;
use std::io::{self, Cursor, Read};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::spawn_blocking;

/// What is read and sent at once.
const PIECE_BYTES: usize = 256 * 1024;
/// Pieces that wait for the network: one, while the next is read.
const PIECES: usize = 1;

/// An artifact file, from its first byte on.
pub struct Artifact {
    source: Box<dyn Read + Send>,
    bytes: u64,
    fault: Fault,
}

impl Artifact {
    /// The first `bytes` that `source` gives. If it gives fewer, or fails, that is told in place of the server's answer.
    pub fn new(source: impl Read + Send + 'static, bytes: u64) -> Self {
        Self {
            source: Box::new(source),
            bytes,
            fault: Fault::default(),
        }
    }

    /// How many bytes it has.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What goes wrong with the source, once it does.
    pub(crate) fn fault(&self) -> Fault {
        self.fault.clone()
    }

    /// As the body of a request. A thread that may wait for a disk reads it, as fast as the network takes it.
    pub(crate) fn into_body(self) -> reqwest::Body {
        let (send, pieces) = channel(PIECES);
        let Self {
            source,
            bytes,
            fault,
        } = self;
        spawn_blocking(move || read_all(source, bytes, &send, &fault));
        reqwest::Body::wrap(Sent {
            pieces,
            left: bytes,
        })
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Artifact({} bytes)", self.bytes)
    }
}

/// One in memory.
impl From<Vec<u8>> for Artifact {
    fn from(bytes: Vec<u8>) -> Self {
        let length = bytes.len() as u64;
        Self::new(Cursor::new(bytes), length)
    }
}

/// Why a source gave no more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fault(Arc<Mutex<Option<io::Error>>>);

impl Fault {
    /// The error, once.
    pub fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, error: io::Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

fn read_all(
    mut source: Box<dyn Read + Send>,
    mut left: u64,
    send: &Sender<io::Result<Bytes>>,
    fault: &Fault,
) {
    while left > 0 {
        let wanted = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        let mut piece = vec![0; wanted];
        if let Err(error) = source.read_exact(&mut piece) {
            let kind = error.kind();
            fault.set(error);
            // The request must fail, and not end: what was sent is no artifact.
            let _nobody_sends = send.blocking_send(Err(kind.into()));
            return;
        }
        left -= wanted as u64;
        if send.blocking_send(Ok(piece.into())).is_err() {
            return; // The server has answered already, or has gone.
        }
    }
}

/// What is still to be sent.
struct Sent {
    pieces: Receiver<io::Result<Bytes>>,
    left: u64,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.pieces.poll_recv(cx).map(|piece| {
            let piece = piece?;
            Some(piece.map(|piece| {
                self.left = self.left.saturating_sub(piece.len() as u64);
                Frame::data(piece)
            }))
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a body to its end: how many bytes came, and whether it failed.
    async fn sent(artifact: Artifact) -> (u64, Option<io::ErrorKind>) {
        let fault = artifact.fault();
        let mut body = artifact.into_body();
        let mut bytes = 0;
        loop {
            let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            match frame {
                Some(Ok(frame)) => bytes += frame.into_data().map_or(0, |data| data.len() as u64),
                Some(Err(_)) | None => return (bytes, fault.take().map(|error| error.kind())),
            }
        }
    }

    #[tokio::test]
    async fn all_of_it_goes_by_and_no_more_and_a_file_that_shrank_is_told() {
        for (found, said, expected) in [
            (0, 0, (0, None)),
            (1, 1, (1, None)),
            (1_000_003, 1_000_003, (1_000_003, None)),
            (1_000_003, 1_000_000, (1_000_000, None)),
            (
                300_000,
                300_001,
                (262_144, Some(io::ErrorKind::UnexpectedEof)),
            ),
        ] {
            let artifact = Artifact::new(io::repeat(7).take(found), said);
            assert_eq!(sent(artifact).await, expected, "{found} of {said}");
        }
    }

    /// Two gigabytes that nobody could hold are known by their length, and only what is asked for is read.
    #[tokio::test]
    async fn a_large_one_is_read_as_it_is_sent() {
        let bytes = 2 << 30;
        let mut body = Artifact::new(io::repeat(7), bytes).into_body();
        assert_eq!(body.size_hint().exact(), Some(bytes));
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let piece = frame
            .and_then(Result::ok)
            .and_then(|frame| frame.into_data().ok());
        assert_eq!(piece.map(|piece| piece.len()), Some(PIECE_BYTES));
        assert_eq!(body.size_hint().exact(), Some(bytes - PIECE_BYTES as u64));
    }
}
