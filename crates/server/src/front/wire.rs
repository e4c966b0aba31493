//! The bytes of one connection, and what they tell of it. Read [`Wire`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::pulse::Pulse;

/// Head and body of a short answer are copied into one piece: handing the system two costs it more than the copy.
const SHORT_BYTES: usize = 1024;

/// A connection that tells its pulse when bytes come, and when none can go.
pub(super) struct Wire<T> {
    io: T,
    pulse: Arc<Pulse>,
}

impl<T> Wire<T> {
    /// The bytes of `io`.
    pub fn new(io: T, pulse: Arc<Pulse>) -> Self {
        Self { io, pulse }
    }

    fn went<R>(&self, outcome: Poll<R>) -> Poll<R> {
        match outcome {
            Poll::Pending => self.pulse.stalls(),
            Poll::Ready(_) => self.pulse.flows(),
        }
        outcome
    }
}

/// All pieces one behind the other in `room`, if they fit.
fn in_one<'a>(pieces: &[IoSlice<'_>], room: &'a mut [u8; SHORT_BYTES]) -> Option<&'a [u8]> {
    let mut filled = 0;
    for piece in pieces {
        room.get_mut(filled..filled + piece.len())?
            .copy_from_slice(piece);
        filled += piece.len();
    }
    Some(&room[..filled])
}

impl<T: AsyncRead + Unpin> AsyncRead for Wire<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.io).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.pulse.hears();
        }
        outcome
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(context, bytes);
        self.went(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut short = [0; SHORT_BYTES];
        if let Some(short) = in_one(pieces, &mut short) {
            return self.poll_write(context, short);
        }
        let outcome = Pin::new(&mut self.io).poll_write_vectored(context, pieces);
        self.went(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_flush(context);
        self.went(outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_shutdown(context);
        self.went(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_that_fit_are_one() {
        let whole = |pieces: &[&[u8]]| {
            let pieces: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
            in_one(&pieces, &mut [0; SHORT_BYTES]).map(<[u8]>::to_vec)
        };
        let (most, more) = ([7; SHORT_BYTES - 4], [7; SHORT_BYTES - 3]);
        assert_eq!(whole(&[]), Some(Vec::new()));
        assert_eq!(whole(&[b"head", b"", b"body"]), Some(b"headbody".to_vec()));
        assert_eq!(
            whole(&[b"head", &most]).map(|all| all.len()),
            Some(SHORT_BYTES)
        );
        assert_eq!(whole(&[b"head", &more]), None);
    }
}
