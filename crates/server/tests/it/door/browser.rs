//! A browser without a screen: it keeps one cookie and sends forms. Read [`Browser`].

use mainstay_access::{Email, Role, TotpSecret};
use mainstay_server::sign_in::setup;
use mainstay_server::{App, SeededEntropy};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};

use crate::house::House;

pub const PASSWORD: &str = "glacier turnip bicycle";

/// What somebody browses with.
#[derive(Clone)]
pub struct Browser {
    pub base: String,
    http: Client,
    /// What it shows: `name=value`.
    pub cookie: Option<String>,
}

/// What came back: the status, where it is sent on to, and the page.
#[derive(Debug)]
pub struct Seen {
    pub status: StatusCode,
    pub to: Option<String>,
    pub set_cookie: Option<String>,
    pub html: String,
}

/// A client that goes nowhere by itself.
pub fn without_redirects() -> Client {
    let client = Client::builder().no_proxy();
    client.redirect(redirect::Policy::none()).build().unwrap()
}

impl Browser {
    pub fn at(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            http: without_redirects(),
            cookie: None,
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    pub async fn get(&mut self, path: &str) -> Seen {
        let response = self.request(Method::GET, path).send().await;
        self.seen(response.unwrap()).await
    }

    /// Sends a form as a page of the server does.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let form = form(fields);
        let request = self.request(Method::POST, path);
        let request = request.header("origin", &self.base);
        let typed = request.header("content-type", "application/x-www-form-urlencoded");
        self.seen(typed.body(form).send().await.unwrap()).await
    }

    /// Sends a form of `page`, with what it carries.
    pub async fn send(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Seen {
        let token = self.form_token(page).await;
        let mut all = vec![("form", token.as_str())];
        all.extend(fields);
        self.post(path, &all).await
    }

    pub async fn form_token(&mut self, page: &str) -> String {
        hidden(&self.get(page).await.html, "form")
    }

    /// Signs in with address and password.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Seen {
        let fields = [
            ("email", email),
            ("password", password),
            ("next", "/devices"),
        ];
        self.post("/sign-in", &fields).await
    }

    pub async fn seen(&mut self, response: Response) -> Seen {
        let header = |name| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let (to, set_cookie) = (header("location"), header("set-cookie"));
        if let Some(set) = &set_cookie {
            let shown = set.split(';').next().unwrap().to_owned();
            self.cookie = (!shown.ends_with('=')).then_some(shown);
        }
        Seen {
            status: response.status(),
            to,
            set_cookie,
            html: response.text().await.unwrap(),
        }
    }
}

impl Seen {
    pub fn says(&self, text: &str) -> bool {
        self.html.contains(text)
    }
}

pub fn form(fields: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields).finish()
}

/// The value of a hidden field.
pub fn hidden(html: &str, name: &str) -> String {
    let (_, rest) = html
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap_or_else(|| panic!("no {name} in\n{html}"));
    rest.split('"').next().unwrap().to_owned()
}

/// A link that is made on the server's machine: its path.
pub async fn link(app: &App, seed: u64, email: &str, role: Role) -> String {
    let (who, entropy) = (Email::new(email).unwrap(), SeededEntropy::new(seed));
    let made = setup::on_the_machine(app.store(), &entropy, who, role, app.now()).await;
    format!("{}{}", setup::SETUP_PATH, *made.unwrap().reveal())
}

/// Somebody who has an account without a second factor, and is signed in.
pub async fn signed_in(house: &House, seed: u64, email: &str, role: Role) -> Browser {
    let path = link(&house.app, seed, email, role).await;
    let mut browser = Browser::at(&house.base);
    let chosen = [("password", PASSWORD), ("again", PASSWORD)];
    let opened = browser.post(&path, &chosen).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.html);
    browser
}

/// Somebody whose account asks for codes, and who is signed in; what their app holds.
pub async fn with_codes(
    house: &House,
    seed: u64,
    email: &str,
    role: Role,
) -> (Browser, TotpSecret) {
    let path = link(&house.app, seed, email, role).await;
    let mut browser = Browser::at(&house.base);
    let offered = hidden(&browser.get(&path).await.html, "totp");
    let app = TotpSecret::parse(&offered).unwrap();
    let code = app.shown_at(house.app.now());
    let chosen = [
        ("password", PASSWORD),
        ("again", PASSWORD),
        ("totp", &offered),
        ("code", &code),
    ];
    let opened = browser.post(&path, &chosen).await;
    assert_eq!(opened.to.as_deref(), Some("/"), "{}", opened.html);
    (browser, app)
}
