//! What browsers see: facts read from the store, put into the typed models of `mainstay-report`.
//!
//! Nothing is decided here, and no sentence of a "why" is worded here: those are `rollout::why`'s.
//! [`fill`] turns domain values into models, for these pages and for reports; the other files read
//! what a page needs.

mod brakes;
mod clients;
mod devices;
pub(crate) mod door;
pub mod fill;
mod fleet;
mod glance;
mod home;
mod incident;
mod live;
mod orders;
mod rollout;
mod rollout_devices;

use std::sync::Arc;

pub(crate) use fleet::{Counted, Total};
pub(crate) use orders::{log_of, told};

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use mainstay_access::Permission;
use mainstay_report::{Frame, Live, LiveScript, ProblemPage, RenderError, Viewer};

use self::door::Visitor;
use crate::places::{Place, Whom};
use crate::problem::Refused;
use crate::{App, places};

const READ: Whom = Whom::May(Permission::Read);

/// The places of browsers that only look; their addresses are `mainstay_report::Target`'s.
pub(crate) const PLACES: &[Place] = &[
    Place::new("/", &[("GET", READ)], || get(home::home)),
    Place::new("/devices", &[("GET", READ)], || get(devices::list)),
    Place::new("/devices/{id}", &[("GET", READ)], || get(devices::one)),
    Place::new("/rollouts/{id}", &[("GET", READ)], || get(rollout::one)),
    Place::new("/rollouts/{id}/devices", &[("GET", READ)], || {
        get(rollout_devices::list)
    }),
    Place::new("/incidents/{id}", &[("GET", READ)], || get(incident::one)),
    Place::new(Live::PATH, &[("GET", READ)], || get(live::listen)),
    Place::new(LiveScript::PATH, &[("GET", Whom::Anyone)], || {
        get(live::script)
    }),
];

/// The routes of browsers.
pub(crate) fn routes() -> Router<Arc<App>> {
    let tables = places::of_browsers().into_iter();
    tables
        .map(places::router)
        .fold(Router::new(), Router::merge)
}

/// What stands around every page.
async fn frame(app: &App, viewer: Option<Viewer>) -> Result<Frame, Refused> {
    let active = app.plan().await?;
    let plan = active.as_deref();
    Ok(Frame {
        product: "Mainstay".to_owned(),
        plan: plan.map_or_else(String::new, |active| active.plan.name.clone()),
        plan_revision: plan.map_or_else(String::new, |active| active.revision.clone()),
        market: plan.map_or_else(Vec::new, |active| active.plan.market.clone()),
        generated_at: app.now(),
        viewer,
        live: None,
    })
}

/// The same around a page that stays as the server has it, by what [`live::now`] said before its facts were read.
async fn live_frame(app: &App, visitor: &Visitor, live: Live) -> Result<Frame, Refused> {
    Ok(Frame {
        live: Some(live),
        ..frame(app, visitor.viewer()).await?
    })
}

/// What stands around the pages of those who haven't signed in: nothing that is told to people alone.
fn frame_of_nobody(app: &App) -> Frame {
    Frame {
        product: "Mainstay".to_owned(),
        plan: String::new(),
        plan_revision: String::new(),
        market: Vec::new(),
        generated_at: app.now(),
        viewer: None,
        live: None,
    }
}

/// The page, or the refusal as a page.
fn answer(app: &App, page: Result<String, Refused>) -> Response {
    let mut response = match page {
        Ok(html) => Html(html).into_response(),
        Err(refused) => problem(app, &refused),
    };
    // Facts of this moment, and perhaps not for everyone's eyes.
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The refusal as a page. Who asks may be anybody, so that it tells nothing else.
fn problem(app: &App, refused: &Refused) -> Response {
    in_frame(frame_of_nobody(app), refused)
}

fn in_frame(frame: Frame, refused: &Refused) -> Response {
    let mut response = match problem_page(frame, refused).to_html() {
        Ok(html) => (refused.status(), Html(html)).into_response(),
        Err(error) => return Refused::from(error).into_response(),
    };
    if let Some(seconds) = refused.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, seconds);
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

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_TYPE;
    use jiff::Timestamp;

    use super::*;

    /// Programs read pages, too; and what stands before a server asks again by it.
    #[test]
    fn a_refusal_that_is_over_soon_says_when_also_as_a_page() {
        let frame = || Frame {
            product: "Mainstay".to_owned(),
            plan: String::new(),
            plan_revision: String::new(),
            market: Vec::new(),
            generated_at: Timestamp::UNIX_EPOCH,
            viewer: None,
            live: None,
        };
        for (refused, status, says_when) in [
            (Refused::busy(), 503, true),
            (Refused::unavailable("store.busy", "Wait."), 503, true),
            (Refused::not_found("device", "th-1"), 404, false),
        ] {
            let page = in_frame(frame(), &refused);
            let headers = page.headers();
            let found = (page.status().as_u16(), headers.contains_key(RETRY_AFTER));
            assert_eq!(found, (status, says_when), "{}", refused.id());
            assert!(headers[CONTENT_TYPE].as_bytes().starts_with(b"text/html"));
        }
    }
}
