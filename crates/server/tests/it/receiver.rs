//! A program that is told what happens, and takes it, or doesn't. Read [`Receiver`].

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mainstay_api::event::Event;
use mainstay_api::webhook::sign::{SECRET_BYTES, signature};
use serde_json::Value;

/// What it does with what it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    Takes,
    Fails(u16),
    Redirects(String),
    /// It takes it, and never says so.
    Hangs,
}

/// What it was told.
#[derive(Debug, Clone)]
pub struct Got {
    pub id: String,
    pub event: Event,
    pub was_taken: bool,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Inner {
    does: Mutex<Does>,
    got: Mutex<Vec<Got>>,
}

/// A server of its own on a free port of this machine.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    inner: Arc<Inner>,
}

impl Receiver {
    pub async fn start(does: Does) -> Self {
        let inner = Arc::new(Inner {
            does: Mutex::new(does),
            got: Mutex::default(),
        });
        let router = Router::new()
            .route("/hook", post(told))
            .with_state(inner.clone());
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inner }
    }

    pub fn does(&self, does: Does) {
        *self.inner.does.lock().unwrap() = does;
    }

    /// All that came, in its order.
    pub fn got(&self) -> Vec<Got> {
        self.inner.got.lock().unwrap().clone()
    }

    /// The events that it took.
    pub fn taken(&self) -> Vec<Event> {
        let got = self.got().into_iter().filter(|got| got.was_taken);
        got.map(|got| got.event).collect()
    }
}

async fn told(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let does = inner.does.lock().unwrap().clone();
    let message: Value = serde_json::from_slice(&body).unwrap();
    let event: Event = serde_json::from_value(message["data"].clone()).unwrap();
    assert_eq!(message["type"], *event.happened.kind);
    assert_eq!(message["timestamp"], event.happened.at.to_string());
    let named = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let headers: BTreeMap<_, _> = headers.iter().map(named).collect();
    inner.got.lock().unwrap().push(Got {
        id: headers["webhook-id"].clone(),
        event,
        was_taken: does == Does::Takes,
        headers,
        body: body.to_vec(),
    });
    match does {
        Does::Takes => StatusCode::NO_CONTENT.into_response(),
        Does::Fails(status) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, "x".repeat(100_000)).into_response()
        }
        Does::Redirects(to) => (StatusCode::FOUND, [("location", to)]).into_response(),
        Does::Hangs => std::future::pending().await,
    }
}

impl Got {
    /// Checks it as a library for Standard Webhooks does.
    pub fn check(&self, secret: &str, second: i64) {
        let secret = secret.strip_prefix("whsec_").unwrap();
        let secret: [u8; SECRET_BYTES] = STANDARD.decode(secret).unwrap().try_into().unwrap();
        let said: i64 = self.headers["webhook-timestamp"].parse().unwrap();
        assert_eq!(said, second);
        let expected = signature(&secret, &self.id, said, &self.body);
        assert_eq!(self.headers["webhook-signature"], expected);
        assert_eq!(self.headers["content-type"], "application/json");
    }
    /// Whether this stands anywhere in its head or its body.
    pub fn holds(&self, text: &str) -> bool {
        let body = String::from_utf8_lossy(&self.body);
        body.contains(text) || self.headers.values().any(|value| value.contains(text))
    }
}
