//! All routes of the server, and what every answer has in common.
//!
//! | who calls | where | who answers |
//! |---|---|---|
//! | devices | `/device/v1/...`, CBOR | `device_protocol/` |
//! | mirrors, and devices that are sent there | `/delivery/v1/...` | `delivery/` |
//! | devices with other update clients | `/{tenant}/controller/v1/...`, JSON | `ddi/` |
//! | devices, for certificates | `/.well-known/est/...`, base64 | `issuing/` |
//! | people and their tools | `/api/v1/...`, JSON | `operator/` |
//! | monitoring systems | `/metrics`, text | `operator/levels.rs` |
//! | whoever keeps it running | `/healthz`, `/readyz`, JSON | `readiness.rs` |
//! | browsers | `/`, `/devices/{id}`, ... | `pages/` |

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{from_fn, from_fn_with_state, map_response, map_response_with_state};
use axum::response::Response;

use crate::guard::{guard, known_here};
use crate::idempotency::once;
use crate::places::Place;
use crate::problem::Refused;
use crate::{App, ddi, delivery, device_protocol, issuing, pages, places, readiness};

/// Headers of every answer: pages load nothing from elsewhere and run no script but this server's own, nobody guesses
/// another content type, and addresses stay here. (They are told to this server itself: without, browsers would post forms with the origin "null".)
const SECURE: [(HeaderName, HeaderValue); 3] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(mainstay_report::CONTENT_SECURITY_POLICY),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
];

/// Where this server speaks TLS itself: for half a year browsers come over nothing else, so that nobody on the way talks one of them out of it. Who
/// takes TLS away again waits as long, or lets a proxy speak it.
const HTTPS_ALONE: &str = "max-age=15768000";

/// The whole server as one service, without a listener.
///
/// The questions that devices ask all day long stand apart, behind no layer: each one costs as much as the answer. They pass the same
/// [`guard`](crate::guard) by themselves, and nobody looks at their answers in a browser.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(places::router(device_protocol::PLACES))
        .merge(places::router(delivery::PLACES))
        .merge(issuing::routes())
        .merge(ddi::routes())
        .merge(
            Router::new()
                .nest(
                    places::API,
                    places::router(places::of_the_api())
                        .layer(from_fn_with_state(app.clone(), once))
                        .layer(map_response(unkept)),
                )
                .merge(of_people(places::of_monitors()))
                .merge(pages::routes())
                .layer(from_fn_with_state(app.clone(), known_here)),
        )
        .fallback(async || Refused::no_such_place())
        .method_not_allowed_fallback(async || Refused::wrong_method())
        .layer(from_fn_with_state(app.guard.clone(), guard))
        .layer(from_fn(ddi::instead_of_refusals))
        .merge(readiness::routes())
        .layer(map_response_with_state(app.clone(), secure))
        .merge(questions())
        .with_state(app)
}

/// What people and their tools are answered. Between them and this server nobody keeps it: to a cache a session's cookie doesn't say, as
/// a token does, that the answer is for one alone (RFC 9111, section 3.5).
fn of_people(table: &[Place]) -> Router<Arc<App>> {
    places::router(table).layer(map_response(unkept))
}

async fn unkept(mut response: Response) -> Response {
    let kept = HeaderValue::from_static("no-store");
    response.headers_mut().entry(CACHE_CONTROL).or_insert(kept);
    response
}

fn questions() -> Router<Arc<App>> {
    Router::new()
        .merge(places::router(device_protocol::QUESTIONS))
        .merge(places::router(ddi::QUESTIONS))
        .method_not_allowed_fallback(async || Refused::wrong_method())
}

/// What a place says more strictly itself stays.
async fn secure(State(app): State<Arc<App>>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SECURE {
        headers.entry(name).or_insert(value);
    }
    if app.config.tls.is_some() {
        let value = HeaderValue::from_static(HTTPS_ALONE);
        headers.insert(STRICT_TRANSPORT_SECURITY, value);
    }
    response
}
