//! Whoever is signed in, and the cookie by which their browser shows it.

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use mainstay_access::secret::SECRET_BYTES;
use mainstay_access::session::AGE_MAX;
use mainstay_access::{Account, Means, Secret, SecretHash, SecretKind, Session, SessionStanding};
use mainstay_store::StoreError;
use tokio::time::timeout;

use crate::App;
use crate::authenticate::Caller;
use crate::entropy::Entropy;

/// The cookie's name where the server is reached by HTTPS: browsers take one of this name from this host alone, and send it nowhere else
/// (RFC 6265bis, section 4.1.3.2). And its name elsewhere, where browsers take none of the other kind.
const COOKIES: [&str; 2] = ["__Host-mainstay", "mainstay"];

/// What a page says with a request that nobody made: it keeps itself as the server has it, and doesn't keep anybody signed in.
const UNATTENDED: HeaderName = HeaderName::from_static("mainstay-unattended");

/// So long whoever asks waits at most until it is kept that they did.
const NOTED_WITHIN: Duration = Duration::from_millis(50);

/// Marks a request as one that nobody made.
pub(crate) fn is_unattended(headers: &mut HeaderMap) {
    headers.insert(UNATTENDED, HeaderValue::from_static("1"));
}

/// Somebody whose browser showed a session that isn't over. It may lack a code still.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    /// What the browser shows.
    pub secret: Secret,
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub account: Account,
}

/// A new secret.
pub(crate) fn draw(entropy: &dyn Entropy, kind: SecretKind) -> Secret {
    let mut chance = [0; SECRET_BYTES];
    entropy.fill(&mut chance);
    Secret::new(kind, chance)
}

impl SignedIn {
    /// Whoever's session the request shows; none if it shows none that is good for something.
    ///
    /// # Errors
    /// If the store can't be read.
    pub async fn find(app: &App, headers: &HeaderMap) -> Result<Option<Self>, StoreError> {
        let Some(secret) = shown(app, headers) else {
            return Ok(None);
        };
        let now = app.now();
        let found = app.store.session(&secret.hash(), now).await?;
        let Some((session, account)) = found else {
            return Ok(None);
        };
        if session.is_news(now) && !headers.contains_key(UNATTENDED) {
            note_use(app, session.hash, now).await;
        }
        Ok(Some(Self {
            secret,
            session,
            account,
        }))
    }

    /// Begins a session of the owner of `account`, whose password was compared; `code` is when they showed a code already.
    ///
    /// # Errors
    /// As [`Sessions::add_session`](mainstay_store::Sessions::add_session).
    pub async fn begin(
        app: &App,
        account: Account,
        means: Means,
        code: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let secret = draw(&*app.entropy, SecretKind::Session);
        let who = account.email.clone();
        let session = Session {
            second_factor: code,
            ..Session::begin(secret.hash(), who, means, app.now())
        };
        app.store.add_session(&session, &account.password).await?;
        Ok(Self {
            secret,
            session,
            account,
        })
    }

    /// What it is good for.
    pub fn standing(&self, now: Timestamp) -> SessionStanding {
        self.session.standing(&self.account, now)
    }

    /// Who it is.
    pub fn caller(&self) -> Caller {
        Caller {
            email: self.account.email.clone(),
            role: self.account.role,
        }
    }

    /// What the browser is to show from now on. It outlives no session, and no script reads it.
    pub fn cookie(&self, app: &App) -> HeaderValue {
        let secret = self.secret.reveal();
        cookie(app, cookie_name(app, COOKIES), &secret, AGE_MAX.as_secs())
    }
}

/// What makes a browser forget what it showed.
pub(crate) fn no_cookie(app: &App) -> HeaderValue {
    cookie(app, cookie_name(app, COOKIES), "", 0)
}

/// What a browser is to show at every place of this server, and no script sees.
pub(super) fn cookie(app: &App, name: &str, value: &str, age_secs: i64) -> HeaderValue {
    let secure = if is_https(app) { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; Max-Age={age_secs}; HttpOnly; SameSite=Lax{secure}");
    let mut value = HeaderValue::from_str(&text).expect("letters, digits and signs");
    value.set_sensitive(true);
    value
}

/// The secret that a browser shows.
fn shown(app: &App, headers: &HeaderMap) -> Option<Secret> {
    let value = one_cookie(headers, cookie_name(app, COOKIES))?;
    Secret::parse(SecretKind::Session, value)
}

/// The cookie of this name. Of two of one name nobody knows whose the second is, so neither counts.
pub(super) fn one_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).into_iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    let value = values.next()?;
    match values.next() {
        None => Some(value),
        Some(_) => None,
    }
}

/// Keeps that a session was used. Nobody is kept out because this can't be written down now, and nobody waits for long because somebody else writes.
async fn note_use(app: &App, session: SecretHash, now: Timestamp) {
    let store = app.store.clone();
    let noting = tokio::spawn(async move {
        if let Err(error) = store.session_seen(&session, now).await {
            tracing::warn!(%error, "it isn't kept that a session was used");
        }
    });
    // What isn't done by then goes on without them.
    let _ = timeout(NOTED_WITHIN, noting).await;
}

/// Ends what a browser showed before somebody signed in with it: that is nobody's any more. They are signed in all the same if the store
/// can't do that now.
pub(crate) async fn end_shown(app: &App, headers: &HeaderMap) {
    if let Some(before) = shown(app, headers)
        && let Err(error) = app.store.end_session(&before.hash()).await
    {
        tracing::warn!(%error, "a session that was left wasn't ended");
    }
}

/// The first of two names where the server is reached by HTTPS, and the second elsewhere.
pub(super) fn cookie_name(app: &App, [of_https, of_http]: [&'static str; 2]) -> &'static str {
    match is_https(app) {
        true => of_https,
        false => of_http,
    }
}

fn is_https(app: &App) -> bool {
    let url = app.config.public_url.as_ref();
    app.config.tls.is_some() || url.is_some_and(|url| url.as_str().starts_with("https://"))
}
