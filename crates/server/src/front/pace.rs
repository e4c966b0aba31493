//! How slowly the body of a request may come. Read [`Paced`].

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::bounds::BODY_BYTES_MIN;

/// The body came too slowly to be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body came too slowly")]
pub(crate) struct BodyTooSlow;

/// A body that ends with [`BodyTooSlow`] once it was waited for too long. One that is there already costs nothing.
pub(super) struct Paced<B> {
    body: B,
    wait: Duration,
    waiting: Option<Waiting>,
}

/// Since somebody waits.
struct Waiting {
    bytes: u64,
    over: Pin<Box<Sleep>>,
}

impl<B> Paced<B> {
    /// A body of which [`BODY_BYTES_MIN`] come in each `wait`, or its end.
    pub fn new(body: B, wait: Duration) -> Self {
        Self {
            body,
            wait,
            waiting: None,
        }
    }

    fn came(&mut self, bytes: usize) {
        if let Some(waiting) = &mut self.waiting {
            waiting.bytes += bytes as u64;
            if waiting.bytes >= BODY_BYTES_MIN {
                self.waiting = None;
            }
        }
    }
}

impl<B> Body for Paced<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            let data = frame.as_ref().and_then(|frame| frame.as_ref().ok());
            this.came(data.and_then(Frame::data_ref).map_or(0, Bytes::len));
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let wait = this.wait;
        let waiting = this.waiting.get_or_insert_with(|| Waiting {
            bytes: 0,
            over: Box::pin(sleep(wait)),
        });
        ready!(waiting.over.as_mut().poll(context));
        Poll::Ready(Some(Err(BodyTooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::{BodyExt as _, StreamBody};
    use tokio::time::Instant;

    use super::*;

    /// A body of pieces of this size, one each second.
    fn body(pieces: u32, bytes: usize) -> impl Body<Data = Bytes, Error = BoxError> + Unpin {
        let dripping = stream::unfold(0, move |nth| async move {
            if nth == pieces {
                return None;
            }
            sleep(Duration::from_secs(1)).await;
            let frame = Frame::data(Bytes::from(vec![7; bytes]));
            Some((Ok::<_, BoxError>(frame), nth + 1))
        });
        StreamBody::new(Box::pin(dripping))
    }

    async fn read(pieces: u32, bytes: usize) -> (Result<usize, BoxError>, u64) {
        let began = Instant::now();
        let paced = Paced::new(body(pieces, bytes), Duration::from_secs(30));
        let read = paced.collect().await.map(|all| all.to_bytes().len());
        (read, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_is_waited_for_and_a_drip_is_not() {
        // A kilobyte in each half minute, for as long as it takes.
        let (slow, took_s) = read(1000, 36).await;
        assert_eq!((slow.unwrap(), took_s), (36_000, 1000));
        let (short, _) = read(20, 1).await;
        assert_eq!(short.unwrap(), 20, "its end came in time");
        let (drip, took_s) = read(1000, 1).await;
        assert!(drip.unwrap_err().is::<BodyTooSlow>());
        assert_eq!(took_s, 30);
    }
}
