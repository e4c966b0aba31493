//! The body of a request, of which some may be there with its head. Read [`Begun`].

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::pace::Paced;

/// A body whose beginning was looked at: what came with the head is there without anybody having waited.
pub(super) struct Begun {
    first: Option<Result<Frame<Bytes>, hyper::Error>>,
    rest: Incoming,
}

impl Begun {
    /// One at which nobody has looked.
    pub fn new(rest: Incoming) -> Self {
        Self { first: None, rest }
    }

    /// All of it, if it is there now.
    pub async fn whole(&mut self) -> Option<Bytes> {
        if self.first.is_none() {
            if self.rest.is_end_stream() {
                return Some(Bytes::new());
            }
            let rest = &mut self.rest;
            let look = poll_fn(|context| Poll::Ready(Pin::new(&mut *rest).poll_frame(context)));
            if let Poll::Ready(first) = look.await {
                self.first = first;
            }
        }
        let first = self.first.as_ref()?.as_ref().ok()?.data_ref()?;
        self.rest.is_end_stream().then(|| first.clone())
    }

    /// All of it as the routes read it, of which each `wait` brings some.
    pub fn paced(self, wait: Duration) -> Body {
        if self.first.is_none() && self.rest.is_end_stream() {
            return Body::empty();
        }
        Body::new(Both {
            first: self.first,
            rest: Paced::new(self.rest, wait),
        })
    }
}

/// What was looked at, and what comes behind it.
struct Both {
    first: Option<Result<Frame<Bytes>, hyper::Error>>,
    rest: Paced<Incoming>,
}

impl HttpBody for Both {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first.map_err(Into::into))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().and_then(|first| first.as_ref().ok());
        let first = first.and_then(Frame::data_ref).map_or(0, Bytes::len) as u64;
        let rest = self.rest.size_hint();
        let mut both = SizeHint::new();
        both.set_lower(rest.lower() + first);
        if let Some(upper) = rest.upper() {
            both.set_upper(upper + first);
        }
        both
    }
}
