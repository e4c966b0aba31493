//! What a form sends: bounded, and from where it may come. Read [`Form`].

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

use crate::problem::Refused;
use crate::sign_in::{SignedIn, same_site};
use crate::{App, body};

/// The longest form: some 20 permissions, and two passwords of 128 signs, each written as twelve.
const FORM_BYTES_MAX: usize = 16 * 1024;
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// The fields of a form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// A form of somebody who isn't signed in.
    ///
    /// # Errors
    /// `sign-in.other-site` unless a page of this server sends it; or if it can't be read.
    pub async fn of_nobody(app: &App, headers: &HeaderMap, body: Body) -> Result<Self, Refused> {
        same_site::check(app, headers)?;
        let kind = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let essence = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
        if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case(URLENCODED)) {
            return Err(Refused::malformed("it isn't a form"));
        }
        let bytes = body::read(headers, body, FORM_BYTES_MAX).await?;
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }

    /// A form of whoever is signed in, from a page of their own session.
    ///
    /// # Errors
    /// As [`Form::of_nobody`], and `sign-in.form`.
    pub async fn of(
        signed_in: &SignedIn,
        app: &App,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Self, Refused> {
        let form = Self::of_nobody(app, headers, body).await?;
        same_site::check_token(form.get("form"), &signed_in.secret)?;
        Ok(form)
    }

    /// A field; empty if it isn't there.
    pub fn get(&self, name: &str) -> &str {
        let field = self.0.iter().find(|(known, _)| known == name);
        field.map_or("", |(_, value)| value.as_str())
    }

    /// A field, taken out.
    pub fn take(&mut self, name: &str) -> String {
        let field = self.0.iter_mut().find(|(known, _)| known == name);
        field.map_or_else(String::new, |(_, value)| std::mem::take(value))
    }

    /// All fields of one name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }
}
