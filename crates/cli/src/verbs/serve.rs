//! `mainstay serve`: run the server until it is told to stop.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use mainstay_server::serve::{self, ServeError};
use mainstay_server::{App, AppConfig, DataDir};
use serde_json::json;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::operator::runtime;
use crate::output::Output;
use crate::passphrase::PassphraseSource;

/// So long may work on threads of its own go on after the server has ended. It was told to stop then; what ignores that is
/// left alone, and the process ends.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Run the server, until Ctrl-C or a signal to end.
///
/// The log goes to standard error; RUST_LOG chooses how much of it, as in RUST_LOG=debug. What is
/// served isn't encrypted: put a proxy that speaks TLS before any address but a loopback one.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mainstay serve --data data --listen 127.0.0.1:8480")]
pub struct Serve {
    /// The data folder that `mainstay server init` made.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The address and port to listen on; port 0 for any.
    #[arg(
        long,
        env = "MAINSTAY_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8480"
    )]
    listen: SocketAddr,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

impl Serve {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let runtime = runtime()?;
        let served = self.serve_in(&runtime, output);
        runtime.shutdown_timeout(LAST_WORK);
        served
    }

    fn serve_in(&self, runtime: &Runtime, output: &Output) -> Result<(), Failure> {
        let _inside = runtime.enter();
        let stop = asked_to_stop()?;
        log_to_stderr();
        runtime.block_on(self.serve(output, stop))
    }

    async fn serve(
        &self,
        output: &Output,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Failure> {
        // Both before anything else, so that nobody is asked for a passphrase in vain.
        let data = DataDir::at(&self.data);
        data.check()?;
        let listener = serve::bind(self.listen).await?;
        let passphrase = self.passphrase.read("Passphrase of the status key")?;
        let parts = data.open(&passphrase).await?;
        let app = Arc::new(App::new(parts, AppConfig::default())?);
        let listening = listener.local_addr().map_err(ServeError::Socket)?;
        let address = format!("http://{listening}");
        output.say(
            || format!("Serving on {address}"),
            &json!({ "serving": address }),
        );
        Ok(serve::run(listener, app, stop).await?)
    }
}

fn log_to_stderr() {
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(wanted)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}

/// Ends at the first signal to stop; from now on none of them kills the process at once.
#[cfg(unix)]
fn asked_to_stop() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| no_signals(&error));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends at Ctrl-C.
#[cfg(not(unix))]
fn asked_to_stop() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let mut interrupt = tokio::signal::windows::ctrl_c().map_err(|error| no_signals(&error))?;
    Ok(async move {
        interrupt.recv().await;
    })
}

fn no_signals(error: &std::io::Error) -> Failure {
    let what = format!("this system lets no signal be caught: {error}");
    Failure::usage(
        "serve.signals",
        what,
        "start the server outside of this sandbox or service",
    )
}
