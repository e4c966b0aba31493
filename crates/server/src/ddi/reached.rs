//! By which address a client or a person reaches this server: all links are absolute, and begin with it. Read [`by`].

use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderName};

use crate::AppConfig;
use crate::problem::Refused;

/// What a proxy in front says of the host, and of the scheme.
pub(super) const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// See [`FORWARDED_HOST`].
pub(super) const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The longest name of a host with its port: 253 signs (RFC 1035, section 2.3.4), a colon and five digits.
const HOST_BYTES_MAX: usize = 259;

/// `https://updates.example`: what the server's settings say, whatever the request does. Without such a setting, as the request says, by `Host`, or
/// by what a proxy in front says it was; who sends a lie is answered with links that lead there, and nobody else is.
///
/// # Errors
/// `request.host` if there is no setting, and no host can be read.
pub(crate) fn by(config: &AppConfig, headers: &HeaderMap) -> Result<String, Refused> {
    match &config.public_url {
        Some(url) => Ok(url.as_str().to_owned()),
        None => asked(config.tls.is_some(), headers),
    }
}

fn asked(is_tls: bool, headers: &HeaderMap) -> Result<String, Refused> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let first = |list: &str| list.split(',').next().unwrap_or(list).trim().to_owned();
    let host = text(&FORWARDED_HOST).or_else(|| text(&HOST)).map(first);
    let host = host.filter(|host| is_host(host)).ok_or_else(no_host)?;
    let is_secure = is_tls || text(&FORWARDED_PROTO).is_some_and(|proto| first(proto) == "https");
    let scheme = if is_secure { "https" } else { "http" };
    Ok(format!("{scheme}://{host}"))
}

fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    (1..=HOST_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)
}

fn no_host() -> Refused {
    Refused::bad(
        "request.host",
        "The request doesn't say by which name it reached the server.",
        "Send `Host`, as HTTP/1.1 asks for.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(HeaderName, &str)], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(name, value.parse().expect("a header's value"));
        }
        let found = by(&AppConfig::default(), &headers).ok();
        assert_eq!(found.as_deref(), expected, "{pairs:?}");
    }

    #[test]
    fn links_begin_where_the_client_asked() {
        check(&[(HOST, "h:8080")], Some("http://h:8080"));
        check(&[(HOST, "[::1]:80")], Some("http://[::1]:80"));
        let inner = (HOST, "inner:8080");
        let outer = (FORWARDED_HOST, "updates.example, proxy");
        check(
            &[inner.clone(), outer.clone()],
            Some("http://updates.example"),
        );
        let proto = (FORWARDED_PROTO, "https");
        check(
            &[inner.clone(), outer, proto],
            Some("https://updates.example"),
        );
        check(
            &[inner, (FORWARDED_PROTO, "gopher")],
            Some("http://inner:8080"),
        );
    }

    /// Where this server speaks TLS itself, nobody is led to where it isn't spoken, whatever a header says.
    #[test]
    fn with_tls_links_are_https() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "h:8480".parse().expect("a host"));
        headers.insert(FORWARDED_PROTO, "http".parse().expect("a scheme"));
        assert_eq!(
            asked(true, &headers).ok().as_deref(),
            Some("https://h:8480")
        );
    }

    #[test]
    fn nothing_else_gets_into_a_link() {
        check(&[], None);
        for host in ["", "h/evil", "h\"x", "user@h", "h h", &"h".repeat(260)] {
            check(&[(HOST, host)], None);
        }
    }
}
