//! One request and its answer: the token is added, the answer bounded and read.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainstay_api::Problem;
use mainstay_api::device::DEVICE_LIST_BYTES_MAX;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RANGE};
use reqwest::{
    Certificate, Client, ClientBuilder, Method, RequestBuilder, Response, StatusCode, Url,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::artifact::Artifact;
use crate::error::ClientError;

/// A server that hasn't answered after so long is gone. What is sent to it takes its own time, besides ([`upload_timeout`]).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);
/// The slowest line that an artifact is sent over: somewhat slower than what the server bears, so that it is the one to say so.
const UPLOAD_BYTES_PER_SECOND_MIN: u64 = 200_000;
/// The largest answer is a list of devices.
const ANSWER_BYTES_MAX: usize = DEVICE_LIST_BYTES_MAX;

/// After a connection that broke a request with a key is sent again, after each of these waits: whoever starts a server anew takes some seconds.
const SENT_AGAIN_AFTER: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

/// The header with a request's key.
const KEY_HEADER: &str = "idempotency-key";
/// What a server answers while it works on the same request.
const AT_WORK: &str = "idempotency.running";

/// Where the keys of requests come from: a text that was drawn for this program's run, and a number for each request.
#[derive(Debug, Clone)]
struct Keys {
    drawn: String,
    next: Arc<AtomicU64>,
}

/// What a request carries.
pub enum Body<'a> {
    /// Nothing.
    Empty,
    /// Plain text.
    Text(&'a str),
    /// JSON.
    Json(Vec<u8>),
    /// Bytes of a media type.
    Bytes(Vec<u8>, &'static str),
    /// An artifact of a media type, read while it is sent.
    Artifact(Artifact, &'static str),
}

impl Body<'_> {
    /// The JSON form of `value`.
    pub fn json(value: &impl Serialize) -> Result<Self, ClientError> {
        serde_json::to_vec(value)
            .map(Self::Json)
            .map_err(|error| ClientError::Answer {
                path: "the request".to_owned(),
                why: error.to_string(),
            })
    }

    fn into_parts(self) -> (reqwest::Body, &'static str, Duration) {
        let (bytes, media_type) = match self {
            Self::Empty => (Vec::new(), "application/octet-stream"),
            Self::Text(text) => (text.as_bytes().to_vec(), "text/plain; charset=utf-8"),
            Self::Json(bytes) => (bytes, "application/json"),
            Self::Bytes(bytes, media_type) => (bytes, media_type),
            Self::Artifact(artifact, media_type) => {
                let time = upload_timeout(artifact.bytes());
                return (artifact.into_body(), media_type, time);
            }
        };
        (bytes.into(), media_type, REQUEST_TIMEOUT)
    }
}

/// How long an upload of so many bytes may take.
fn upload_timeout(bytes: u64) -> Duration {
    REQUEST_TIMEOUT + Duration::from_secs(bytes / UPLOAD_BYTES_PER_SECOND_MIN)
}

/// A path with these words behind it, percent-encoded as they must be.
pub fn with_words<'a>(path: &str, words: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut address: Url = "http://host".parse().expect("an address");
    address.query_pairs_mut().extend_pairs(words);
    match address.query() {
        Some(words) if !words.is_empty() => format!("{path}?{words}"),
        _ => path.to_owned(),
    }
}

/// The way to one server for one person.
#[derive(Clone)]
pub struct Exchange {
    http: Client,
    base: String,
    token: String,
    keys: Option<Keys>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Exchange {
    /// The way to the server at `base`, which must show a certificate of an authority that this machine trusts.
    pub fn new(base: &str, token: &str) -> Result<Self, ClientError> {
        Self::through(Client::builder(), base, token)
    }

    /// The same, but of one of these authorities, in PEM, and of no other.
    pub fn trusting(base: &str, token: &str, authorities: &[u8]) -> Result<Self, ClientError> {
        let certificates = Certificate::from_pem_bundle(authorities).unwrap_or_default();
        match certificates.is_empty() {
            true => Err(ClientError::Authority),
            false => Self::through(Client::builder().tls_certs_only(certificates), base, token),
        }
    }

    fn through(client: ClientBuilder, base: &str, token: &str) -> Result<Self, ClientError> {
        let base = base.trim_end_matches('/').to_owned();
        let is_address = Url::parse(&base).is_ok_and(|url| url.has_host());
        if !is_address {
            return Err(ClientError::Address(base));
        }
        let http = client.build();
        let http = http.map_err(|cause| ClientError::Unreachable {
            base: base.clone(),
            cause,
        })?;
        Ok(Self {
            http,
            base,
            token: token.to_owned(),
            keys: None,
        })
    }

    /// The same, which gives each request that makes something a key: one whose connection breaks is sent again then, and done once.
    pub fn keyed(self, drawn: &str) -> Self {
        let keys = Keys {
            drawn: drawn.to_owned(),
            next: Arc::default(),
        };
        Self {
            keys: Some(keys),
            ..self
        }
    }

    fn key(&self, method: &Method) -> Option<String> {
        let keys = self.keys.as_ref().filter(|_| method == Method::POST)?;
        let number = keys.next.fetch_add(1, Ordering::Relaxed);
        Some(format!("{}-{number}", keys.drawn))
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.send(Method::GET, path, Body::Empty).await
    }

    /// The bytes at a path from this one on, as they come.
    pub async fn bytes(&self, path: &str, from: u64) -> Result<Response, ClientError> {
        let mut request = self
            .http
            .get(format!("{}/api/v1{path}", self.base))
            .header(AUTHORIZATION, format!("Bearer {}", self.token));
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let answer = request.send().await;
        let answer = answer.map_err(|cause| self.unreachable(cause))?;
        let expected = match from {
            0 => StatusCode::OK,
            _ => StatusCode::PARTIAL_CONTENT,
        };
        let status = answer.status();
        if status == expected {
            return Ok(answer);
        }
        let bytes = self.read(answer, path).await?;
        match serde_json::from_slice(&bytes) {
            Ok(problem) => Err(ClientError::Refused(Box::new(problem))),
            Err(_) => Err(ClientError::Answer {
                path: path.to_owned(),
                why: format!("{status} wasn't expected"),
            }),
        }
    }

    /// Whatever is answered at a path outside of the API, which needs no login.
    pub async fn outside(&self, path: &str) -> Result<Response, ClientError> {
        let asked = self.http.get(format!("{}{path}", self.base));
        let answer = asked.timeout(REQUEST_TIMEOUT).send().await;
        answer.map_err(|cause| self.unreachable(cause))
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Body<'_>,
    ) -> Result<T, ClientError> {
        self.send(Method::POST, path, body).await
    }

    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Body<'_>,
    ) -> Result<T, ClientError> {
        self.send(Method::PUT, path, body).await
    }

    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Body<'_>,
    ) -> Result<T, ClientError> {
        self.send(Method::PATCH, path, body).await
    }

    pub async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.send(Method::DELETE, path, Body::Empty).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Body<'_>,
    ) -> Result<T, ClientError> {
        let key = self.key(&method);
        let (body, media_type, time) = body.into_parts();
        let request = self
            .http
            .request(method, format!("{}/api/v1{path}", self.base))
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, media_type)
            .timeout(time)
            .body(body);
        match key {
            Some(key) => {
                self.send_until_answered(request.header(KEY_HEADER, key), path)
                    .await
            }
            None => self.send_once(request, path).await,
        }
    }

    /// Sends it again where its connection broke, or the server is still at work on it. What is read from a file while it is sent can't be.
    async fn send_until_answered<T: DeserializeOwned>(
        &self,
        mut request: RequestBuilder,
        path: &str,
    ) -> Result<T, ClientError> {
        for wait in SENT_AGAIN_AFTER {
            let Some(again) = request.try_clone() else {
                break;
            };
            match self.send_once(request, path).await {
                Err(error) if is_worth_sending_again(&error) => {}
                outcome => return outcome,
            }
            tokio::time::sleep(wait).await;
            request = again;
        }
        self.send_once(request, path).await
    }

    async fn send_once<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        path: &str,
    ) -> Result<T, ClientError> {
        let answer = request
            .send()
            .await
            .map_err(|cause| self.unreachable(cause))?;
        let succeeded = answer.status().is_success();
        let bytes = self.read(answer, path).await?;
        let unreadable = |error: serde_json::Error| ClientError::Answer {
            path: path.to_owned(),
            why: error.to_string(),
        };
        if succeeded {
            // An answer without a body is one of a request that has nothing to tell.
            let text: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
            return serde_json::from_slice(text).map_err(unreadable);
        }
        let problem: Problem = serde_json::from_slice(&bytes).map_err(unreadable)?;
        Err(ClientError::Refused(Box::new(problem)))
    }

    async fn read(&self, mut answer: Response, path: &str) -> Result<Vec<u8>, ClientError> {
        let mut bytes = Vec::new();
        while let Some(piece) = answer
            .chunk()
            .await
            .map_err(|cause| self.unreachable(cause))?
        {
            if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
                let why = format!("it has more than {ANSWER_BYTES_MAX} bytes");
                return Err(ClientError::Answer {
                    path: path.to_owned(),
                    why,
                });
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    fn unreachable(&self, cause: reqwest::Error) -> ClientError {
        // The address may hold a token by mistake; the error needs none of it.
        ClientError::Unreachable {
            base: self.base.clone(),
            cause: cause.without_url(),
        }
    }
}

/// Whether the same request may get its answer a moment later. Where no connection came about nothing was sent, and whoever typed a wrong address
/// wants to hear of it at once.
fn is_worth_sending_again(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { cause, .. } => !cause.is_connect() && !cause.is_timeout(),
        ClientError::Refused(problem) => problem.id == AT_WORK,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host() {
        for (base, good) in [
            ("http://127.0.0.1:8480", true),
            ("127.0.0.1:8480", false),
            ("", false),
        ] {
            assert_eq!(Exchange::new(base, "token").is_ok(), good, "{base:?}");
            // Whom to trust is said by certificates, and by nothing else.
            for authorities in ["", "a certificate", "-----BEGIN CERTIFICATE-----\nAA"] {
                let refused = Exchange::trusting(base, "token", authorities.as_bytes());
                assert_eq!(refused.unwrap_err().id(), "client.authority");
            }
        }
    }

    #[test]
    fn words_of_any_signs_stay_words() {
        let none: [(&str, &str); 0] = [];
        assert_eq!(with_words("/devices", none.into_iter()), "/devices");
        let words = [("query", "id = \"a&b\" and has site"), ("cohort", "c+d")];
        assert_eq!(
            with_words("/devices", words.into_iter()),
            "/devices?query=id+%3D+%22a%26b%22+and+has+site&cohort=c%2Bd"
        );
    }

    #[test]
    fn the_token_is_never_printed() {
        let exchange = Exchange::new("http://localhost", "s3cret").expect("an address");
        assert!(!format!("{exchange:?}").contains("s3cret"));
    }

    #[tokio::test]
    async fn a_server_that_is_gone_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        drop(listener);
        let exchange = Exchange::new(&base, "token").expect("an address");
        let error = exchange
            .get::<Vec<u8>>("/devices")
            .await
            .expect_err("nobody listens");
        assert_eq!(error.id(), "client.unreachable");
        assert!(error.to_string().contains(&base));
    }
}
