//! What a key is, what is kept with it, and what never is.

use super::*;

#[test]
fn a_key_is_plain_and_short() {
    let long = "x".repeat(KEY_CHARS_MAX);
    let longer = "x".repeat(KEY_CHARS_MAX + 1);
    for (shown, expected) in [
        (
            "8e03978e-40d5-43dd-bc93-6894a57f9324",
            Some("8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ),
        ("\"8e03978e\"", Some("8e03978e")),
        (&long, Some(&*long)),
        (&longer, None),
        ("", None),
        ("\"\"", None),
        ("\"a", None),
        ("a b", None),
        ("a\\\"b", None),
    ] {
        let value = HeaderValue::from_str(shown).expect("a value");
        assert_eq!(key(&value).as_deref(), expected, "{shown}");
    }
}

#[test]
fn another_method_place_or_body_is_another_request() {
    let one = fingerprint(&Method::POST, "/devices", b"{}");
    assert_eq!(one, fingerprint(&Method::POST, "/devices", b"{}"));
    for (address, sent) in [
        ("/device", &b"s{}"[..]),
        ("/devices", b"{ }"),
        ("/devices?a", b"{}"),
    ] {
        assert_ne!(one, fingerprint(&Method::POST, address, sent), "{address}");
    }
    assert_ne!(one, fingerprint(&Method::PUT, "/devices", b"{}"));
}

#[test]
fn what_isnt_answered_is_at_work_for_a_while_and_then_unknown() {
    let minute = |n: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(n);
    for (now, expected) in [
        (0, "idempotency.running"),
        (9, "idempotency.running"),
        (10, "idempotency.unknown"),
    ] {
        let refused = unanswered(minute(0), minute(now));
        assert_eq!(
            (refused.id(), refused.status()),
            (expected, StatusCode::CONFLICT)
        );
    }
}

/// The request that failed isn't at work any more, and what it was told isn't the answer.
#[test]
fn what_failed_is_unknown_at_once() {
    let told = Bytes::from_static(b"{\"id\":\"store.full\"}");
    let failed = kept(
        StatusCode::SERVICE_UNAVAILABLE,
        &HeaderMap::new(),
        &told,
        false,
    );
    assert_eq!((failed.status, failed.body.clone()), (503, None));
    let refused = replayed(failed).expect_err("nobody knows");
    assert_eq!(refused.id(), "idempotency.unknown");
}

/// What was sent away by a server that is full can be sent again with its key; what failed on the way can't.
#[test]
fn what_was_sent_away_was_not_done() {
    let undone = |refused: Refused| is_undone(&refused.into_response().into_parts().0);
    assert!(undone(Refused::busy()));
    assert!(undone(Refused::no_plan()));
    assert!(!undone(Refused::unavailable("store.full", "")));
    assert!(!undone(silent()));
}

#[test]
fn brakes_are_known_below_the_root_of_the_api() {
    let (post, get) = (Method::POST, Method::GET);
    assert!(is_brake(&post, "/rollouts/7/halt"));
    assert!(is_brake(&post, "/releases/thermo@1.1.0/hold"));
    assert!(!is_brake(&get, "/releases/thermo@1.1.0/hold"));
    assert!(!is_brake(&post, "/rollouts/7/resume"));
}

/// Whoever adds a place that makes something judges here whether it shows a secret.
#[test]
fn each_place_that_makes_something_is_judged() {
    let mut places: Vec<_> = places::of_the_api()
        .iter()
        .filter(|place| place.methods.iter().any(|(method, _)| *method == "POST"))
        .map(|place| place.path)
        .collect();
    // Those below one thing change it, and tell what it is now.
    places.retain(|path| !path.contains('{') && !SHOW_SECRETS.contains(path));
    let show_none = [
        "/releases",
        "/revoked-certificates",
        "/roots",
        "/revocations",
        "/welcomes",
    ];
    places.sort_unstable();
    let mut expected = show_none;
    expected.sort_unstable();
    assert_eq!(places, expected);
}

/// Of those below one thing, this one shows a secret.
#[test]
fn a_devices_other_token_is_a_secret() {
    for (path, expected) in [
        ("/devices/th-1/token", true),
        ("/devices/th-1/certificates/revoke", false),
        ("/devices/token", false),
        ("/releases/thermo/token", false),
    ] {
        assert_eq!(shows_secrets(path), expected, "{path}");
    }
}

/// Tokens, links and secrets are shown once, and kept as hashes at most.
#[test]
fn no_answer_with_a_secret_is_kept() {
    let told = Bytes::from_static(b"{\"secret\":\"whsec_\"}");
    let headers = HeaderMap::new();
    let shown = kept(StatusCode::CREATED, &headers, &told, true);
    assert_eq!((shown.status, shown.body.clone()), (201, None));
    let refused = replayed(shown).expect_err("it isn't kept");
    assert_eq!(refused.id(), "idempotency.not-shown-again");
    let plain = kept(StatusCode::OK, &headers, &told, false);
    assert_eq!(plain.body.as_deref(), Some(&told[..]));
    let long = Bytes::from(vec![b'x'; ANSWER_BYTES_MAX + 1]);
    assert_eq!(kept(StatusCode::OK, &headers, &long, false).body, None);
}
