//! Whether a browser sends what its user wants, or what another site made it send.
//!
//! Two things are asked for, each of which would do: where the page came from, and what only a page of this session carries.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use mainstay_access::Secret;

use crate::App;
use crate::problem::Refused;

/// What browsers say of where a page came from; no page can write it (Fetch Metadata Request Headers, section 2.4).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What a call of the API with a session carries, as a form carries its field.
const FORM_TOKEN: HeaderName = HeaderName::from_static("mainstay-form");

/// That a page of this server sent it.
///
/// # Errors
/// `sign-in.other-site`.
pub(crate) fn check(app: &App, headers: &HeaderMap) -> Result<(), Refused> {
    let public_url = app.config.public_url.as_ref().map(|url| url.as_str());
    match is_same_site(headers, public_url) {
        true => Ok(()),
        false => Err(Refused::new(
            StatusCode::FORBIDDEN,
            "sign-in.other-site",
            "This was sent by a page of another site, or the browser doesn't say by which.",
            "Open the page anew, at the address that the setting public_url names if it is set, and send it from there.",
        )),
    }
}

/// That a page of this server and this session sent a call of the API.
///
/// # Errors
/// `sign-in.other-site`, or `sign-in.form`.
pub(crate) fn check_call(app: &App, headers: &HeaderMap, secret: &Secret) -> Result<(), Refused> {
    check(app, headers)?;
    let token = headers
        .get(FORM_TOKEN)
        .and_then(|token| token.to_str().ok());
    check_token(token.unwrap_or_default(), secret)
}

/// That what was sent carries what only this session's pages carry.
///
/// # Errors
/// `sign-in.form`.
pub(crate) fn check_token(token: &str, secret: &Secret) -> Result<(), Refused> {
    match secret.is_in_form(token) {
        true => Ok(()),
        false => Err(Refused::new(
            StatusCode::FORBIDDEN,
            "sign-in.form",
            "This form isn't of the session in which it was sent.",
            "Open the page anew and send it again. A program bears a token in place of a cookie.",
        )),
    }
}

/// What the browser says of itself counts; one that says nothing tells at least the origin with what it posts (RFC 6454, section 7.3),
/// which is the public address, or, without that, the host that was asked.
fn is_same_site(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    if let Some(site) = text(&SEC_FETCH_SITE) {
        return site == "same-origin";
    }
    let Some(origin) = text(&ORIGIN) else {
        return false;
    };
    if let Some(public_url) = public_url {
        return origin.eq_ignore_ascii_case(without_default_port(public_url));
    }
    let host = text(&HOST).unwrap_or_default();
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    !host.is_empty() && authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// As browsers write an origin.
fn without_default_port(url: &str) -> &str {
    let port = if url.starts_with("https://") {
        ":443"
    } else {
        ":80"
    };
    url.strip_suffix(port).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_this_server_counts() {
        let public = Some("https://updates.example:443");
        let own = ("host", "10.0.0.5:8480");
        for (lines, public_url, same) in [
            (&[("sec-fetch-site", "same-origin")][..], None, true),
            (&[("sec-fetch-site", "same-site")], None, false),
            (&[("sec-fetch-site", "cross-site")], None, false),
            (&[("sec-fetch-site", "none")], None, false),
            // What the browser says counts more than what may be guessed.
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    own,
                    ("origin", "http://10.0.0.5:8480"),
                ],
                None,
                false,
            ),
            (&[own, ("origin", "http://10.0.0.5:8480")], None, true),
            (&[own, ("origin", "http://10.0.0.5")], None, false),
            (&[own, ("origin", "http://evil.example")], None, false),
            (&[own, ("origin", "null")], None, false),
            (&[own], None, false),
            (&[("origin", "http://")], None, false),
            (&[], None, false),
            (&[own, ("origin", "https://updates.example")], public, true),
            (&[own, ("origin", "http://updates.example")], public, false),
            (&[own, ("origin", "http://10.0.0.5:8480")], public, false),
            (
                &[own, ("origin", "https://updates.example.evil.example")],
                public,
                false,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.insert(HeaderName::from_static(name), value.parse().unwrap());
            }
            assert_eq!(is_same_site(&headers, public_url), same, "{lines:?}");
        }
    }
}
