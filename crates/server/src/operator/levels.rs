//! Looking at how releases stand against the plan's goals: as JSON, as CSV, and for monitoring systems, which are told as well which
//! server does which job, and how much this one has to do.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mainstay_access::Permission;
use mainstay_api::ServiceLevels;
use mainstay_report::flow;
use mainstay_report::jobs::{self, JobLine};
use mainstay_report::service_levels as documents;
use mainstay_store::Lease;

use crate::places::{Place, Whom};
use crate::problem::Refused;
use crate::{App, authenticate, levels};

/// The place of monitoring systems, where they look for it.
pub(crate) const PLACES: &[Place] = &[Place::new(
    "/metrics",
    &[("GET", Whom::May(Permission::Read))],
    || get(metrics),
)];

/// `GET /service-levels`.
pub(super) async fn figures(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let levels = measured(&app, &headers).await?;
    Ok(Json(&*levels).into_response())
}

/// `GET /service-levels.csv`.
pub(super) async fn csv(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Refused> {
    let levels = measured(&app, &headers).await?;
    let typed = [(CONTENT_TYPE, documents::CSV_MEDIA_TYPE)];
    Ok((typed, documents::csv(&levels)))
}

/// `GET /metrics`, in the text format of Prometheus.
async fn metrics(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Refused> {
    let levels = measured(&app, &headers).await?;
    let jobs = jobs::prometheus(&job_lines(&app).await);
    let (share, downloads) = (app.line_share.ppm(), app.room.looks.figures());
    let figures = app.flow.figures(&app.limiter, share, downloads);
    let rest =
        jobs + &flow::prometheus(&figures) + &certificate(&app) + &acme(&app) + &issuer(&app);
    let typed = [(CONTENT_TYPE, documents::PROMETHEUS_MEDIA_TYPE)];
    Ok((typed, documents::prometheus(&levels) + &rest))
}

/// When the certificate ends that this server shows; nothing if it shows none.
fn certificate(app: &App) -> String {
    let Some(ends) = app.config.tls.as_ref().and_then(|tls| tls.ends()) else {
        return String::new();
    };
    let ends = ends.as_second();
    format!(
        "# HELP mainstay_certificate_ends_timestamp_seconds When the certificate ends that this server shows.\n\
         # TYPE mainstay_certificate_ends_timestamp_seconds gauge\n\
         mainstay_certificate_ends_timestamp_seconds {ends}\n"
    )
}

/// How often in a row this server asked for a certificate in vain; nothing if it asks for none.
fn acme(app: &App) -> String {
    let Some(acme) = &app.config.acme else {
        return String::new();
    };
    let failures = acme.failures();
    format!(
        "# HELP mainstay_acme_failures How often in a row this server asked for a certificate in vain; 0 after it was given one.\n\
         # TYPE mainstay_acme_failures gauge\n\
         mainstay_acme_failures {failures}\n"
    )
}

/// Whether this server can give certificates to devices; nothing if it was told of no issuer.
fn issuer(app: &App) -> String {
    let Some(issuer) = &app.config.issuer else {
        return String::new();
    };
    let is_open = u8::from(issuer.is_open(app.now()));
    format!(
        "# HELP mainstay_issuer_open Whether this server can give certificates to devices: 1 if it can, else 0.\n\
         # TYPE mainstay_issuer_open gauge\n\
         mainstay_issuer_open {is_open}\n"
    )
}

/// Which server does which job, as the store says at this moment; nothing if it can't say, which keeps no figure from being told.
async fn job_lines(app: &App) -> Vec<JobLine> {
    let leases = app.store.leases().await.unwrap_or_else(|error| {
        tracing::warn!(id = error.id(), %error, "it can't be told who does which job");
        Vec::new()
    });
    let line = |lease: Lease| JobLine {
        is_here: [&app.lease, &app.hooks.lease]
            .iter()
            .any(|ours| ours.job() == lease.job && ours.is_held()),
        left_ms: u64::try_from(lease.left.as_millis()).unwrap_or(u64::MAX),
        job: lease.job,
        holder: lease.holder,
        generation: lease.generation,
    };
    leases.into_iter().map(line).collect()
}

async fn measured(app: &Arc<App>, headers: &HeaderMap) -> Result<Arc<ServiceLevels>, Refused> {
    authenticate::caller(app, headers, Permission::Read).await?;
    levels::service_levels(app).await
}
