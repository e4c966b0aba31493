//! Reads the targets of a hawkBit server, by its management API. Read [`Hawkbit`].
//!
//! Nothing is changed there. The password goes to the one server that was named, and nowhere else: no redirection is followed. Whatever it
//! answers is bounded.

mod error;

use std::fmt;
use std::time::Duration;

use mainstay_api::import::hawkbit::{Attributes, PAGE_TARGETS_MAX, Target, Targets};
use mainstay_api::import::table::DEVICES_MAX;
use mainstay_fleet::ControllerId;
use reqwest::header::{ACCEPT, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use serde::de::DeserializeOwned;

pub use error::HawkbitError;

/// Who is silent, or still answering, after so long has a fault: a page takes a full server a second or two.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest answer, in bytes: 500 targets, each with a description of 512 signs and links that name it a dozen times, are a third of it.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// So often it is asked for one thing.
const TRIES_MAX: u32 = 3;
/// Before it is asked again. hawkBit counts requests by the second.
const BEFORE_TRY: Duration = Duration::from_secs(1);

type Answer<T> = Result<T, HawkbitError>;

/// One hawkBit server, and a user of it.
#[derive(Clone)]
pub struct Hawkbit {
    http: Client,
    base: Url,
    user: String,
    password: String,
}

impl fmt::Debug for Hawkbit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hawkbit")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl Hawkbit {
    /// The server at `address`, such as `https://hawkbit.company.example`, for `user`. Without encryption it is asked on this machine only, unless
    /// that is said to be meant.
    ///
    /// # Errors
    /// If the address isn't one, or is none for a password.
    pub fn new(address: &str, user: &str, password: &str, unencrypted: bool) -> Answer<Self> {
        let base = Url::parse(address).map_err(|_| HawkbitError::Address("it can't be read"))?;
        let host = told(&base);
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(HawkbitError::Address("it doesn't begin with https://"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(HawkbitError::Address("it has a name or a password in it"));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(HawkbitError::Address("it goes on after the path"));
        }
        if base.scheme() == "http" && !unencrypted && !is_here(&base) {
            return Err(HawkbitError::Unencrypted { host });
        }
        let http = Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .redirect(Policy::none());
        let http = match base.scheme() {
            // A proxy would read the password. One for https sees nothing but a tunnel.
            "http" => http.no_proxy(),
            _ => http,
        };
        let http = http
            .build()
            .map_err(|cause| HawkbitError::Unreachable { host, cause })?;
        Ok(Self {
            http,
            base,
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }

    /// All targets, in the order in which hawkBit tells them; `far` hears how many are read, of how many.
    ///
    /// # Errors
    /// If it can't be asked, answers nonsense, has too many, or they change meanwhile as far as that shows.
    pub async fn targets(&self, mut far: impl FnMut(usize, u64)) -> Answer<Vec<Target>> {
        let mut all = Vec::new();
        let mut total = None;
        loop {
            let page = self.page(all.len()).await?;
            let expected = *total.get_or_insert(page.total);
            check_page(&page, all.len(), expected)?;
            all.extend(page.content);
            far(all.len(), expected);
            // A page adds at least one, and they are bounded: this ends.
            if all.len() as u64 == expected {
                return Ok(all);
            }
        }
    }

    /// What a target's client said of itself.
    ///
    /// # Errors
    /// If it can't be asked, or answers nonsense.
    pub async fn attributes(&self, controller: &ControllerId) -> Answer<Attributes> {
        let url = self.url(&["targets", controller.as_str(), "attributes"]);
        match self.get::<Attributes>(url).await {
            // hawkBit says 204 where there are none.
            Ok(attributes) => Ok(attributes.unwrap_or_default()),
            Err(HawkbitError::Status { status, .. }) if status == StatusCode::NOT_FOUND => {
                let why = format!("the target {:?} is gone", controller.as_str());
                Err(HawkbitError::Changed { why })
            }
            Err(error) => Err(error),
        }
    }

    /// The page that begins at this target. hawkBit's own order is by their ids, which don't change.
    async fn page(&self, offset: usize) -> Answer<Targets> {
        let mut url = self.url(&["targets"]);
        let (offset, limit) = (offset.to_string(), PAGE_TARGETS_MAX.to_string());
        url.query_pairs_mut()
            .append_pair("offset", &offset)
            .append_pair("limit", &limit);
        let path = path(&url);
        let page = self.get(url).await?;
        page.ok_or_else(|| HawkbitError::Answer {
            path,
            why: "it is empty".to_owned(),
        })
    }

    /// The address of something in the management API. Each part is encoded as one.
    fn url(&self, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Only an address without a host has no path, and none of those is taken.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["rest", "v1"]).extend(parts);
        }
        url
    }

    /// What is answered; none for "there is none" (204). Nothing is changed by asking, so it is asked again where that may help: one answer of very
    /// many that fails would throw all the others away.
    async fn get<T: DeserializeOwned>(&self, url: Url) -> Answer<Option<T>> {
        let mut tries = 1;
        loop {
            match self.get_once(url.clone()).await {
                Err(error) if error.may_pass() && tries < TRIES_MAX => {
                    tries += 1;
                    tokio::time::sleep(BEFORE_TRY).await;
                }
                answer => return answer,
            }
        }
    }

    async fn get_once<T: DeserializeOwned>(&self, url: Url) -> Answer<Option<T>> {
        let path = path(&url);
        let request = self
            .http
            .get(url)
            .basic_auth(&self.user, Some(&self.password))
            .header(ACCEPT, "application/json");
        let answer = request.send().await;
        let answer = answer.map_err(|cause| self.unreachable(cause))?;
        self.check(&answer, &path)?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let bytes = self.read(answer, &path).await?;
        // What serde says of a value may repeat it, and it may be a token.
        let read = serde_json::from_slice(&bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let why = match error.is_eof() {
                true => format!("it ends too early, after {} bytes", bytes.len()),
                false => format!("line {line}, column {column} isn't what is expected there"),
            };
            HawkbitError::Answer { path, why }
        });
        read.map(Some)
    }

    fn check(&self, answer: &Response, path: &str) -> Answer<()> {
        let (host, status) = (told(&self.base), answer.status());
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(HawkbitError::Denied { host, status })
            }
            _ if status.is_redirection() => {
                let to = answer.headers().get(LOCATION);
                let to = to.and_then(|to| self.base.join(to.to_str().ok()?).ok());
                let to = to.map_or_else(|| "nowhere".to_owned(), |to| told(&to));
                Err(HawkbitError::Redirected { host, to })
            }
            _ => Err(HawkbitError::Status {
                path: path.to_owned(),
                status,
            }),
        }
    }

    async fn read(&self, mut answer: Response, path: &str) -> Answer<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(piece) = answer
            .chunk()
            .await
            .map_err(|cause| self.unreachable(cause))?
        {
            if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(HawkbitError::Answer {
                    path: path.to_owned(),
                    why: format!("it has more than {ANSWER_BYTES_MAX} bytes"),
                });
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    fn unreachable(&self, cause: reqwest::Error) -> HawkbitError {
        HawkbitError::Unreachable {
            host: told(&self.base),
            cause: cause.without_url(),
        }
    }
}

/// Whether a page can stand where `before` targets were read and `expected` are there.
fn check_page(page: &Targets, before: usize, expected: u64) -> Answer<()> {
    let changed = |why| Err(HawkbitError::Changed { why });
    let now = (before + page.content.len()) as u64;
    if expected > DEVICES_MAX as u64 {
        return Err(HawkbitError::TooMany { total: expected });
    }
    if page.total != expected {
        return changed(format!("there were {expected}, and are {} now", page.total));
    }
    if now > expected {
        return changed(format!("there are {expected}, and {now} were told"));
    }
    if page.content.is_empty() && now < expected {
        return changed(format!(
            "there are {expected}, and no more than {now} are told"
        ));
    }
    Ok(())
}

/// Scheme and host of an address, for errors.
fn told(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The path of an address, and what is asked of it.
fn path(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Whether an address is this machine's own, whatever a name server says.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_matches(['[', ']']);
    let is_loopback = |ip: std::net::IpAddr| ip.is_loopback();
    host == "localhost" || host.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests;
