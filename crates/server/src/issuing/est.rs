//! The places of this protocol: extract, see who asks, read what they send, make, note, answer. Read [`enroll`].

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use mainstay_access::issued::may_be_given_one;
use mainstay_store::{IssueFailure, IssuedCertificate};

use super::asker::Asker;
use super::certs_only;
use super::device_issuer::{DeviceIssuer, unissued};
use super::key::ProvenKey;
use super::open_issuer::{Made, OpenIssuer, SERIAL_BYTES, Wish};
use super::request::{CertificateRequest, REQUEST_BYTES_MAX};
use crate::asker::expect_itself;
use crate::identity::Peer;
use crate::problem::Refused;
use crate::sign_in::Whence;
use crate::{App, body, tls};

/// What a request says that it is (RFC 7030, section 4.2.1).
const REQUEST: &str = "application/pkcs10";
/// What answers are (sections 4.1.3 and 4.2.3).
const AUTHORITIES: HeaderValue = HeaderValue::from_static("application/pkcs7-mime");
const ONE: HeaderValue = HeaderValue::from_static("application/pkcs7-mime; smime-type=certs-only");
/// For clients from before RFC 8951, which has it ignored.
const ENCODED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("content-transfer-encoding"),
    HeaderValue::from_static("base64"),
);

/// `GET /.well-known/est/cacerts`: no secret, for whoever asks.
pub(super) async fn authorities(State(app): State<Arc<App>>) -> Result<Response, Refused> {
    let open = open(issuer(&app)?, app.now())?;
    Ok(answer(AUTHORITIES, certs_only::body(open.chain())))
}

/// `GET /.well-known/est/csrattrs`: a request may be like any other.
pub(super) async fn attributes(State(app): State<Arc<App>>) -> Result<StatusCode, Refused> {
    open(issuer(&app)?, app.now()).map(|_| StatusCode::NO_CONTENT)
}

/// `POST /.well-known/est/simpleenroll`.
pub(super) async fn enroll(
    State(app): State<Arc<App>>,
    peer: Peer,
    from: Whence,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Refused> {
    let issuer = issuer(&app)?;
    expect_itself(&headers)?;
    let from = from.suspects(&app, &headers);
    let asker = Asker::of(&app, &peer, &headers, from).await?;
    given(&app, issuer, asker, (&headers, request)).await
}

/// `POST /.well-known/est/simplereenroll`.
pub(super) async fn reenroll(
    State(app): State<Arc<App>>,
    peer: Peer,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Refused> {
    let issuer = issuer(&app)?;
    expect_itself(&headers)?;
    let asker = Asker::that_renews(&app, &peer).await?;
    given(&app, issuer, asker, (&headers, request)).await
}

/// Who issues here, if anybody does.
fn issuer(app: &App) -> Result<&DeviceIssuer, Refused> {
    let issuer = app.config.issuer.as_deref();
    issuer.ok_or_else(Refused::no_such_place)
}

/// Who issues at this moment.
fn open(issuer: &DeviceIssuer, now: Timestamp) -> Result<Arc<OpenIssuer>, Refused> {
    issuer.open(now).map_err(|why| unissued(&why))
}

fn answer(kind: HeaderValue, text: String) -> Response {
    let (name, value) = ENCODED;
    let mut response = text.into_response();
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response.headers_mut().insert(name, value);
    response
}

/// Gives the device a certificate for the key that its request proves. It has shown who it is by then: a stranger hears that it is one, whatever the issuer can do.
async fn given(
    app: &App,
    issuer: &DeviceIssuer,
    asker: Asker,
    (headers, request): (&HeaderMap, Body),
) -> Result<Response, Refused> {
    open(issuer, app.now())?;
    check_kind(headers)?;
    let bytes = body::read(headers, request, REQUEST_BYTES_MAX).await?;
    let request = CertificateRequest::read(&bytes)?;
    if !request.names_nobody_but(&asker.names()) {
        return Err(another_name(&asker));
    }
    let now = app.now();
    // The same is asked once more when it is noted; here, so that no token signs in vain.
    let before = app.store.issued_to(&asker.device).await?;
    let before: Vec<_> = before.into_iter().map(|(one, _)| one.at).collect();
    may_be_given_one(&before, now).map_err(IssueFailure::from)?;
    let made = made(app, issuer, &asker, request.key, now).await?;
    note(app, &asker, &made, now).await?;
    Ok(answer(ONE, certs_only::body(&[made.der])))
}

/// A browser that another site sends here can't say that without being asked first.
fn check_kind(headers: &HeaderMap) -> Result<(), Refused> {
    let said = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = said.and_then(|said| said.split(';').next());
    match kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(REQUEST)) {
        true => Ok(()),
        false => Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "certificate.media-type",
            "The request doesn't say that it is one for a certificate.",
            "Send it with `Content-Type: application/pkcs10`.",
        )),
    }
}

/// Makes it, and sees to it that it would let the device in.
async fn made(
    app: &App,
    issuer: &DeviceIssuer,
    asker: &Asker,
    key: ProvenKey,
    now: Timestamp,
) -> Result<Made, Refused> {
    let wish = Wish {
        name: asker.device.to_string(),
        key,
        serial: serial(app),
        now,
    };
    let made = issuer.make(wish).await?;
    let fingerprint = tls::fingerprint(&made.der);
    let named = app
        .store
        .certified(asker.device.as_str(), &fingerprint)
        .await?;
    match named.is_some_and(|named| named.device == asker.device) {
        true => Ok(made),
        false => Err(ambiguous(asker)),
    }
}

/// Positive, and of the same length each time.
fn serial(app: &App) -> [u8; SERIAL_BYTES] {
    let mut serial = [0; SERIAL_BYTES];
    app.entropy.fill(&mut serial);
    serial[0] = (serial[0] & 0x7f) | 0x40;
    serial
}

/// It is on record before it is given out.
async fn note(app: &App, asker: &Asker, made: &Made, now: Timestamp) -> Result<(), Refused> {
    let issued = IssuedCertificate {
        fingerprint: tls::fingerprint(&made.der),
        device: asker.device.clone(),
        serial: made.serial.clone(),
        at: now,
        ends: made.ends,
        asked_with: asker.asked_with,
    };
    app.store.note_issued(&issued).await?;
    let (device, ends) = (&issued.device, issued.ends);
    let certificate = hex::encode(issued.fingerprint);
    let renewed = issued.asked_with.map(hex::encode);
    tracing::info!(%device, certificate, %ends, renewed, "certificate issued");
    Ok(())
}

fn another_name(asker: &Asker) -> Refused {
    let device = &asker.device;
    Refused::new(
        StatusCode::FORBIDDEN,
        "certificate.another-name",
        format_args!("The request asks for a name that isn't that of {device}, which asks."),
        "Ask for the device's own name, as common name and nowhere else, or for none.",
    )
}

/// Two devices have the name: a certificate with it would let neither in.
fn ambiguous(asker: &Asker) -> Refused {
    let device = &asker.device;
    Refused::conflict(
        "certificate.ambiguous",
        format_args!("A certificate that names {device} would let nobody in."),
        "Let operations look whether another device's update client asks by that name, and call one of them otherwise.",
    )
}
