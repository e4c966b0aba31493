//! The server's front: it takes connections, bounds each of them, and hands their requests to the routes.
//!
//! Whoever opens a connection and says nothing costs a file descriptor and some kilobytes, so everything here has an end: how many
//! connections there are ([`crowd`]), how long one may be silent ([`pulse`]), how slowly a body may come ([`pace`]) and how long an answer
//! may go unread ([`wire`]). No request pays for that with a timer of its own. Nothing here knows what a request means. Read
//! [`Bounds`], then [`Front`].

mod begun;
mod bounds;
mod connection;
mod crowd;
mod pace;
mod pulse;
pub mod tls;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::request::Parts;
use axum::response::Response;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

pub use bounds::Bounds;
pub(crate) use pace::BodyTooSlow;

use crate::settings::TrustedProxies;
use connection::Connection;
use crowd::Crowd;
use tls::Tls;

/// So long nobody is taken in after the operating system had no descriptor left. Connections that make room need some milliseconds.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

/// Knows some answers without any route, and without waiting for anything.
pub(crate) trait AtOnce: Send + Sync {
    /// Whether a request with this head may have such an answer. Others are handed to the routes at once.
    fn may_know(&self, head: &Parts) -> bool;

    /// The answer to a request that is there whole; none if the routes are to be asked.
    fn answer(&self, head: &Parts, body: &Bytes) -> Option<Response>;
}

/// All connections of a server that listens.
pub(crate) struct Front {
    routes: Router,
    known: Arc<dyn AtOnce>,
    bounds: Bounds,
    tls: Option<Arc<Tls>>,
    crowd: Arc<Crowd>,
}

impl Front {
    /// A front for these routes, and for what is known without them. Connections of trusted proxies count for the whole and for nobody's share: behind them are many.
    pub fn new(
        routes: Router,
        known: Arc<dyn AtOnce>,
        bounds: Bounds,
        trusted: TrustedProxies,
    ) -> Self {
        Self {
            routes,
            known,
            bounds,
            tls: None,
            crowd: Arc::new(Crowd::new(bounds, trusted)),
        }
    }

    /// The same, which speaks TLS if it has something to show.
    pub fn with_tls(self, tls: Option<Arc<Tls>>) -> Self {
        Self { tls, ..self }
    }

    /// Takes connections until `stop` resolves, then lets requests under way end: returns once the last connection has gone.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = stop => {}
            () = self.take_in(&listener) => {}
        }
        // From here on nobody waits to be taken in.
        drop(listener);
        self.crowd.all_leave();
        self.crowd.emptied().await;
    }

    async fn take_in(&self, listener: &TcpListener) {
        loop {
            let (socket, peer) = self.next(listener).await;
            // One that can't be taken in is closed at once: left in the queue of the operating system it would wait for nothing, and whoever
            // looks after this server would hear nothing in place of a refusal.
            if let Some(guest) = self.crowd.admit(peer.ip()) {
                // Answers are written whole: holding back their last packet only delays them.
                let _ = socket.set_nodelay(true);
                let connection = Connection {
                    routes: self.routes.clone(),
                    known: self.known.clone(),
                    bounds: self.bounds,
                    peer,
                    guest,
                    certificate: None,
                };
                match &self.tls {
                    None => tokio::spawn(connection.attend(socket)),
                    Some(tls) => tokio::spawn(connection.attend_over(tls.spoken(), socket)),
                };
            }
        }
    }

    async fn next(&self, listener: &TcpListener) -> (TcpStream, SocketAddr) {
        loop {
            match listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_the_peers(&error) => {}
                Err(error) => {
                    self.crowd.out_of_descriptors(&error);
                    sleep(OUT_OF_DESCRIPTORS).await;
                }
            }
        }
    }
}

/// Whether a connection broke before it was taken in, which says nothing of the next one.
fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
