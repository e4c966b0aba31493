//! What browsers see: facts read from the store, put into the typed models of `mainstay-report`.
//!
//! Nothing is decided here, and no sentence of a "why" is worded here: those are `rollout::why`'s.
//! [`fill`] turns domain values into models, for these pages and for reports; the other files read
//! what a page needs.

mod brakes;
mod clients;
mod devices;
pub mod fill;
mod home;
mod incident;
mod rollout;

use std::sync::Arc;

pub(crate) use clients::{told, version};

use axum::Router;
use axum::http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use mainstay_report::{Frame, ProblemPage, RenderError};

use crate::app::PagesAccess;
use crate::problem::Refused;
use crate::{App, authenticate};

/// The routes of browsers; their addresses are `mainstay_report::Target`'s.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(home::home))
        .route("/devices", get(devices::list))
        .route("/devices/{id}", get(devices::one))
        .route("/rollouts/{id}", get(rollout::one))
        .route("/incidents/{id}", get(incident::one))
}

/// What stands around every page.
async fn frame(app: &App) -> Result<Frame, Refused> {
    let active = app.plan().await?;
    let plan = active.as_deref();
    Ok(Frame {
        product: "Mainstay".to_owned(),
        plan: plan.map_or_else(String::new, |active| active.plan.name.clone()),
        plan_revision: plan.map_or_else(String::new, |active| active.revision.clone()),
        market: plan.map_or_else(Vec::new, |active| active.plan.market.clone()),
        generated_at: app.now(),
        viewer: None,
    })
}

/// Lets a browser look, if the configuration lets anyone, or its user is a person.
async fn admit(app: &App, headers: &HeaderMap) -> Result<(), Refused> {
    match app.config.pages {
        PagesAccess::Anyone => Ok(()),
        PagesAccess::People => authenticate::browser(app, headers).await.map(|_person| ()),
    }
}

/// The page, or the refusal as a page.
async fn answer(app: &App, page: Result<String, Refused>) -> Response {
    let mut response = match page {
        Ok(html) => Html(html).into_response(),
        Err(refused) => problem(app, &refused).await,
    };
    // Facts of this moment, and perhaps not for everyone's eyes.
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn problem(app: &App, refused: &Refused) -> Response {
    let status = refused.status();
    let rendered = match frame(app).await {
        Ok(frame) => problem_page(frame, refused).to_html(),
        Err(failed) => return failed.into_response(),
    };
    let mut response = match rendered {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => return Refused::from(error).into_response(),
    };
    if status == StatusCode::UNAUTHORIZED {
        let ask = HeaderValue::from_static("Basic realm=\"Mainstay: your token is the password\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, ask);
    }
    response
}

fn problem_page(frame: Frame, refused: &Refused) -> ProblemPage {
    let status = refused.status();
    ProblemPage {
        frame,
        status: status.as_u16(),
        id: refused.id().to_owned(),
        title: status.canonical_reason().unwrap_or("Refused").to_owned(),
        cause: refused.cause().to_owned(),
        cure: refused.cure().to_owned(),
    }
}

impl From<RenderError> for Refused {
    fn from(error: RenderError) -> Self {
        Self::internal(&error)
    }
}
