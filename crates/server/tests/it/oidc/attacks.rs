//! Answers that are another's, old, or made up; and providers that lie.

use reqwest::StatusCode;
use serde_json::json;

use super::provider::{Forgery, Kind};
use super::visit::{Visit, refused};
use super::{CLIENT_SECRET, KIM, house_of};
use crate::house::House;

fn kims() -> serde_json::Value {
    json!({ "email": KIM, "email_verified": true })
}

async fn nobody_came_in(house: &House, visit: &mut Visit) {
    assert!(!visit.is_signed_in());
    let who = mainstay_access::Email::new(KIM).unwrap();
    let sessions = house.app.store().sessions_of(&who, house.app.now()).await;
    // The one of whoever opened Kim's setup link.
    assert_eq!(sessions.unwrap().len(), 1);
}

/// Whoever has a code of their own can't make another browser use it, nor use what another one brought.
#[tokio::test]
async fn an_answer_is_for_the_browser_that_left_and_once() {
    let (house, provider) = house_of(&[]).await;
    let mut mallory = Visit::at(&house.base);
    let sent = mallory.leave("").await;
    let code = provider.code(&sent, "m-1", kims(), Forgery::None);
    let answer = [("code", &*code), ("state", sent.get("state"))];
    // A browser that never left, and one that left on its own.
    let mut kim = Visit::at(&house.base);
    refused(&kim.back(&answer).await, 403, "oidc.state");
    let own = kim.leave("").await;
    refused(&kim.back(&answer).await, 403, "oidc.state");
    assert!(kim.jar.contains_key("mainstay-flow"), "its own way goes on");
    for state in ["", "x", sent.get("nonce")] {
        let seen = mallory.back(&[("code", &code), ("state", state)]).await;
        refused(&seen, 403, "oidc.state");
    }
    refused(&mallory.back(&[("code", &code)]).await, 403, "oidc.state");
    let twice = [answer[0], answer[1], answer[1]];
    refused(&mallory.back(&twice).await, 403, "oidc.state");
    assert_eq!(provider.asked("token"), 0, "nobody was asked for a token");
    // A code that another browser brought: its nonce and its verifier are another's.
    let seen = kim
        .back(&[("code", &code), ("state", own.get("state"))])
        .await;
    refused(&seen, 403, "oidc.code");
    nobody_came_in(&house, &mut kim).await;
    // The same answer again: the way was gone. And with the cookie of before: the provider knows the code no more.
    let mut kim = Visit::at(&house.base);
    let sent = kim.leave("").await;
    let kept = kim.jar.clone();
    let code = provider.code(&sent, "k-1", kims(), Forgery::None);
    let answer = [("code", &*code), ("state", sent.get("state"))];
    assert_eq!(kim.back(&answer).await.status, StatusCode::SEE_OTHER);
    let mut again = Visit::at(&house.base);
    refused(&again.back(&answer).await, 403, "oidc.state");
    again.jar = kept;
    refused(&again.back(&answer).await, 403, "oidc.code");
}

#[tokio::test]
async fn a_token_that_does_not_hold_lets_nobody_in() {
    let (house, provider) = house_of(&[]).await;
    let now = house.app.now().as_second();
    for (claims, id) in [
        (json!({ "nonce": "another" }), "oidc.token-nonce"),
        (json!({ "nonce": null }), "oidc.token-nonce"),
        (json!({ "aud": "another-client" }), "oidc.token-audience"),
        (
            json!({ "aud": ["mainstay-house", "another"] }),
            "oidc.token-audience",
        ),
        (json!({ "azp": "another-client" }), "oidc.token-audience"),
        (
            json!({ "iss": "https://evil.example" }),
            "oidc.token-issuer",
        ),
        (json!({ "exp": now - 61 }), "oidc.token-times"),
        (
            json!({ "iat": now - 3600, "exp": now + 3600 }),
            "oidc.token-times",
        ),
        (json!({ "iat": now + 120 }), "oidc.token-times"),
        (json!({ "nbf": now + 120 }), "oidc.token-times"),
        (json!({ "exp": "tomorrow" }), "oidc.token-malformed"),
        (json!({ "exp": null }), "oidc.token-malformed"),
        (json!({ "sub": "" }), "oidc.token-subject"),
    ] {
        let mut all = kims();
        all.as_object_mut()
            .unwrap()
            .extend(claims.as_object().unwrap().clone());
        let mut visit = Visit::at(&house.base);
        let seen = visit.comes_in(&provider, "k-1", all).await;
        refused(&seen, 403, id);
        assert!(visit.jar.is_empty(), "{id}");
        nobody_came_in(&house, &mut visit).await;
    }
}

#[tokio::test]
async fn a_signature_that_is_not_the_providers_lets_nobody_in() {
    let (house, provider) = house_of(&[]).await;
    for (forgery, id) in [
        (Forgery::Tampered, "oidc.token-signature"),
        (Forgery::OthersKey, "oidc.token-signature"),
        (Forgery::OwnKeyInside, "oidc.token-signature"),
        (Forgery::UnshownKey, "oidc.token-key"),
        (Forgery::SharedSecret, "oidc.token-algorithm"),
        (Forgery::Unsigned, "oidc.token-malformed"),
        (Forgery::Critical, "oidc.token-malformed"),
        (Forgery::Cut, "oidc.token-malformed"),
    ] {
        let kinds = match forgery {
            Forgery::Tampered | Forgery::OthersKey => &Kind::ALL[..],
            _ => &Kind::ALL[..1],
        };
        for kind in kinds {
            provider.signs_with(*kind);
            let mut visit = Visit::at(&house.base);
            let sent = visit.leave("").await;
            let code = provider.code(&sent, "k-1", kims(), forgery);
            let seen = visit
                .back(&[("code", &code), ("state", sent.get("state"))])
                .await;
            refused(&seen, 403, id);
            nobody_came_in(&house, &mut visit).await;
        }
    }
}

/// The provider's own words are shown to nobody, and a page that another site wrote can't be shown by ours.
#[tokio::test]
async fn what_the_provider_refuses_is_told_in_our_words() {
    let (house, provider) = house_of(&[]).await;
    for (error, status, id) in [
        ("access_denied", 403, "oidc.denied"),
        ("login_required", 403, "oidc.denied"),
        ("temporarily_unavailable", 503, "oidc.unavailable"),
        ("invalid_scope", 502, "oidc.refused"),
        ("<script>", 502, "oidc.refused"),
    ] {
        let mut visit = Visit::at(&house.base);
        let sent = visit.leave("").await;
        let said = "Call 555-0100 and tell them your password";
        let answer = [
            ("error", error),
            ("error_description", said),
            ("state", sent.get("state")),
        ];
        let seen = visit.back(&answer).await;
        refused(&seen, status, id);
        assert!(!seen.says("555") && !seen.says("script>"), "{}", seen.html);
        assert!(visit.jar.is_empty());
        // Without its state it is nobody's answer, whatever it says.
        refused(&visit.back(&answer[..2]).await, 403, "oidc.state");
    }
    assert_eq!(provider.asked("token"), 0);
}

#[tokio::test]
async fn nobody_is_sent_elsewhere_afterwards() {
    let (house, provider) = house_of(&[]).await;
    for next in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "%2F%2Fevil.example",
    ] {
        let mut kim = Visit::at(&house.base);
        let sent = kim.leave(&format!("?next={next}")).await;
        let code = provider.code(&sent, "k-1", kims(), Forgery::None);
        let seen = kim
            .back(&[("code", &code), ("state", sent.get("state"))])
            .await;
        assert_eq!(seen.to.as_deref(), Some("/"), "{next}");
    }
    // Nor by who writes into their own cookie.
    let mut kim = Visit::at(&house.base);
    let sent = kim.leave("").await;
    let kept = kim.jar["mainstay-flow"].clone();
    let (secret, _) = kept.split_once('.').unwrap();
    let bent = format!("{secret}.-.%2F%2Fevil.example");
    kim.jar.insert("mainstay-flow".to_owned(), bent);
    let code = provider.code(&sent, "k-1", kims(), Forgery::None);
    let seen = kim
        .back(&[("code", &code), ("state", sent.get("state"))])
        .await;
    assert_eq!(seen.to.as_deref(), Some("/"));
}

/// One provider can't answer for another one (RFC 9207).
#[tokio::test]
async fn an_answer_says_whose_it_is() {
    let (house, provider) = house_of(&[]).await;
    let issuer = provider.issuer.clone();
    let come = async |iss: Option<&str>| {
        let mut kim = Visit::at(&house.base);
        let sent = kim.leave("").await;
        let code = provider.code(&sent, "k-1", kims(), Forgery::None);
        let mut answer = vec![("code", &*code), ("state", sent.get("state"))];
        answer.extend(iss.map(|iss| ("iss", iss)));
        kim.back(&answer).await
    };
    assert_eq!(come(None).await.status, StatusCode::SEE_OTHER);
    assert_eq!(come(Some(&issuer)).await.status, StatusCode::SEE_OTHER);
    refused(
        &come(Some("https://evil.example")).await,
        403,
        "oidc.sender",
    );
    provider.describes(
        "authorization_response_iss_parameter_supported",
        json!(true),
    );
    house.later(61);
    provider.set_clock(house.app.now());
    refused(&come(None).await, 403, "oidc.sender");
    assert_eq!(come(Some(&issuer)).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_provider_that_gives_nothing_of_use_lets_nobody_in_and_hears_no_secret_again() {
    let (house, provider) = house_of(&[]).await;
    let long = "x".repeat(300 * 1024);
    for (answer, status, id) in [
        ((StatusCode::OK, "{}"), 502, "oidc.answer"),
        ((StatusCode::OK, "not json"), 502, "oidc.answer"),
        ((StatusCode::OK, &*long), 502, "oidc.answer"),
        (
            (StatusCode::OK, "{\"id_token\":\"x\"}"),
            403,
            "oidc.token-malformed",
        ),
        (
            (StatusCode::INTERNAL_SERVER_ERROR, CLIENT_SECRET),
            502,
            "oidc.answer",
        ),
        (
            (StatusCode::UNAUTHORIZED, "{\"error\":\"invalid_client\"}"),
            502,
            "oidc.client",
        ),
        (
            (StatusCode::BAD_REQUEST, "{\"error\":\"invalid_grant\"}"),
            403,
            "oidc.code",
        ),
        ((StatusCode::FOUND, ""), 502, "oidc.answer"),
    ] {
        provider.answers(Some(answer));
        let mut visit = Visit::at(&house.base);
        let seen = visit.comes_in(&provider, "k-1", kims()).await;
        refused(&seen, status, id);
        assert!(!seen.says("never shown"), "{}", seen.html);
        nobody_came_in(&house, &mut visit).await;
    }
    provider.answers(None);
    let seen = Visit::at(&house.base)
        .comes_in(&provider, "k-1", kims())
        .await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER);
}
