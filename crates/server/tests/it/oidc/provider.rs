//! A provider of our own, with keys of its own: as strict as it must be about who asks, and as bad as a test wants. Read [`OwnProvider`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Json, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::visit::Sent;
use super::{CLIENT_ID, CLIENT_SECRET, PUBLIC_URL};

/// What is wrong with a token on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forgery {
    None,
    /// Its signature is over other claims.
    Tampered,
    /// It says that it has no signature, and has none.
    Unsigned,
    /// It is "signed" with what everybody knows: the public key, as a shared secret.
    SharedSecret,
    /// Somebody else's key, under the name of ours.
    OthersKey,
    /// A key that nobody shows.
    UnshownKey,
    /// It brings its own key along.
    OwnKeyInside,
    /// It must be understood otherwise than by us.
    Critical,
    /// Its last part is missing.
    Cut,
}

/// A way to sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Rs256,
    Ps256,
    Es256,
    Ed,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::Ed];

    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Ed => "EdDSA",
        }
    }
}

/// Keys of every kind.
pub struct Keys {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

struct Grant {
    claims: Value,
    challenge: String,
    forgery: Forgery,
}

struct Inside {
    now: Timestamp,
    kind: Kind,
    keys: Arc<Keys>,
    /// What its keys are called.
    named: String,
    /// Keys that are shown under another name than they sign with.
    shows: bool,
    grants: BTreeMap<String, Grant>,
    codes: usize,
    description: Value,
    /// How often each place was asked.
    asked: BTreeMap<&'static str, usize>,
    /// The tokens that it gave.
    given: Vec<String>,
    /// What it answers to a code in place of tokens.
    answer: Option<(StatusCode, String)>,
}

#[derive(Clone)]
pub struct OwnProvider {
    pub issuer: String,
    inside: Arc<Mutex<Inside>>,
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Keys {
    fn draw() -> Self {
        Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            ed: Ed25519KeyPair::generate().unwrap(),
        }
    }

    /// Those that a provider begins with. Drawing some takes a while.
    fn first() -> Arc<Self> {
        static KEYS: OnceLock<Arc<Keys>> = OnceLock::new();
        KEYS.get_or_init(|| Arc::new(Self::draw())).clone()
    }

    /// Somebody else's.
    fn others() -> Arc<Self> {
        static KEYS: OnceLock<Arc<Keys>> = OnceLock::new();
        KEYS.get_or_init(|| Arc::new(Self::draw())).clone()
    }

    fn sign(&self, kind: Kind, message: &[u8]) -> Vec<u8> {
        let chance = SystemRandom::new();
        let encoding = match kind {
            Kind::Rs256 => &RSA_PKCS1_SHA256,
            Kind::Ps256 => &RSA_PSS_SHA256,
            Kind::Es256 => return self.ec.sign(&chance, message).unwrap().as_ref().to_vec(),
            Kind::Ed => return self.ed.sign(message).as_ref().to_vec(),
        };
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        let signed = self.rsa.sign(encoding, &chance, message, &mut signature);
        signed.unwrap();
        signature
    }

    fn shown(&self, named: &str) -> Value {
        let rsa = self.rsa.public_key();
        let point = self.ec.public_key().as_ref();
        let rsa = |kind: &str| {
            json!({ "kty": "RSA", "use": "sig", "alg": kind, "kid": format!("{named}-{kind}"),
                "n": text(rsa.modulus().big_endian_without_leading_zero()),
                "e": text(rsa.exponent().big_endian_without_leading_zero()) })
        };
        json!({ "keys": [
            { "kty": "oct", "kid": "of-others", "k": "c2VjcmV0" },
            { "kty": "EC", "crv": "secp256k1", "kid": "of-a-curve", "x": "AA", "y": "AA" },
            rsa("RS256"),
            rsa("PS256"),
            { "kty": "EC", "crv": "P-256", "kid": format!("{named}-ES256"), "use": "sig",
              "x": text(&point[1..33]), "y": text(&point[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": format!("{named}-EdDSA"),
              "x": text(self.ed.public_key().as_ref()) },
        ] })
    }
}

impl OwnProvider {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let description = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize?tenant=house"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
        });
        let inside = Inside {
            now: Timestamp::UNIX_EPOCH,
            kind: Kind::Rs256,
            keys: Keys::first(),
            named: "first".to_owned(),
            shows: true,
            grants: BTreeMap::new(),
            codes: 0,
            description,
            asked: BTreeMap::new(),
            given: Vec::new(),
            answer: None,
        };
        let provider = Self {
            issuer,
            inside: Arc::new(Mutex::new(inside)),
        };
        let places = Router::new()
            .route("/.well-known/openid-configuration", get(description_of))
            .route("/keys", get(keys_of))
            .route("/token", post(token_of))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, places).await.unwrap() });
        provider
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    pub fn set_clock(&self, now: Timestamp) {
        self.inside().now = now;
    }

    pub fn signs_with(&self, kind: Kind) {
        self.inside().kind = kind;
    }

    /// Has other keys from now on, under another name.
    pub fn renews_its_keys(&self, named: &str, shows: bool) {
        let mut inside = self.inside();
        inside.keys = Arc::new(Keys::draw());
        named.clone_into(&mut inside.named);
        inside.shows = shows;
    }

    pub fn description(&self) -> Value {
        self.inside().description.clone()
    }

    pub fn describes(&self, name: &str, value: Value) {
        self.inside().description[name] = value;
    }

    /// Answers this to the next codes; tokens again with none.
    pub fn answers(&self, answer: Option<(StatusCode, &str)>) {
        self.inside().answer = answer.map(|(status, body)| (status, body.to_owned()));
    }

    pub fn asked(&self, place: &str) -> usize {
        self.inside().asked.get(place).copied().unwrap_or_default()
    }

    /// What its tokens end with, or hold if they have no end.
    pub fn given(&self) -> Vec<String> {
        let inside = self.inside();
        let parts = inside.given.iter().map(|token| token.split('.'));
        let ends = parts.map(|mut parts| parts.rfind(|part| !part.is_empty()));
        ends.flatten().map(str::to_owned).collect()
    }

    /// Lets somebody in who was `sent`, and of whom `claims` are said beside what must be; what is null isn't said.
    pub fn code(&self, sent: &Sent, sub: &str, claims: Value, forgery: Forgery) -> String {
        assert_eq!(sent.url.path(), "/authorize");
        for (name, value) in [
            ("tenant", "house"),
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            (
                "redirect_uri",
                &*format!("{PUBLIC_URL}/sign-in/provider/back"),
            ),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(sent.get(name), value, "{name}");
        }
        let mut inside = self.inside();
        let now = inside.now.as_second();
        let mut all = json!({
            "iss": self.issuer, "aud": CLIENT_ID, "sub": sub, "nonce": sent.get("nonce"),
            "iat": now, "exp": now + 300,
        });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        all.as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        inside.codes += 1;
        let code = format!("code-{}", inside.codes);
        let grant = Grant {
            claims: all,
            challenge: sent.get("code_challenge").to_owned(),
            forgery,
        };
        inside.grants.insert(code.clone(), grant);
        code
    }
}

impl Inside {
    fn count(&mut self, place: &'static str) {
        *self.asked.entry(place).or_default() += 1;
    }

    fn token(&self, grant: &Grant) -> String {
        let kind = self.kind;
        let mut head =
            json!({ "alg": kind.name(), "kid": format!("{}-{}", self.named, kind.name()) });
        let mut claims = grant.claims.clone();
        let mut keys = self.keys.clone();
        match grant.forgery {
            Forgery::Unsigned => {
                head = json!({ "alg": "none" });
                return format!("{}.{}.", text(head.to_string()), text(claims.to_string()));
            }
            Forgery::SharedSecret => head["alg"] = json!("HS256"),
            Forgery::OthersKey => keys = Keys::others(),
            Forgery::UnshownKey => {
                keys = Keys::others();
                head["kid"] = json!("of-nobody");
            }
            Forgery::OwnKeyInside => {
                keys = Keys::others();
                head["jwk"] = keys.shown("mine")["keys"][2].clone();
            }
            Forgery::Critical => {
                head["crit"] = json!(["exp"]);
            }
            Forgery::None | Forgery::Tampered | Forgery::Cut => {}
        }
        let message = format!("{}.{}", text(head.to_string()), text(claims.to_string()));
        let signature = text(keys.sign(kind, message.as_bytes()));
        match grant.forgery {
            Forgery::Tampered => {
                claims["sub"] = json!("somebody-else");
                let claims = text(claims.to_string());
                format!("{}.{claims}.{signature}", text(head.to_string()))
            }
            Forgery::Cut => message,
            _ => format!("{message}.{signature}"),
        }
    }
}

async fn description_of(State(provider): State<OwnProvider>) -> Json<Value> {
    let mut inside = provider.inside();
    inside.count("description");
    Json(inside.description.clone())
}

async fn keys_of(State(provider): State<OwnProvider>) -> Json<Value> {
    let mut inside = provider.inside();
    inside.count("keys");
    let named = match inside.shows {
        true => inside.named.clone(),
        false => "another".to_owned(),
    };
    Json(inside.keys.shown(&named))
}

/// Gives tokens to this one client alone, for a code that is good once, to whoever has its verifier.
async fn token_of(
    State(provider): State<OwnProvider>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let asked: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let mut inside = provider.inside();
    inside.count("token");
    let refuse = |status: StatusCode, error: &str| {
        let said = "a text that no page of ours shows";
        (
            status,
            Json(json!({ "error": error, "error_description": said })),
        )
            .into_response()
    };
    if let Some((status, body)) = &inside.answer {
        return (*status, body.clone()).into_response();
    }
    let secret = "never+shown+%26+kept%3A100%25";
    let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{secret}")));
    let in_head = headers.get("authorization").map(|text| text.as_bytes());
    let in_form = asked.get("client_secret").map(String::as_str);
    if in_head != Some(expected.as_bytes()) && in_form != Some(CLIENT_SECRET) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let get = |name: &str| asked.get(name).map_or("", String::as_str);
    let grant = inside.grants.remove(get("code"));
    let proof = text(Sha256::digest(get("code_verifier")));
    let back = format!("{PUBLIC_URL}/sign-in/provider/back");
    match grant {
        Some(grant) if grant.challenge == proof && get("redirect_uri") == back => {
            let token = inside.token(&grant);
            inside.given.push(token.clone());
            let tokens = json!({
                "access_token": "of no use", "token_type": "Bearer", "id_token": token,
            });
            Json(tokens).into_response()
        }
        _ => refuse(StatusCode::BAD_REQUEST, "invalid_grant"),
    }
}
