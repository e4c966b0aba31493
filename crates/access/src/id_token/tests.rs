//! Each claim by itself, and how far clocks may be apart.

use super::*;

const NOW: i64 = 1_800_000_000;
const EXPECTED: Expected<'_> = Expected {
    issuer: "https://id.northwind.example",
    client_id: "mainstay",
    nonce: "n-1",
};

fn good() -> IdClaims {
    IdClaims {
        iss: EXPECTED.issuer.to_owned(),
        sub: "248289761001".to_owned(),
        aud: Audience::One(EXPECTED.client_id.to_owned()),
        azp: None,
        exp: NOW + 300,
        iat: NOW,
        nbf: None,
        auth_time: None,
        nonce: Some(EXPECTED.nonce.to_owned()),
        email: Some("Kim@northwind.example".to_owned()),
        email_verified: Some(Truth::Said(true)),
    }
}

fn judged(claims: &IdClaims) -> Result<Vouched, IdTokenFlaw> {
    claims.vouched(EXPECTED, Timestamp::from_second(NOW).expect("a time"))
}

#[test]
fn what_holds_is_believed() {
    let vouched = judged(&good()).expect("all of it holds");
    assert_eq!(vouched.subject.issuer, EXPECTED.issuer);
    assert_eq!(vouched.subject.name, "248289761001");
    let email = vouched.email.expect("it is verified");
    assert_eq!(email.as_str(), "kim@northwind.example");
    assert_eq!(vouched.signed_in, None);
}

fn several(all: &[&str]) -> Audience {
    Audience::Several(all.iter().map(ToString::to_string).collect())
}

/// What is wrong with a token once this was changed in it.
type Case = (fn(&mut IdClaims), Option<IdTokenFlaw>);

const CASES: [Case; 12] = [
    (|claims| claims.iss.push('/'), Some(IdTokenFlaw::Issuer)),
    (
        |claims| claims.aud = Audience::One("other".into()),
        Some(IdTokenFlaw::Audience),
    ),
    (|claims| claims.aud = several(&["mainstay"]), None),
    (
        |claims| claims.aud = several(&["mainstay", "other"]),
        Some(IdTokenFlaw::Audience),
    ),
    (
        |claims| claims.aud = several(&[]),
        Some(IdTokenFlaw::Audience),
    ),
    (|claims| claims.azp = Some("mainstay".into()), None),
    (
        |claims| claims.azp = Some("other".into()),
        Some(IdTokenFlaw::Audience),
    ),
    (|claims| claims.nonce = None, Some(IdTokenFlaw::Nonce)),
    (
        |claims| claims.nonce = Some("n-2".into()),
        Some(IdTokenFlaw::Nonce),
    ),
    (
        |claims| claims.sub = String::new(),
        Some(IdTokenFlaw::Subject),
    ),
    (
        |claims| claims.sub = "x".repeat(SUBJECT_BYTES_MAX + 1),
        Some(IdTokenFlaw::Subject),
    ),
    (
        |claims| claims.sub = "k\u{131}m".into(),
        Some(IdTokenFlaw::Subject),
    ),
];

#[test]
fn each_flaw_is_named() {
    for (nth, (change, flaw)) in CASES.into_iter().enumerate() {
        let mut claims = good();
        change(&mut claims);
        assert_eq!(judged(&claims).err(), flaw, "case {nth}");
    }
}

#[test]
fn times_have_a_minute_of_leeway() {
    for (made, ends, begins, holds) in [
        (0, 300, None, true),
        (0, -59, None, true),
        (0, -60, None, false),
        (60, 300, None, true),
        (61, 300, None, false),
        (-660, 300, None, true),
        (-661, 300, None, false),
        (0, 300, Some(60), true),
        (0, 300, Some(61), false),
        (0, i64::MAX - NOW, None, false),
    ] {
        let claims = IdClaims {
            iat: NOW + made,
            exp: NOW + ends,
            nbf: begins.map(|begins| NOW + begins),
            ..good()
        };
        assert_eq!(judged(&claims).is_ok(), holds, "{made} {ends} {begins:?}");
    }
}

#[test]
fn an_address_counts_only_if_it_is_verified() {
    for (email, verified, counts) in [
        (Some("kim@x.example"), Some(Truth::Said(true)), true),
        (Some("kim@x.example"), Some(Truth::Said(false)), false),
        (Some("kim@x.example"), Some(Truth::Other(IgnoredAny)), false),
        (Some("kim@x.example"), None, false),
        (Some("kim"), Some(Truth::Said(true)), false),
        (Some("KIM@X.example"), Some(Truth::Said(true)), true),
        (Some("\u{fc}na@x.example"), Some(Truth::Said(true)), true),
        // In lower case these would be the addresses of other people.
        (Some("\u{212a}im@x.example"), Some(Truth::Said(true)), false),
        (Some("\u{dc}na@x.example"), Some(Truth::Said(true)), false),
        (None, Some(Truth::Said(true)), false),
    ] {
        let claims = IdClaims {
            email: email.map(str::to_owned),
            email_verified: verified,
            ..good()
        };
        let vouched = judged(&claims).expect("all else holds");
        assert_eq!(vouched.email.is_some(), counts, "{claims:?}");
    }
}

#[test]
fn whoever_signed_in_long_ago_did_not_do_so_anew() {
    let now = Timestamp::from_second(NOW).expect("a time");
    for (signed_in, anew) in [
        (Some(0), true),
        (Some(-360), true),
        (Some(-361), false),
        (Some(61), false),
        (None, false),
    ] {
        let claims = IdClaims {
            auth_time: signed_in.map(|ago| NOW + ago),
            ..good()
        };
        let vouched = judged(&claims).expect("all else holds");
        assert_eq!(vouched.is_anew(now), anew, "{signed_in:?}");
    }
}

#[test]
fn whoever_signed_in_before_did_not_do_so_since() {
    let then = Timestamp::from_second(NOW).expect("a time");
    for (signed_in, since) in [
        (Some(0), true),
        (Some(-60), true),
        (Some(-61), false),
        (None, false),
    ] {
        let claims = IdClaims {
            auth_time: signed_in.map(|after| NOW + after),
            ..good()
        };
        let vouched = judged(&claims).expect("all else holds");
        assert_eq!(vouched.is_since(then), since, "{signed_in:?}");
    }
}
