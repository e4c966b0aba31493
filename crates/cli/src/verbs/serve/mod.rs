//! `mainstay serve`: run the server until it is told to stop.

mod check;
mod flags;
mod issuer;
mod places;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use mainstay_keys::{Passphrase, SealingKey};
use mainstay_server::acme::AcmeError;
use mainstay_server::data_dir::DataDirError;
use mainstay_server::delivery::KeyFileError;
use mainstay_server::serve::{self, ServeError};
use mainstay_server::settings::{self, Asked, Finding, LogFormat, Settings, Severity};
use mainstay_server::sign_in::Provider;
use mainstay_server::sign_in::provider::ProviderError;
use mainstay_server::sign_in::setup::{self, FirstLink};
use mainstay_server::tls::{Tls, TlsError};
use mainstay_server::{
    Acme, App, AppConfig, Clock as _, DataDir, DeliveryKey, Grace, Refused, SystemClock,
    WebhookRules,
};
use serde_json::json;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use self::flags::SettingFlags;
use self::places::Places;
use crate::failure::Failure;
use crate::files;
use crate::homes::{failure, named_file};
use crate::operator::runtime;
use crate::output::Output;
use crate::passphrase::PassphraseSource;

/// So long may work on threads of its own go on after the server has ended. It was told to stop then; what ignores that is
/// left alone, and the process ends.
const LAST_WORK: Duration = Duration::from_secs(5);

/// One line of 64 digits; what is longer is another file.
const WEBHOOK_KEY_FILE_BYTES_MAX: u64 = 1024;

/// Run the server, until Ctrl-C or a signal to end.
///
/// Each setting has a name in the file of settings, a variable and a flag: a flag goes before the variable, that before the
/// file. The log goes to standard error. Without a certificate (--tls-certificate and --tls-key, or --acme-directory) what is served isn't encrypted:
/// put a proxy that speaks TLS before any address but a loopback one.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mainstay serve --data data --listen 127.0.0.1:8480\n  \
                        mainstay serve --settings /etc/mainstay/mainstay-server.toml\n  \
                        mainstay serve --settings mainstay-server.toml --check"
)]
pub struct Serve {
    /// The file of settings; else the one that the variable MAINSTAY_SETTINGS names.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Say what each setting is, where it was said, and what is wrong; start nothing. The database and the bucket are asked whether
    /// they let this server in. Exit code 2 if a server wouldn't start.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Serve {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let answered = settings::read(&Asked {
            file: self.settings.or_else(named_file),
            variables: std::env::vars_os().collect(),
            flags: self.flags.0,
        });
        if self.check {
            return check::check(answered, output);
        }
        let places = Places::of(&answered);
        let settled = answered.settled();
        let (settings, warnings) = settled.map_err(|found| refused(&found, output))?;
        let runtime = runtime()?;
        let served = serve_in(&runtime, settings, &places, &warnings, output);
        runtime.shutdown_timeout(LAST_WORK);
        served
    }
}

/// Tells every error; the last of them is the failure that the command ends with.
fn refused(findings: &[Finding], output: &Output) -> Failure {
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let mut failures: Vec<Failure> = errors.map(failure).collect();
    let last = failures.pop();
    for failure in &failures {
        output.failure(failure);
    }
    last.expect("settings are refused for a reason")
}

fn serve_in(
    runtime: &Runtime,
    settings: Settings,
    places: &Places,
    warnings: &[Finding],
    output: &Output,
) -> Result<(), Failure> {
    let _inside = runtime.enter();
    let stop = asked_to_stop()?;
    log_to_stderr(&settings);
    for warning in warnings {
        warning.log();
    }
    runtime.block_on(serve(settings, places, output, stop))
}

async fn serve(
    settings: Settings,
    places: &Places,
    output: &Output,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    // Both before anything else, so that nobody is asked for a passphrase in vain.
    let data = DataDir::at(&settings.data).with_homes(settings.homes.clone());
    data.check().map_err(|error| places.about("data", error))?;
    let bound = serve::bind(settings.listen).await;
    let listener = bound.map_err(|error| places.about("listen", error))?;
    let acme = acme(&settings, places)?;
    let tls = match &acme {
        Some(acme) => Some(acme.tls().clone()),
        None => opened_tls(&settings, places)?.map(Arc::new),
    };
    let delivery_key = delivery_key(&settings, places)?;
    let about = |error: ProviderError| places.about(error.setting(), error);
    let provider = Provider::open(&settings).map_err(about)?;
    let key = webhook_key(&settings, places)?;
    let issuer = issuer::begun(&settings, tls.as_ref(), places)?;
    let opened = data.open(&passphrase(&settings, places)?).await;
    let parts = opened.map_err(|error| unopened(error, places))?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let config = AppConfig {
        tls,
        acme,
        issuer,
        delivery_key,
        provider: provider.map(Arc::new),
        webhooks: WebhookRules {
            key: key.map(Arc::new),
            networks: settings.webhook_networks.clone(),
        },
        ..config(settings)
    };
    let app = Arc::new(App::new(parts, config)?);
    let listening = listener.local_addr().map_err(ServeError::Socket)?;
    let address = format!("{scheme}://{listening}");
    output.say(
        || format!("Serving on {address}"),
        &json!({ "serving": address }),
    );
    first_link(&app, &address, output).await?;
    serve::run(listener, app, stop).await;
    Ok(())
}

/// As long as nobody can come in, tells whoever reads this how. There is no password that somebody has to change.
async fn first_link(app: &App, address: &str, output: &Output) -> Result<(), Failure> {
    match setup::first_link(app).await.map_err(Refused::from)? {
        FirstLink::NotNeeded => {}
        FirstLink::Shown { until } => output.say(
            || {
                format!(
                    "Nobody can sign in yet. The link that an earlier start printed works until {until:.0}; \
                     `mainstay person link` makes another one."
                )
            },
            &json!({ "setup_link_until": until }),
        ),
        FirstLink::New(secret) => {
            let link = setup::url(app.public_url().unwrap_or(address), &secret);
            output.say(
                || {
                    format!(
                        "Nobody can sign in yet. Whoever opens this within an hour runs the server:\n{link}"
                    )
                },
                &json!({ "setup_link": link }),
            );
        }
    }
    Ok(())
}

/// Who asks for the server's certificate, if it is given one.
fn acme(settings: &Settings, places: &Places) -> Result<Option<Arc<Acme>>, Failure> {
    let terms = settings.acme();
    let begun = terms.map(|terms| Acme::begin(terms, SystemClock.now()));
    let about = |error: AcmeError| places.about(error.setting(), error);
    begun.transpose().map_err(about)
}

/// What the server shows, if it speaks TLS by a certificate that somebody brings.
fn opened_tls(settings: &Settings, places: &Places) -> Result<Option<Tls>, Failure> {
    let opened = settings
        .tls()
        .map(|files| Tls::open(files, SystemClock.now()));
    let about = |error: TlsError| places.about(error.setting(), error);
    opened.transpose().map_err(about)
}

/// What signs links to payloads, if there is anything.
fn delivery_key(settings: &Settings, places: &Places) -> Result<Option<DeliveryKey>, Failure> {
    let read = settings.delivery_key_file.as_deref().map(DeliveryKey::read);
    let about = |error: KeyFileError| places.about(KeyFileError::SETTING, error);
    read.transpose().map_err(about)
}

/// What the secrets of webhooks are sealed with, if there are to be some.
fn webhook_key(settings: &Settings, places: &Places) -> Result<Option<SealingKey>, Failure> {
    let Some(file) = &settings.webhook_key_file else {
        return Ok(None);
    };
    let about = |failure: Failure| places.about("webhook_key_file", failure);
    let text = files::read_text(file, "key", WEBHOOK_KEY_FILE_BYTES_MAX).map_err(about)?;
    let key = SealingKey::from_text(&text).map_err(|wrong| {
        let failure = Failure::usage(wrong.id(), wrong.to_string(), wrong.cure());
        places.about("webhook_key_file", failure)
    })?;
    Ok(Some(key))
}

/// A home that can't be opened is told by its setting.
fn unopened(error: DataDirError, places: &Places) -> Failure {
    match error {
        DataDirError::Home(error) => places.about(error.setting(), error),
        error => error.into(),
    }
}

/// The passphrase. Where no setting names its file, it is none that a failure is about.
fn passphrase(settings: &Settings, places: &Places) -> Result<Passphrase, Failure> {
    let file = settings.passphrase_file.clone();
    let is_setting = file.is_some();
    let read = PassphraseSource::of(file).read("Passphrase of the status key");
    read.map_err(|failure| match is_setting {
        true => places.about("passphrase_file", failure),
        false => failure,
    })
}

fn config(settings: Settings) -> AppConfig {
    AppConfig {
        public_url: settings.public_url,
        trusted_proxies: settings.trusted_proxies,
        tenant: settings.hawkbit_tenant,
        passwords: settings.passwords,
        device_certificates: settings.device_certificates,
        unregistered_devices: settings.unregistered_devices,
        grace: Grace(settings.shutdown_grace),
        limits: settings.limits,
        ..AppConfig::default()
    }
}

fn log_to_stderr(settings: &Settings) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(settings.log_level.as_str()))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
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
