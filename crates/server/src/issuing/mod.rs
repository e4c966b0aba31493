//! Certificates for devices, by request: Enrolment over Secure Transport (RFC 7030, as RFC 8951 amends it).
//!
//! | a device asks | and gets |
//! |---|---|
//! | `GET /.well-known/est/cacerts` | the certificate of who issues, and those above it |
//! | `POST /.well-known/est/simpleenroll`, by its token or its certificate | a certificate for the key that signed its request |
//! | `POST /.well-known/est/simplereenroll`, by its certificate alone | the same |
//! | `GET /.well-known/est/csrattrs` | 204: nothing particular is asked of a request |
//!
//! Only where the server was given an authority's certificate and key; else there is nothing at these places. What is issued names the device that asks,
//! whatever its request says, is good for what such certificates are for and for nothing else, and is on record before it is given out. Nothing here lets a
//! device in: [`crate::identity`] does, by these certificates as by those of any authority that the server takes. Read [`DeviceIssuer`], then `open_issuer.rs`
//! and `request.rs`.

mod asker;
mod certificate;
mod certs_only;
mod device_issuer;
mod error;
mod est;
mod key;
mod open_issuer;
mod opening;
mod request;
mod unopened;

use std::sync::Arc;

use axum::Router;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};

use crate::App;
use crate::places::{self, Credential, Place, Whom};

pub(crate) use asker::nothing_to_renew;
pub use certificate::IssuerCertificate;
pub use device_issuer::DeviceIssuer;
pub use error::IssuerError;
pub use opening::{IssuerTerms, OpensKey};
pub use unopened::{Passes, Unopened};

/// Where clients of this protocol ask (RFC 7030, section 3.2.2).
pub(crate) const PLACE: &str = "/.well-known/est/";

/// The record of uses of the key with which certificates are given, in the data folder: that it was opened, and when. What it signs is in the database, a row
/// for each certificate.
pub const USES: &str = "device-issuer.uses";

const DEVICE: Whom = Whom::Shows(Credential::Device);

/// The places of this protocol, all of them below [`PLACE`].
pub(crate) const PLACES: &[Place] = &[
    Place::new("/.well-known/est/cacerts", &[("GET", Whom::Anyone)], || {
        get(est::authorities)
    }),
    Place::new(
        "/.well-known/est/csrattrs",
        &[("GET", Whom::Anyone)],
        || get(est::attributes),
    ),
    Place::new("/.well-known/est/simpleenroll", &[("POST", DEVICE)], || {
        post(est::enroll)
    }),
    Place::new(
        "/.well-known/est/simplereenroll",
        &[("POST", DEVICE)],
        || post(est::reenroll),
    ),
];

/// Their routes.
pub(crate) fn routes() -> Router<Arc<App>> {
    places::router(PLACES).layer(map_response(basic))
}

/// Clients of this protocol know their credentials by the scheme Basic (RFC 7030, section 3.2.3), and some show them only once they are asked.
async fn basic(mut response: Response) -> Response {
    if response.status() == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Basic realm=\"devices\", charset=\"UTF-8\"");
        response.headers_mut().append(WWW_AUTHENTICATE, scheme);
    }
    response
}
