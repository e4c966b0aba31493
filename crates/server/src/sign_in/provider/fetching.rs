//! Asking a provider over HTTP: bounded in size and time, and never sent on to elsewhere. Read [`read`] and [`tokens`].

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::fault::Fault;
use super::secret::ProviderError;
use crate::settings::oidc::is_private;

/// Longest answer: descriptions and keys have some ten kilobytes, and a token of somebody in hundreds of groups perhaps as many.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Longest time for one answer: who signs in looks at an empty page meanwhile.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a provider that didn't answer is left alone.
pub(super) const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// What asks. It follows nobody elsewhere: a secret would go along.
pub(super) fn client(issuer: &str) -> Result<Client, ProviderError> {
    let client = Client::builder()
        .redirect(Policy::none())
        .timeout(ANSWER_TIME_MAX)
        .referer(false);
    // What is on this machine isn't asked by way of another one.
    let is_here = is_here(issuer);
    let client = match is_here {
        true => client.no_proxy(),
        false => client.https_only(true),
    };
    client.build().map_err(ProviderError::Client)
}

/// Whether an address of this issuer's may be asked, or a browser sent there. One that is elsewhere has nothing to say of this machine's
/// own places, which answer without HTTPS.
pub(super) fn address(text: &str, issuer: &str) -> Result<Url, Fault> {
    let url = Url::parse(text).map_err(|_| Fault::Description("an address can't be read"))?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_private = url.scheme() == "https" || (is_here(issuer) && is_private(&url));
    match is_private && is_plain && url.fragment().is_none() {
        true => Ok(url),
        false => Err(Fault::Description("an address isn't HTTPS")),
    }
}

/// Whether an issuer is on this machine, and spoken to without HTTPS.
fn is_here(issuer: &str) -> bool {
    Url::parse(issuer).is_ok_and(|url| url.scheme() == "http")
}

/// A document.
pub(super) async fn read(http: &Client, url: Url) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let request = http.get(url).header(ACCEPT, "application/json");
    let response = request.send().await.map_err(|error| unreachable(&error))?;
    let (status, body) = whole(response).await?;
    match status {
        StatusCode::OK => Ok(body),
        other => Err(Fault::Answer(format!("with the status {}", other.as_u16()))),
    }
}

/// Why a provider gives no token (RFC 6749, section 5.2). Its description is for nobody here.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// What a provider gives for a form.
pub(super) async fn tokens(
    request: RequestBuilder,
    form: &[(&str, &str)],
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let request = request
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(written(form));
    let response = request.send().await.map_err(|error| unreachable(&error))?;
    let (status, body) = whole(response).await?;
    if status == StatusCode::OK {
        return Ok(body);
    }
    let refusal = serde_json::from_slice::<Refusal>(&body);
    match refusal.as_ref().map(|refusal| refusal.error.as_str()) {
        Ok("invalid_grant") => Err(Fault::Code),
        Ok("invalid_client" | "unauthorized_client") => Err(Fault::Client),
        _ if status == StatusCode::UNAUTHORIZED => Err(Fault::Client),
        _ => Err(Fault::Answer(format!(
            "with the status {}",
            status.as_u16()
        ))),
    }
}

/// The fields as a browser would write them.
fn written(form: &[(&str, &str)]) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form).finish()
}

/// The status and all of the body, which is cut off where it gets too long.
async fn whole(mut response: Response) -> Result<(StatusCode, Zeroizing<Vec<u8>>), Fault> {
    let mut body = Zeroizing::new(Vec::new());
    while let Some(piece) = response
        .chunk()
        .await
        .map_err(|error| unreachable(&error))?
    {
        if body.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(Fault::Answer("with too much".to_owned()));
        }
        body.extend_from_slice(&piece);
    }
    Ok((response.status(), body))
}

/// In a few words, none of which the provider chose. Where it was is known.
fn unreachable(error: &reqwest::Error) -> Fault {
    let what = match error {
        error if error.is_timeout() => "it takes too long",
        error if error.is_connect() => "no connection, or one that can't be trusted",
        _ => "the connection broke",
    };
    Fault::Unreachable(what.to_owned())
}
