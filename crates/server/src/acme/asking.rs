//! Asking an authority over HTTPS: bounded in size and time, and never sent on to elsewhere. Read [`Asking`].

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

use super::fault::AcmeError;

/// Longest answer: a chain of certificates has some ten kilobytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Longest time for one answer; nobody waits for it.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// Largest file of those who vouch for an authority.
const CA_BYTES_MAX: u64 = 256 * 1024;

/// The longest `Retry-After` that is kept: an instant has 29 signs.
const HEADER_BYTES_MAX: usize = 64;

/// So many seconds the library waits at most within an attempt, whatever it is told.
const PAUSE_MAX_S: u64 = 60;

/// What asks. The authority is believed to be who it is by the machine's authorities, or by those in `ca` alone: a private one, which no proxy leads to.
///
/// # Errors
/// [`AcmeError`], if the file can't be used.
pub(super) fn client(ca: Option<&Path>) -> Result<Client, AcmeError> {
    let client = Client::builder()
        .https_only(true)
        .redirect(Policy::none())
        .timeout(ANSWER_TIME_MAX)
        .referer(false);
    let client = match ca {
        None => client,
        Some(path) => client.no_proxy().tls_certs_only(vouching(path)?),
    };
    client.build().map_err(AcmeError::Client)
}

fn vouching(path: &Path) -> Result<Vec<Certificate>, AcmeError> {
    let wrong = |what: String| AcmeError::Ca {
        path: path.to_owned(),
        what,
    };
    let mut pem = Vec::new();
    let read = File::open(path).and_then(|file| file.take(CA_BYTES_MAX + 1).read_to_end(&mut pem));
    let bytes = read.map_err(|cause| wrong(format!("can't be read: {cause}")))?;
    if bytes as u64 > CA_BYTES_MAX {
        return Err(wrong(format!("has more than {CA_BYTES_MAX} bytes")));
    }
    match Certificate::from_pem_bundle(&pem) {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(wrong(
            "holds no certificates in PEM that can be read".into(),
        )),
    }
}

/// What one attempt asks by, and when the authority last said to come back.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    http: Client,
    later: Arc<Mutex<Option<String>>>,
}

/// In a few words, none of which the other side chose.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unanswered(&'static str);

impl Asking {
    /// By this client.
    pub fn by(http: Client) -> Self {
        let later = Arc::default();
        Self { http, later }
    }

    /// When the authority said to come back, if it refused something and said so.
    pub fn later(&self) -> Option<String> {
        // One text is exchanged: no panic leaves it half made.
        let later = self.later.lock();
        later.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ask(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await;
        let request = Request::from_parts(head, body.to_bytes());
        let request = reqwest::Request::try_from(request);
        let sent = self
            .http
            .execute(request.map_err(|error| unanswered(&error))?);
        let mut answer = sent.await.map_err(|error| unanswered(&error))?;
        self.note(&answer);
        let mut whole = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| unanswered(&error))? {
            if whole.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(Error::Other(Box::new(Unanswered("it answers too much"))));
            }
            whole.extend_from_slice(&piece);
        }
        let (mut parts, ()) = Response::new(()).into_parts();
        parts.status = answer.status();
        parts.headers = std::mem::take(answer.headers_mut());
        bound_pauses(&mut parts.headers);
        Ok(BytesResponse {
            parts,
            body: Box::new(Bytes::from(whole)),
        })
    }

    fn note(&self, answer: &reqwest::Response) {
        let header = answer.headers().get(RETRY_AFTER);
        let header = header.and_then(|header| header.to_str().ok());
        let header = header.filter(|header| header.len() <= HEADER_BYTES_MAX);
        if let Some(header) = header
            && !answer.status().is_success()
        {
            let mut later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
            *later = Some(header.to_owned());
        }
    }
}

/// The library waits as long as an answer says, and reckons with it unchecked. What says more than this is asked after at the library's own pace.
fn bound_pauses(headers: &mut HeaderMap) {
    let says = headers.get(RETRY_AFTER);
    let says = says.and_then(|header| header.to_str().ok()?.trim().parse::<u64>().ok());
    if says.is_none_or(|seconds| seconds > PAUSE_MAX_S) {
        headers.remove(RETRY_AFTER);
    }
}

impl HttpClient for Asking {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().ask(request))
    }
}

fn unanswered(error: &reqwest::Error) -> Error {
    let what = match error {
        error if error.is_builder() => "its directory names an address that isn't HTTPS",
        error if error.is_timeout() => "it takes too long",
        error if error.is_connect() => "no connection, or one that can't be trusted",
        _ => "the connection broke",
    };
    Error::Other(Box::new(Unanswered(what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_come_back_is_kept_of_a_refusal_alone() {
        let asking = Asking::by(client(None).unwrap());
        let noted = |status: u16, later: &str| {
            let answer = Response::builder().status(status);
            let answer = answer.header(RETRY_AFTER, later).body("").unwrap();
            asking.note(&answer.into());
            asking.later()
        };
        assert_eq!(noted(200, "3"), None, "whoever asks how far an order is");
        assert_eq!(noted(429, "120").as_deref(), Some("120"));
        assert_eq!(noted(503, &"9".repeat(65)).as_deref(), Some("120"));
        assert_eq!(noted(503, "7").as_deref(), Some("7"));
    }

    #[test]
    fn the_library_hears_of_no_pause_that_it_can_not_reckon_with() {
        for (says, is_heard) in [
            ("7", true),
            ("60", true),
            ("61", false),
            ("18446744073709551615", false),
            ("99999999999999999999", false),
            ("-1", false),
            ("Fri, 31 Dec 9999 23:59:59 GMT", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, says.parse().unwrap());
            bound_pauses(&mut headers);
            assert_eq!(headers.contains_key(RETRY_AFTER), is_heard, "{says}");
        }
    }

    #[tokio::test]
    async fn an_address_without_https_is_never_asked() {
        let refused = client(None).unwrap().get("http://127.0.0.1:9/");
        let error = refused.send().await.unwrap_err();
        let told = unanswered(&error).to_string();
        assert_eq!(told, "its directory names an address that isn't HTTPS");
    }
}
