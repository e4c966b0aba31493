//! What a form sends: bounded, and from where it may come. Read [`Form`].

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use mainstay_access::Origin;

use crate::problem::Refused;
use crate::sign_in::origin::Whence;
use crate::sign_in::{SignedIn, same_site};
use crate::{App, body};

/// The longest form: some 20 permissions, and two passwords of 128 signs, each written as twelve.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// Longest time in which one is sent: it fits into a few packets.
const FORM_TIME_MAX: Duration = Duration::from_secs(10);
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// What a browser posts, before it is looked at.
pub(super) struct Sent {
    /// The request's head.
    pub headers: HeaderMap,
    from: Whence,
    body: Body,
}

/// The fields of a form.
pub(super) struct Form {
    /// The head that it came with.
    pub headers: HeaderMap,
    from: Whence,
    fields: Vec<(String, String)>,
}

impl FromRequest<Arc<App>> for Sent {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        let from = Whence::of(&parts);
        let headers = parts.headers;
        Ok(Self {
            headers,
            from,
            body,
        })
    }
}

impl Form {
    /// A form of somebody who isn't signed in.
    ///
    /// # Errors
    /// `sign-in.other-site` unless a page of this server sends it, `server.busy` if too many are sent at this moment; or if it can't be
    /// read.
    pub async fn of_nobody(app: &App, sent: Sent) -> Result<Self, Refused> {
        same_site::check(app, &sent.headers)?;
        let asker = sent.from.neighbours(app, &sent.headers);
        let _place = app.door.forms_of_nobody.place(asker)?;
        Self::received(sent).await
    }

    /// A form of whoever is signed in, from a page of their own session.
    ///
    /// # Errors
    /// As [`Form::of_nobody`], and `sign-in.form`.
    pub async fn of(signed_in: &SignedIn, app: &App, sent: Sent) -> Result<Self, Refused> {
        same_site::check(app, &sent.headers)?;
        let asker = signed_in.account.email.clone();
        let _place = app.door.forms.place(asker)?;
        let form = Self::received(sent).await?;
        same_site::check_token(form.get("form"), &signed_in.secret)?;
        Ok(form)
    }

    async fn received(sent: Sent) -> Result<Self, Refused> {
        let Sent {
            headers,
            from,
            body,
        } = sent;
        let kind = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let essence = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
        if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case(URLENCODED)) {
            return Err(Refused::malformed("it isn't a form"));
        }
        let bytes = in_time(&headers, body).await?;
        let fields = form_urlencoded::parse(&bytes).into_owned().collect();
        Ok(Self {
            headers,
            from,
            fields,
        })
    }

    /// Whose slips a slip is counted with.
    ///
    /// # Errors
    /// If a proxy stands there whose word nobody can use.
    pub fn origin(&self, app: &App) -> Result<Origin, Refused> {
        self.from.origin(app, &self.headers)
    }

    /// A field; empty if it isn't there.
    pub fn get(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(known, _)| known == name);
        field.map_or("", |(_, value)| value.as_str())
    }

    /// A field, taken out.
    pub fn take(&mut self, name: &str) -> String {
        let field = self.fields.iter_mut().find(|(known, _)| known == name);
        field.map_or_else(String::new, |(_, value)| std::mem::take(value))
    }

    /// All fields of one name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.fields.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }
}

/// The bytes of a form. Who sends them slowly is cut off: anybody may send one, and each holds a place of the
/// [`guard`](crate::guard::guard) meanwhile.
async fn in_time(headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
    let read = body::read(headers, body, FORM_BYTES_MAX);
    let read = tokio::time::timeout(FORM_TIME_MAX, read).await;
    read.map_err(|_elapsed| Refused::too_slow())?
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::{self, StreamExt as _};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_form_that_never_ends_is_cut_off() {
        let pieces = ["email=kim", "%40northwind.example"];
        let sent = stream::iter(pieces.map(Ok::<_, Infallible>));
        let whole = in_time(&HeaderMap::new(), Body::from_stream(sent.clone())).await;
        assert_eq!(whole.unwrap(), pieces.concat());
        let endless = Body::from_stream(sent.chain(stream::pending()));
        let refused = in_time(&HeaderMap::new(), endless).await.unwrap_err();
        assert_eq!(refused.id(), "server.too-slow");
    }
}
