//! For whom a device asks: for itself, or, as a gateway, in the name of a child of its. Read [`Asker`].
//!
//! A gateway shows who it is as any device does, and names the child in one header. Whether that stands behind it is read at each request, so what people
//! took back counts at once, at every server and on connections that are open. From there on the request is the child's: what is found, remembered,
//! counted and promised is found by what is kept of the child's token. So whatever a gateway is answered from memory is what the child would be, and
//! ends when that does; but no answer is given before any route to whoever names a child. A gateway's own things are nowhere looked at in such a request,
//! but that it asks too often for devices that aren't its.

use axum::http::header::VARY;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use mainstay_access::Origin;
use mainstay_fleet::{Device, DeviceId};
use mainstay_protocol::FOR_HEADER;
use mainstay_store::AsksFor;

use crate::identity::Peer;
use crate::problem::Refused;
use crate::quiet::TokenHash;
use crate::sign_in::Whence;
use crate::{App, authenticate};

const FOR: HeaderName = HeaderName::from_static(FOR_HEADER);

/// Whose request it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asker {
    /// What is kept of the token of the device that is asked for. If it asks itself, whether it is a device's isn't looked at yet.
    pub token: TokenHash,
    /// The gateway that asks in its name.
    pub through: Option<DeviceId>,
    /// Where wrong tokens are counted that come from there; nowhere, of one that a gateway asks for: its token wasn't shown.
    from: Option<Origin>,
}

impl Asker {
    /// Whose request it is that has this head.
    ///
    /// # Errors
    /// As [`authenticate::token`], or [`authenticate::registered`] if it names a child; `gateway.header` if the child isn't named as it must be, and `gateway.not-its-child`, one and the same whether
    /// there is such a device or not.
    pub async fn of(
        app: &App,
        headers: &HeaderMap,
        peer: &Peer,
        whence: &Whence,
    ) -> Result<Self, Refused> {
        let child = named(headers)?;
        let from = whence.suspects(app, headers);
        match child {
            None => Ok(Self {
                token: authenticate::token(app, headers, peer).await?,
                through: None,
                from,
            }),
            // Whom nobody registered is no gateway, and isn't made a device by a request that is another's.
            Some(child) => {
                let token = authenticate::registered(app, headers, peer).await?;
                as_gateway(app, token, from, &child).await
            }
        }
    }

    /// Whether whoever showed themselves so, and `bore` the token with this hash, or none, would ask for the same device if they asked anew: for `device`, if
    /// that is another one than who asks, only as long as it stands behind them.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn still_asks(
        &self,
        app: &App,
        peer: &Peer,
        bore: Option<TokenHash>,
        device: &DeviceId,
    ) -> Result<bool, Refused> {
        if self.through.is_none() {
            return peer.still_is(app, device, bore).await;
        }
        let Some(gateway) = peer.known(app, bore).await? else {
            return Ok(false);
        };
        let asks = app.store.asks_for(&gateway, device).await?;
        Ok(asks.is_some_and(|asks| asks.child_token.is_some()))
    }

    /// The device that is asked for.
    ///
    /// # Errors
    /// As [`authenticate::device`].
    pub async fn device(&self, app: &App) -> Result<Device, Refused> {
        authenticate::device(app, &self.token, self.from).await
    }

    /// The same, of a device that asks for a payload.
    ///
    /// # Errors
    /// As [`authenticate::that_fetches`].
    pub async fn that_fetches(&self, app: &App) -> Result<Device, Refused> {
        authenticate::that_fetches(app, &self.token, self.from).await
    }
}

/// That a device still stands behind the gateway that brought what is about to be kept of it: a message may take its time to come, and a thief's would
/// otherwise count after the device was taken back.
///
/// # Errors
/// `gateway.not-its-child`.
pub(crate) async fn expect_still_its(
    app: &App,
    gateway: &DeviceId,
    child: &DeviceId,
) -> Result<(), Refused> {
    match app.store.gateway_of(child).await? {
        Some(is) if is == *gateway => Ok(()),
        _ => Err(not_its_child()),
    }
}

/// An answer to who asked with this head: what is done in a child's name says so. Where something between took the header away, the request is the
/// gateway's own, and so is the answer.
pub(crate) fn answered(asked: &HeaderMap, mut answer: Response) -> Response {
    let is_refusal = answer.status().is_client_error() || answer.status().is_server_error();
    if let Some(child) = asked.get(FOR).filter(|_| !is_refusal) {
        answer.headers_mut().insert(FOR, child.clone());
    }
    answer
}

/// That an answer differs with the device that is asked for: what a cache before a gateway keeps for one of its children is for no other.
pub(crate) fn differs(answer: &mut Response) {
    let named = HeaderValue::from_static(FOR_HEADER);
    answer.headers_mut().append(VARY, named);
}

/// Whether a request is in the name of another device, however that is written.
pub(crate) fn names_another(headers: &HeaderMap) -> bool {
    headers.contains_key(FOR)
}

/// That a request is in nobody else's name, where only a device itself can ask.
///
/// # Errors
/// `gateway.not-here`.
pub(crate) fn expect_itself(headers: &HeaderMap) -> Result<(), Refused> {
    match names_another(headers) {
        false => Ok(()),
        true => Err(Refused::bad(
            "gateway.not-here",
            "A gateway can't do this in the name of another device.",
            "Let the device do it itself, or people register it.",
        )),
    }
}

/// The child that a request names; none if it names none.
fn named(headers: &HeaderMap) -> Result<Option<DeviceId>, Refused> {
    let mut values = headers.get_all(FOR).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let name = value.to_str().ok().filter(|_| values.next().is_none());
    let child = name.and_then(|name| DeviceId::new(name).ok());
    child.map(Some).ok_or_else(unreadable)
}

/// A gateway with this token asks in the name of `child`.
async fn as_gateway(
    app: &App,
    token: TokenHash,
    from: Option<Origin>,
    child: &DeviceId,
) -> Result<Asker, Refused> {
    app.limiter.expect_few_wrong(from, &token)?;
    let Some(asks) = app.store.asks_for(&token, child).await? else {
        app.limiter.was_wrong(from);
        return Err(Refused::unauthenticated());
    };
    let AsksFor {
        gateway,
        child_token,
    } = asks;
    let Some(child_token) = child_token else {
        // Who goes through all names there could be is held to what one device may ask.
        app.limiter.expect_seldom(&token)?;
        tracing::debug!(%gateway, %child, "a gateway asks for a device that isn't behind it");
        return Err(not_its_child());
    };
    app.limiter.was_right(&token);
    Ok(Asker {
        token: child_token,
        through: Some(gateway),
        from: None,
    })
}

fn unreadable() -> Refused {
    Refused::bad(
        "gateway.header",
        format_args!("The header {FOR_HEADER} doesn't name one device."),
        "Send it once, with the name of the device in whose name this is asked; or not at all.",
    )
}

fn not_its_child() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "gateway.not-its-child",
        "No device of this name stands behind the gateway that asks.",
        "Let operations put it there: mainstay device set NAME --gateway GATEWAY.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_once_is_read_and_nothing_else() {
        let longest = "x".repeat(64);
        let too_long = "x".repeat(65);
        let cases: [(&[&str], Option<Option<&str>>); 10] = [
            (&[], Some(None)),
            (&["th-1"], Some(Some("th-1"))),
            (&[longest.as_str()], Some(Some(longest.as_str()))),
            (&[too_long.as_str()], None),
            (&[""], None),
            (&["th-1", "th-1"], None),
            (&["th-1", "th-2"], None),
            (&["th-1, th-2"], None),
            (&["th-1/../th-2"], None),
            (&["th 1"], None),
        ];
        for (values, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(FOR, HeaderValue::from_str(value).unwrap());
            }
            let read = named(&headers).ok();
            let read = read
                .as_ref()
                .map(|name| name.as_ref().map(DeviceId::as_str));
            assert_eq!(read, expected, "{values:?}");
            assert_eq!(names_another(&headers), !values.is_empty(), "{values:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(FOR, HeaderValue::from_bytes(b"th-\xff").unwrap());
        assert!(named(&headers).is_err() && names_another(&headers));
    }
}
