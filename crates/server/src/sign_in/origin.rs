//! Where an attempt to sign in comes from: the peer, or whom a trusted proxy names.
//!
//! All attempts that share an origin wait for each other's slips, so a proxy must never be one, and nobody may choose their own.
//! Read [`origin`].

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, StatusCode};
use mainstay_access::Origin;

use crate::App;
use crate::problem::Refused;
use crate::settings::TrustedProxies;

/// Longest header that is read, over all of its lines: a chain of some twenty proxies.
const HEADER_BYTES_MAX: usize = 2048;
/// Most addresses that are looked at.
const HOPS_MAX: usize = 32;
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Why nobody knows where an attempt comes from. None of it is the doing of whoever signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginUnknown {
    /// The request came by no connection: the server was asked from within its own process.
    #[error("the request came over no connection")]
    NoPeer,
    /// A header that proxies write came from a peer whom no setting names.
    #[error("the request came by a proxy that no setting of this server names")]
    UnnamedProxy,
    /// A trusted proxy named nobody beside other proxies.
    #[error("the proxy before this server doesn't say for whom it asks")]
    NobodyNamed,
    /// The headers can't be read, or name different addresses: one of them is the client's own.
    #[error("what the proxies say of the client's address can't be read, or disagrees")]
    Unclear,
}

impl OriginUnknown {
    /// Stable id of this refusal.
    pub fn id(self) -> &'static str {
        match self {
            Self::NoPeer => "sign-in.no-peer",
            Self::UnnamedProxy => "sign-in.unnamed-proxy",
            Self::NobodyNamed => "sign-in.proxy-names-nobody",
            Self::Unclear => "sign-in.proxy-unclear",
        }
    }

    /// What to do about it.
    pub fn cure(self) -> &'static str {
        match self {
            Self::NoPeer => "Ask the server at its address.",
            Self::UnnamedProxy => {
                "Whoever runs the server names the proxy's network in the setting trusted_proxies, and takes the header away from others."
            }
            Self::NobodyNamed => {
                "Whoever runs the server lets the proxy add the client's address to X-Forwarded-For or Forwarded, and names in the setting trusted_proxies no network that clients are in."
            }
            Self::Unclear => {
                "Whoever runs the server lets the proxy write one of X-Forwarded-For and Forwarded, and take the other one away."
            }
        }
    }
}

impl From<OriginUnknown> for Refused {
    /// The server's own fault, which nobody's attempts are counted for.
    fn from(unknown: OriginUnknown) -> Self {
        tracing::warn!(
            id = unknown.id(),
            "an attempt to sign in was refused: {unknown}"
        );
        let cause = format_args!("Nobody can sign in this way: {unknown}.");
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, unknown.id(), cause, unknown.cure())
    }
}

/// Who is at the other end of a request's connection.
pub(crate) struct Whence(Option<SocketAddr>);

impl Whence {
    /// Where the head of a request came from.
    pub fn of(parts: &Parts) -> Self {
        Self::of_extensions(&parts.extensions)
    }

    /// Where a request came from that has these.
    pub fn of_extensions(extensions: &Extensions) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        Self(peer.map(|ConnectInfo(peer)| *peer))
    }

    /// With whom somebody shares what few may have at once: their origin, or, if that can't be told, their peer's.
    pub fn neighbours(&self, app: &App, headers: &HeaderMap) -> Option<Origin> {
        let peers = || self.0.map(|peer| Origin::of(peer.ip()));
        let told = origin(self.0, headers, &app.config.trusted_proxies);
        told.ok().or_else(peers)
    }

    /// Whose wrong tokens a wrong one is counted with; none where they would be everybody's: behind a proxy that nobody named, or that names nobody.
    /// Such a proxy stands near its server, so nobody who comes from afar gets free by saying that they are one.
    pub fn suspects(&self, app: &App, headers: &HeaderMap) -> Option<Origin> {
        let peer = self.0?.ip();
        match origin(self.0, headers, &app.config.trusted_proxies) {
            Ok(origin) => Some(origin),
            Err(OriginUnknown::UnnamedProxy) if is_near(peer) => None,
            Err(OriginUnknown::NobodyNamed | OriginUnknown::NoPeer) => None,
            Err(OriginUnknown::UnnamedProxy | OriginUnknown::Unclear) => Some(Origin::of(peer)),
        }
    }

    /// Whose slips a slip is counted with.
    ///
    /// # Errors
    /// If a proxy stands there whose word nobody can use.
    pub fn origin(&self, app: &App, headers: &HeaderMap) -> Result<Origin, Refused> {
        Ok(origin(self.0, headers, &app.config.trusted_proxies)?)
    }
}

impl FromRequestParts<Arc<App>> for Whence {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// Where a request comes from. From a `trusted` peer, and from no other, the last address in the headers that isn't itself a trusted
/// one is believed: what stands before it was written by the client.
///
/// # Errors
/// [`OriginUnknown`]. A header of a proxy whom nobody named is one too: without a word about it, all of its clients would be one.
pub fn origin(
    peer: Option<SocketAddr>,
    headers: &HeaderMap,
    trusted: &TrustedProxies,
) -> Result<Origin, OriginUnknown> {
    let peer = peer.ok_or(OriginUnknown::NoPeer)?.ip();
    let names_somebody = [FORWARDED, X_FORWARDED_FOR]
        .iter()
        .any(|name| headers.contains_key(name));
    match (trusted.include(peer), names_somebody) {
        (false, false) => Ok(Origin::of(peer)),
        (false, true) => Err(OriginUnknown::UnnamedProxy),
        (true, false) => Err(OriginUnknown::NobodyNamed),
        (true, true) => named(headers, trusted).map(Origin::of),
    }
}

/// Whether an address is this machine's, or one that is used within a house alone (RFC 1918, RFC 4193).
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// The client whom the headers name; if both are there, a proxy wrote one of them, and the client perhaps the other.
fn named(headers: &HeaderMap, trusted: &TrustedProxies) -> Result<IpAddr, OriginUnknown> {
    let mut found = Vec::new();
    for (name, hops) in [
        (FORWARDED, forwarded as fn(&str) -> Option<Vec<Hop>>),
        (X_FORWARDED_FOR, x_forwarded_for),
    ] {
        if let Some(line) = joined(headers, &name)? {
            let hops = hops(&line).ok_or(OriginUnknown::Unclear)?;
            found.push(last_foreign(&hops, trusted)?);
        }
    }
    match found[..] {
        [one] => Ok(one),
        [one, other] if Origin::of(one) == Origin::of(other) => Ok(one),
        _ => Err(OriginUnknown::Unclear),
    }
}

/// What one proxy says of whoever asked it: an address, or a name that tells nothing.
type Hop = Option<IpAddr>;

fn last_foreign(hops: &[Hop], trusted: &TrustedProxies) -> Result<IpAddr, OriginUnknown> {
    for hop in hops.iter().rev().take(HOPS_MAX) {
        match hop {
            None => return Err(OriginUnknown::NobodyNamed),
            Some(address) if trusted.include(*address) => {}
            Some(address) => return Ok(*address),
        }
    }
    Err(OriginUnknown::NobodyNamed)
}

/// All lines of a header as one (RFC 9110, section 5.3); none if there is none.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, OriginUnknown> {
    let mut whole = String::new();
    for (nth, value) in headers.get_all(name).iter().enumerate() {
        let text = value.to_str().map_err(|_| OriginUnknown::Unclear)?;
        if whole.len() + text.len() > HEADER_BYTES_MAX {
            return Err(OriginUnknown::Unclear);
        }
        if nth > 0 {
            whole.push(',');
        }
        whole.push_str(text);
    }
    Ok(headers.contains_key(name).then_some(whole))
}

/// `192.0.2.7, 2001:db8::7, [2001:db8::7]:4711`: empty elements are allowed and say nothing.
fn x_forwarded_for(line: &str) -> Option<Vec<Hop>> {
    let elements = line.split(',').map(str::trim);
    let hops = elements.filter(|element| !element.is_empty());
    Some(hops.map(address).collect())
}

/// `for=192.0.2.7;proto=https, for="[2001:db8::7]:4711"` (RFC 7239). None if it isn't well formed: a quote that the client opens must not
/// swallow what the proxy adds.
fn forwarded(line: &str) -> Option<Vec<Hop>> {
    let mut rest = line.trim_start();
    let mut hops = Vec::new();
    let mut hop = None;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return None;
        }
        let (value, after) = value(after)?;
        if name.eq_ignore_ascii_case("for") {
            if hop.is_some() {
                return None;
            }
            hop = Some(address(&value));
        }
        let after = after.trim_start();
        let ends = after.is_empty() || after.starts_with(',');
        if ends {
            hops.push(hop.take().flatten());
        } else if !after.starts_with(';') {
            return None;
        }
        rest = after.get(1..).unwrap_or_default().trim_start();
        if rest.is_empty() && !after.is_empty() {
            return None;
        }
    }
    Some(hops)
}

/// A token or a quoted text, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.bytes().position(|byte| !is_token(byte));
        let (token, after) = text.split_at(end.unwrap_or(text.len()));
        return (!token.is_empty()).then(|| (token.to_owned(), after));
    };
    let mut value = String::new();
    let mut signs = quoted.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(signs.next()?.1),
            _ => value.push(sign),
        }
    }
    None
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// An address, perhaps with a port; none for a name that hides it, or anything else.
fn address(text: &str) -> Hop {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let address = bare.unwrap_or(text).parse().ok().or_else(with_port);
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests;
