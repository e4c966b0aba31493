//! How often a provider is asked, and what is told of its faults.

use std::cell::Cell;

use serde_json::json;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

const AGE_MAX: SignedDuration = SignedDuration::from_secs(3600);

fn gone() -> Fault {
    Fault::Unreachable("it takes too long".to_owned())
}

#[tokio::test]
async fn a_provider_is_asked_now_and_then_and_left_alone_when_it_fails() {
    let mut kept = Kept::default();
    let asked = Cell::new(0);
    let answers = [
        // When, what it would answer then, what is known then, and how often it was asked by then.
        (0, Err(gone()), Err(gone()), 1),
        (9, Ok(1), Err(gone()), 1),
        (10, Ok(2), Ok(2), 2),
        (3609, Ok(3), Ok(2), 2),
        (3610, Ok(4), Ok(4), 3),
        // What was said before is good until it answers again, whatever clock is set back meanwhile.
        (7210, Err(gone()), Ok(4), 4),
        (7211, Ok(5), Ok(4), 4),
        (7220, Ok(6), Ok(6), 5),
        (7000, Ok(7), Ok(6), 5),
    ];
    for (now, answer, expected, count) in answers {
        let ask = || {
            asked.set(asked.get() + 1);
            std::future::ready(answer)
        };
        let known = kept.or_asked(at(now), AGE_MAX, ask).await;
        assert_eq!(known.map(|said| *said), expected, "at {now}");
        assert_eq!(asked.get(), count, "at {now}");
    }
}

/// Nothing that the provider or a browser sent is in what is told, and each refusal has an id of its own.
#[test]
fn every_fault_has_an_id_and_tells_nothing() {
    let secret = "never-to-be-shown";
    for (fault, status, id) in [
        (Fault::Unreachable(secret.into()), 503, "oidc.unreachable"),
        (Fault::of_error("server_error"), 503, "oidc.unavailable"),
        (Fault::of_error(secret), 502, "oidc.refused"),
        (Fault::Answer(secret.into()), 502, "oidc.answer"),
        (Fault::Description(secret), 502, "oidc.description"),
        (Fault::Client, 502, "oidc.client"),
        (Fault::NoToken, 502, "oidc.answer"),
        (Fault::Code, 403, "oidc.code"),
        (Fault::Sender, 403, "oidc.sender"),
        (Fault::Malformed, 403, "oidc.token-malformed"),
        (Fault::Algorithm, 403, "oidc.token-algorithm"),
        (Fault::UnknownKey, 403, "oidc.token-key"),
        (Fault::Signature, 403, "oidc.token-signature"),
    ] {
        let refused = crate::Refused::from(fault);
        assert_eq!((refused.status().as_u16(), refused.id()), (status, id));
        let told = format!("{} {}", refused.cause(), refused.cure());
        assert!(!told.contains(secret), "{told}");
        assert!(
            !refused.cause().is_empty() && !refused.cure().is_empty(),
            "{id}"
        );
    }
}

/// What is logged of an `error` is a word that is registered for it, never one that somebody put into a link.
#[test]
fn of_what_a_provider_refuses_the_log_gets_registered_words_alone() {
    for (error, logged) in [
        (
            "temporarily_unavailable",
            "it can't do this now: temporarily_unavailable",
        ),
        (
            "invalid_scope",
            "it refuses what this server asks for: invalid_scope",
        ),
        (
            "invalid_scope\nanother line",
            "it refuses what this server asks for: no registered word",
        ),
        (
            "",
            "it refuses what this server asks for: no registered word",
        ),
    ] {
        assert_eq!(Fault::of_error(error).to_string(), logged, "{error:?}");
    }
}

#[test]
fn groups_are_texts() {
    for (claim, expected) in [
        (json!(["a", "b"]), vec!["a", "b"]),
        (json!("a"), vec!["a"]),
        (json!(["a", 1, null, ["b"]]), vec!["a"]),
        (json!({ "a": "b" }), vec![]),
        (json!(null), vec![]),
    ] {
        assert_eq!(groups(Some(&claim)), expected, "{claim}");
    }
    assert!(groups(None).is_empty());
    let mut many = vec![json!("a"); 5000];
    many.push(json!("last"));
    let last = groups(Some(&json!(many))).pop();
    assert_eq!(last.as_deref(), Some("last"));
}
