//! One connection, from its first byte to its end. Read [`Connection::attend`].

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::Request;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as HyperService, service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, timeout};
use tower_service::Service as _;

use super::AtOnce;
use super::begun::Begun;
use super::bounds::{Bounds, HEAD_BYTES_MAX};
use super::crowd::Guest;
use super::pulse::Pulse;
use super::tls::{PeerCertificate, Spoken};
use super::wire::Wire;

/// A connection that was taken in.
pub(super) struct Connection {
    /// Where its requests go.
    pub routes: Router,
    /// What is known without them.
    pub known: Arc<dyn AtOnce>,
    /// What it is held to.
    pub bounds: Bounds,
    /// Who is at its other end.
    pub peer: SocketAddr,
    /// Its place.
    pub guest: Guest,
    /// What its other end showed to be a device's, if it did.
    pub certificate: Option<PeerCertificate>,
}

impl Connection {
    /// Answers its requests, one after the other, until either side ends it or it is overdue.
    pub async fn attend<T: AsyncRead + AsyncWrite + Send + Unpin>(self, io: T) {
        let pulse = self.guest.pulse.clone();
        let wire = TokioIo::new(Wire::new(io, pulse.clone()));
        let mut http = http1::Builder::new();
        // Whether a head takes too long is seen by the pulse: a timer of HTTP's would be set anew at each request, and cut off whoever rests.
        http.header_read_timeout(None::<Duration>)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_header_size(HEAD_BYTES_MAX);
        let mut served = pin!(http.serve_connection(wire, self.service()));
        // One look in each time that a head may take: who begins one just after a look is seen at the second.
        let mut look = pin!(sleep(self.bounds.head_time));
        let mut leave = pin!(pulse.told_to_leave());
        let mut leaves = false;
        loop {
            tokio::select! {
                biased;
                ended = served.as_mut() => {
                    if let Err(error) = ended {
                        tracing::trace!(peer = %self.peer, %error, "a connection broke off");
                    }
                    return;
                }
                () = look.as_mut() => {
                    if let Some(why) = pulse.overdue(&self.bounds) {
                        tracing::debug!(peer = %self.peer, ?why, "a connection is closed");
                        return;
                    }
                    look.as_mut().reset(Instant::now() + self.bounds.head_time);
                }
                () = leave.as_mut(), if !leaves => {
                    if pulse.may_go() {
                        return;
                    }
                    leaves = true;
                    served.as_mut().graceful_shutdown();
                }
            }
        }
    }

    /// The same over TLS, whose handshake has as much time as a head. How many are under way has no bound of its own: places for handshakes would be
    /// what silence takes first, and each of them is a connection, which makes room.
    pub async fn attend_over<T>(mut self, tls: Arc<Spoken>, io: T)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin,
    {
        let shaken = timeout(self.bounds.head_time, tls.shake(io));
        let shaken = tokio::select! {
            biased;
            shaken = shaken => shaken,
            () = self.guest.pulse.told_to_leave() => return,
        };
        match shaken {
            Ok(Ok(None)) => {
                tracing::debug!(peer = %self.peer, "a challenge was answered");
            }
            Ok(Ok(Some(io))) => {
                self.certificate = tls.shown_by(&io);
                self.attend(io).await;
            }
            Ok(Err(error)) => {
                tracing::debug!(peer = %self.peer, %error, "a handshake failed");
            }
            Err(_elapsed) => {}
        }
    }

    /// Hands each request to the routes, with who sent it.
    fn service(
        &self,
    ) -> impl HyperService<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
    + Send
    + use<> {
        let desk = Arc::new(Desk {
            routes: self.routes.clone(),
            known: self.known.clone(),
            peer: self.peer,
            certificate: self.certificate.clone(),
            wait: self.bounds.body_wait,
            pulse: self.guest.pulse.clone(),
        });
        service_fn(move |request: Request<Incoming>| {
            desk.pulse.works();
            let desk = desk.clone();
            async move {
                let answer = desk.answer(request).await?;
                Ok::<_, Infallible>(answer.map(|body| sent(body, &desk.pulse)))
            }
        })
    }
}

/// Where the requests of one connection are answered.
struct Desk {
    routes: Router,
    known: Arc<dyn AtOnce>,
    peer: SocketAddr,
    certificate: Option<PeerCertificate>,
    wait: Duration,
    pulse: Arc<Pulse>,
}

impl Desk {
    /// What is known at once is said at once. Everything else is the routes'.
    async fn answer(&self, request: Request<Incoming>) -> Result<Response, Infallible> {
        let (head, body) = request.into_parts();
        let mut body = Begun::new(body);
        if self.known.may_know(&head)
            && let Some(whole) = body.whole().await
            && let Some(answer) = self.known.answer(&head, &whole)
        {
            return Ok(answer);
        }
        let mut request = Request::from_parts(head, body.paced(self.wait));
        request.extensions_mut().insert(ConnectInfo(self.peer));
        if let Some(certificate) = self.certificate.clone() {
            request.extensions_mut().insert(certificate);
        }
        self.routes.clone().call(request).await
    }
}

/// The body of an answer. One that is there whole is as good as sent: whether its client reads it, the wire tells.
fn sent(body: Body, pulse: &Arc<Pulse>) -> Body {
    match body.size_hint().exact() {
        Some(_) => {
            pulse.rests();
            body
        }
        None => Body::new(Streamed {
            body,
            pulse: pulse.clone(),
        }),
    }
}

/// A body whose end isn't known before it is there.
struct Streamed {
    body: Body,
    pulse: Arc<Pulse>,
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        self.pulse.rests();
    }
}

#[cfg(test)]
mod tests;
