//! A browser that keeps several cookies, goes to the provider, and comes back. Read [`Visit`].

use std::collections::BTreeMap;

use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use super::PUBLIC_URL;
use super::provider::{Forgery, OwnProvider};
use crate::door::browser::{Seen, form, hidden, without_redirects};

const BACK: &str = "/sign-in/provider/back";

/// What somebody browses with.
pub struct Visit {
    base: String,
    http: Client,
    /// What it shows, by name.
    pub jar: BTreeMap<String, String>,
}

/// A browser that was sent to the provider: with what.
pub struct Sent {
    pub url: Url,
    pub asked: BTreeMap<String, String>,
}

impl Sent {
    pub fn read(location: &str) -> Self {
        let url = Url::parse(location).unwrap();
        let asked = url.query_pairs().into_owned().collect();
        Self { url, asked }
    }

    pub fn get(&self, name: &str) -> &str {
        self.asked.get(name).map_or("", String::as_str)
    }
}

impl Visit {
    pub fn at(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            http: without_redirects(),
            jar: BTreeMap::new(),
        }
    }

    pub async fn get(&mut self, path: &str) -> Seen {
        let request = self.http.get(format!("{}{path}", self.base));
        self.ask(request).await
    }

    /// Sends a form as a page of the server does that is at its public address.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let request = self.http.post(format!("{}{path}", self.base));
        let request = request
            .header("origin", PUBLIC_URL)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(fields));
        self.ask(request).await
    }

    /// Sends a form of `page`, with what it carries.
    pub async fn send(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Seen {
        let token = hidden(&self.get(page).await.html, "form");
        let mut all = vec![("form", token.as_str())];
        all.extend(fields);
        self.post(path, &all).await
    }

    /// Presses the button of the page to sign in; what the provider is asked.
    pub async fn leave(&mut self, more: &str) -> Sent {
        let seen = self.get(&format!("/sign-in/provider{more}")).await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.html);
        Sent::read(&seen.to.unwrap())
    }

    /// Comes back with these.
    pub async fn back(&mut self, answer: &[(&str, &str)]) -> Seen {
        self.get(&format!("{BACK}?{}", form(answer))).await
    }

    /// Goes to a provider of our own as `sub`, of whom it says `claims`, and comes back.
    pub async fn comes_in(
        &mut self,
        provider: &OwnProvider,
        sub: &str,
        claims: serde_json::Value,
    ) -> Seen {
        let sent = self.leave("?next=/devices").await;
        let code = provider.code(&sent, sub, claims, Forgery::None);
        self.back(&[("code", &code), ("state", sent.get("state"))])
            .await
    }

    pub fn is_signed_in(&self) -> bool {
        self.jar.contains_key("mainstay")
    }

    async fn ask(&mut self, request: RequestBuilder) -> Seen {
        let shown = self.jar.iter();
        let shown: Vec<String> = shown
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = match shown.is_empty() {
            true => request,
            false => request.header("cookie", shown.join("; ")),
        };
        self.seen(request.send().await.unwrap()).await
    }

    async fn seen(&mut self, response: Response) -> Seen {
        let mut set_cookie = None;
        for set in response.headers().get_all("set-cookie") {
            let text = set.to_str().unwrap().to_owned();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            match value.is_empty() {
                true => self.jar.remove(name),
                false => self.jar.insert(name.to_owned(), value.to_owned()),
            };
            set_cookie = Some(text);
        }
        let to = response.headers().get("location");
        Seen {
            status: response.status(),
            to: to.map(|to| to.to_str().unwrap().to_owned()),
            set_cookie,
            html: response.text().await.unwrap(),
        }
    }
}

/// Expects a page that refuses with this id.
pub fn refused(seen: &Seen, status: u16, id: &str) {
    assert_eq!(seen.status.as_u16(), status, "{id}: {}", seen.html);
    assert!(
        seen.says(&format!("<code>{id}</code>")),
        "{id}: {}",
        seen.html
    );
    assert!(seen.says("What to do:"), "{}", seen.html);
}
