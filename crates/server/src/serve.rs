//! Binding a port, running the server, and stopping it without dropping what it has begun.
//!
//! Read [`bind`] and [`run`]; the routes are in `routes.rs`.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::front::Front;
use crate::{App, Grace, jobs, routes};

/// A store that says nothing keeps no server from ending: what it would have written is of the last seconds.
const LAST_WRITE_MAX: Duration = Duration::from_secs(10);

/// Why the server doesn't run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process listens there.
    #[error("another program already listens on {0}")]
    PortInUse(SocketAddr),
    /// The address can't be bound for another reason.
    #[error("can't listen on {addr}: {cause}")]
    CannotBind {
        /// The address.
        addr: SocketAddr,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The listening socket failed.
    #[error("the listening socket failed: {0}")]
    Socket(#[source] io::Error),
}

impl ServeError {
    /// The stable id, `serve.port-in-use` and so on.
    pub fn id(&self) -> &'static str {
        match self {
            Self::PortInUse(_) => "serve.port-in-use",
            Self::CannotBind { .. } => "serve.cannot-bind",
            Self::Socket(_) => "serve.socket-failed",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::PortInUse(_) => "stop it, or choose another port",
            Self::CannotBind { .. } => {
                "choose an address of this machine; ports below 1024 need a privilege"
            }
            Self::Socket(_) => "start the server again",
        }
    }
}

/// Binds `addr`; port 0 lets the operating system choose one.
///
/// # Errors
/// [`ServeError::PortInUse`] or [`ServeError::CannotBind`].
pub async fn bind(addr: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(addr)
        .await
        .map_err(|cause| match cause.kind() {
            io::ErrorKind::AddrInUse => ServeError::PortInUse(addr),
            _ => ServeError::CannotBind { addr, cause },
        })
}

/// Serves until `shutdown` resolves, then lets requests in flight end within the configured [`Grace`] and
/// writes what was only in memory.
pub async fn run(
    listener: TcpListener,
    app: Arc<App>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        shutdown.await;
        // Nobody listening means that the server has already ended.
        let _ = stop.send(true);
    });
    app.guard.people().begin("people");
    app.steps.begin("steps");
    app.figures.threads.begin("counts");
    jobs::catch_up(&app).await;
    let job = jobs::keep_running(app.clone(), stopped.clone());
    let job = app.steps.spawn(job);
    let mut others = others(&app, &stopped);
    // Before the first payload leaves: nobody else's share is used meanwhile.
    app.line.share(0);
    app.line_share.ask(&*app.store, &app.line).await;
    let sharing = jobs::share_line::keep_asking(app.clone());
    let sharing = tokio::spawn(sharing);
    let telling = jobs::tell_webhooks::keep_telling(app.clone(), stopped.clone());
    let telling = tokio::spawn(telling);
    let trusted = app.config.trusted_proxies.clone();
    let front = Front::new(
        routes::router(app.clone()),
        app.clone(),
        app.config.bounds,
        trusted,
    );
    let front = front.with_tls(app.config.tls.clone());
    tokio::select! {
        () = front.serve(listener, signalled(stopped.clone())) => {}
        () = grace(stopped, app.config.grace) => {}
        () = keep_certificate(&app) => {}
    }
    job.abort();
    others.abort_all();
    sharing.abort();
    telling.abort();
    // If it was in the midst of a turn, or of giving the lease back, that has ended by now, and the lease may not be given back yet.
    let _ = job.await;
    app.lease.give_back(&*app.store).await;
    let _ = sharing.await;
    app.line_share.give_back(&*app.store, &app.line).await;
    let _ = telling.await;
    app.hooks.lease.give_back(&*app.store).await;
    let written = timeout(LAST_WRITE_MAX, app.flush_last_seen()).await;
    if written.is_err() {
        tracing::warn!("last-seen times not written: the store says nothing");
    }
}

/// The jobs that leave nothing to be given back: they may end anywhere.
fn others(app: &Arc<App>, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
    let (app, stopped) = (|| app.clone(), || stopped.clone());
    let mut others = JoinSet::new();
    others.spawn(jobs::begin_rollouts::keep_beginning(app(), stopped()));
    others.spawn(jobs::measure_payloads::keep_measuring(app(), stopped()));
    others.spawn(jobs::feel_pulse::keep_feeling(app(), stopped()));
    others.spawn(jobs::write_last_seen::keep_writing(app(), stopped()));
    others.spawn(jobs::feel_load::keep_feeling(app(), stopped()));
    others.spawn(jobs::hear_store::keep_hearing(app(), stopped()));
    others.spawn(jobs::watch_events::keep_watching(app(), stopped()));
    others.spawn(keep_issuer(app()));
    others.spawn(keep_acme(app()));
    others
}

/// Nothing is held up by it: an issuer that can't be opened keeps devices from certificates, and from nothing else.
async fn keep_issuer(app: Arc<App>) {
    if let Some(issuer) = &app.config.issuer {
        issuer.keep_open(&*app.clock).await;
    }
}

/// Neither by it: until a certificate is given, its clients wait, and nothing else does.
async fn keep_acme(app: Arc<App>) {
    if let Some(acme) = &app.config.acme {
        acme.keep_current(&*app.clock).await;
    }
}

/// Never ends.
async fn keep_certificate(app: &App) {
    match &app.config.tls {
        Some(tls) => tls.keep_current(&*app.clock).await,
        None => std::future::pending().await,
    }
}

async fn signalled(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it whoever would keep the server up.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn grace(stopped: watch::Receiver<bool>, Grace(longest): Grace) {
    signalled(stopped).await;
    tokio::time::sleep(longest).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named() {
        let first = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let taken = first.local_addr().unwrap();
        let error = bind(taken).await.unwrap_err();
        assert_eq!(error.id(), "serve.port-in-use");
        assert!(error.to_string().contains(&taken.to_string()));
    }
}
