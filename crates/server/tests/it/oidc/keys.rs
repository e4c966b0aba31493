//! A provider's keys: asked for seldom, and again when it has others.

use reqwest::StatusCode;
use serde_json::json;

use super::visit::{Visit, refused};
use super::{KIM, house_of};

fn kims() -> serde_json::Value {
    json!({ "email": KIM, "email_verified": true })
}

#[tokio::test]
async fn keys_are_asked_for_once_and_again_when_another_one_signs() {
    let (house, provider) = house_of(&[]).await;
    let asked = || (provider.asked("description"), provider.asked("keys"));
    for _ in 0..3 {
        let seen = Visit::at(&house.base)
            .comes_in(&provider, "k-1", kims())
            .await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.html);
    }
    assert_eq!(asked(), (1, 1));
    // Not at once: who makes keys up doesn't make us ask.
    provider.renews_its_keys("second", true);
    for _ in 0..3 {
        let seen = Visit::at(&house.base)
            .comes_in(&provider, "k-1", kims())
            .await;
        refused(&seen, 403, "oidc.token-key");
    }
    assert_eq!(asked(), (1, 1));
    house.later(1);
    provider.set_clock(house.app.now());
    for _ in 0..3 {
        let seen = Visit::at(&house.base)
            .comes_in(&provider, "k-1", kims())
            .await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.html);
    }
    assert_eq!(asked(), (1, 2));
    // A key that it doesn't show is none, however often it is asked.
    provider.renews_its_keys("third", false);
    for minute in 0..3 {
        house.later(1);
        provider.set_clock(house.app.now());
        for _ in 0..2 {
            let seen = Visit::at(&house.base)
                .comes_in(&provider, "k-1", kims())
                .await;
            refused(&seen, 403, "oidc.token-key");
        }
        assert_eq!(asked(), (1, 3 + minute));
    }
}

/// A key that was withdrawn is good for an hour more at most.
#[tokio::test]
async fn keys_are_forgotten_after_an_hour() {
    let (house, provider) = house_of(&[]).await;
    Visit::at(&house.base)
        .comes_in(&provider, "k-1", kims())
        .await;
    house.later(60);
    provider.set_clock(house.app.now());
    let seen = Visit::at(&house.base)
        .comes_in(&provider, "k-1", kims())
        .await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.html);
    assert_eq!(
        (provider.asked("description"), provider.asked("keys")),
        (2, 2)
    );
}
