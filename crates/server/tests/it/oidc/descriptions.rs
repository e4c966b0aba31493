//! What a provider says of itself, and one that says nothing.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::visit::{Visit, refused};
use super::{CLIENT_SECRET, KIM, house_of, told};
use crate::house::House;

#[tokio::test]
async fn a_provider_is_believed_only_in_what_it_may_say() {
    let (house, provider) = house_of(&[]).await;
    let right = provider.description();
    for (name, value) in [
        ("issuer", json!("https://evil.example")),
        ("issuer", json!(null)),
        ("token_endpoint", json!("http://evil.example/token")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("jwks_uri", json!("http://evil.example/keys")),
        ("jwks_uri", json!("file:///etc/passwd")),
    ] {
        let asked = provider.asked("description");
        provider.describes(name, value);
        let mut kim = Visit::at(&house.base);
        refused(&kim.get("/sign-in/provider").await, 502, "oidc.description");
        assert!(kim.jar.is_empty(), "{name}");
        assert_eq!(provider.asked("keys") + provider.asked("token"), 0);
        // It is left alone for a while, and everybody can sign in by password meanwhile.
        kim.get("/sign-in/provider").await;
        assert_eq!(provider.asked("description"), asked + 1);
        let fields = [("email", KIM), ("password", crate::door::browser::PASSWORD)];
        assert_eq!(
            kim.post("/sign-in", &fields).await.status,
            StatusCode::SEE_OTHER
        );
        provider.describes(name, right[name].clone());
        house.later(1);
    }
    let seen = Visit::at(&house.base).get("/sign-in/provider").await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.html);
}

/// Where the provider takes the secret in a form alone, it goes there, and nowhere else.
#[tokio::test]
async fn the_secret_goes_where_the_provider_takes_it() {
    let (house, provider) = house_of(&[]).await;
    let methods = json!(["client_secret_post"]);
    provider.describes("token_endpoint_auth_methods_supported", methods);
    let mut kim = Visit::at(&house.base);
    let sent = kim.leave("").await;
    assert!(!sent.url.as_str().contains("shown"), "{}", sent.url);
    let claims = json!({ "email": KIM, "email_verified": true });
    let seen = kim.comes_in(&provider, "k-1", claims).await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.html);
}

/// A server that answers each connection with this, and then no more.
async fn answering(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            // Whoever has gone by now has had enough of it.
            let _ = stream.write_all(answer.as_bytes()).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    issuer
}

#[tokio::test]
async fn what_answers_badly_is_bounded_and_told_plainly() {
    let elsewhere =
        "HTTP/1.1 302 Found\r\nLocation: https://evil.example\r\nContent-Length: 0\r\n\r\n";
    let large = "x".repeat(300 * 1024);
    let large = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{large}",
        large.len()
    );
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    for (issuer, status, id) in [
        (answering(elsewhere.to_owned()).await, 502, "oidc.answer"),
        (answering(large).await, 502, "oidc.answer"),
        (
            answering("HTTP/1.1 200 OK\r\n".to_owned()).await,
            503,
            "oidc.unreachable",
        ),
        (nobody, 503, "oidc.unreachable"),
    ] {
        let house = House::told(told(&issuer, &[])).await;
        let mut kim = Visit::at(&house.base);
        let seen = kim.get("/sign-in/provider").await;
        refused(&seen, status, id);
        assert!(
            !seen.says(&issuer) && !seen.says(CLIENT_SECRET),
            "{}",
            seen.html
        );
    }
}
