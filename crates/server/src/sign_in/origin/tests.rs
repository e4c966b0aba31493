//! Whom proxies name, and what clients write into their mouths.

use axum::http::HeaderValue;

use super::OriginUnknown::{NoPeer, NobodyNamed, Unclear, UnnamedProxy};
use super::*;
use crate::settings::{Asked, read};

const PROXY: &str = "10.0.0.2:40000";
const CLIENT: &str = "203.0.113.9:40000";

fn trusted() -> TrustedProxies {
    let asked = Asked {
        variables: vec![
            ("MAINSTAY_DATA".into(), "data".into()),
            (
                "MAINSTAY_TRUSTED_PROXIES".into(),
                "10.0.0.0/24, 2001:db8:5::/48".into(),
            ),
        ],
        ..Asked::default()
    };
    read(&asked).settled().unwrap().0.trusted_proxies
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn found(peer: &str, lines: &[(&str, &str)]) -> Result<Origin, OriginUnknown> {
    origin(Some(peer.parse().unwrap()), &headers(lines), &trusted())
}

fn at(address: &str) -> Result<Origin, OriginUnknown> {
    Ok(Origin::of(address.parse().unwrap()))
}

#[test]
fn a_peer_who_is_no_proxy_is_the_origin_and_may_name_nobody() {
    assert_eq!(found(CLIENT, &[]), at("203.0.113.9"));
    for header in ["Forwarded", "X-Forwarded-For"] {
        let line = [(header, "for=192.0.2.1")];
        assert_eq!(found(CLIENT, &line), Err(UnnamedProxy), "{header}");
        let nobody = origin(
            Some(PROXY.parse().unwrap()),
            &headers(&line),
            &TrustedProxies::default(),
        );
        assert_eq!(nobody, Err(UnnamedProxy), "no setting, {header}");
    }
    assert_eq!(origin(None, &headers(&[]), &trusted()), Err(NoPeer));
}

#[test]
fn the_last_foreign_address_counts() {
    let xff = |value| found(PROXY, &[("X-Forwarded-For", value)]);
    for (value, expected) in [
        ("192.0.2.1", at("192.0.2.1")),
        ("6.6.6.6, 192.0.2.1", at("192.0.2.1")),
        ("6.6.6.6, 192.0.2.1, 10.0.0.7", at("192.0.2.1")),
        ("192.0.2.1:5123", at("192.0.2.1")),
        ("[2001:db8:9::1]:5123", at("2001:db8:9::77")),
        ("2001:db8:9::1,2001:db8:5::1", at("2001:db8:9::1")),
        ("::ffff:192.0.2.1", at("192.0.2.1")),
        ("192.0.2.1,, ", at("192.0.2.1")),
        ("", Err(NobodyNamed)),
        ("10.0.0.7, 10.0.0.8", Err(NobodyNamed)),
        ("192.0.2.1, unknown", Err(NobodyNamed)),
        ("192.0.2.1, ::ffff:10.0.0.7", at("192.0.2.1")),
        ("192.0.2.1, 1.2.3", Err(NobodyNamed)),
    ] {
        assert_eq!(xff(value), expected, "{value:?}");
    }
    assert_eq!(found(PROXY, &[]), Err(NobodyNamed));
}

#[test]
fn forwarded_is_read_strictly() {
    let forwarded = |value| found(PROXY, &[("Forwarded", value)]);
    for (value, expected) in [
        ("for=192.0.2.1", at("192.0.2.1")),
        (
            "For=\"192.0.2.1:80\";proto=https;by=10.0.0.2",
            at("192.0.2.1"),
        ),
        (
            "for=6.6.6.6, for=\"[2001:db8:9::1]:47\"",
            at("2001:db8:9::1"),
        ),
        ("for=192.0.2.1,for=10.0.0.9 ; proto=http", at("192.0.2.1")),
        ("proto=https", Err(NobodyNamed)),
        ("for=_hidden", Err(NobodyNamed)),
        ("for=192.0.2.1, by=10.0.0.2", Err(NobodyNamed)),
        ("for=192.0.2.1;for=6.6.6.6", Err(Unclear)),
        ("for=", Err(Unclear)),
        ("for", Err(Unclear)),
        ("for=192.0.2.1,", Err(Unclear)),
        ("for=[2001:db8:9::1]", Err(Unclear)),
        // What a client opens doesn't close in what the proxy adds.
        ("for=6.6.6.6;x=\", for=192.0.2.1", Err(Unclear)),
        ("for=6.6.6.6;x=\", for=\"192.0.2.1\"", Err(Unclear)),
        ("for=6.6.6.6;x=\"\\\", for=\"192.0.2.1\";y=\"", Err(Unclear)),
    ] {
        assert_eq!(forwarded(value), expected, "{value:?}");
    }
}

#[test]
fn lines_are_read_in_their_order_and_two_headers_must_agree() {
    let xff = "X-Forwarded-For";
    let two = [(xff, "6.6.6.6"), (xff, "192.0.2.1")];
    assert_eq!(found(PROXY, &two), at("192.0.2.1"));
    let agree = [(xff, "192.0.2.1"), ("Forwarded", "for=192.0.2.1")];
    assert_eq!(found(PROXY, &agree), at("192.0.2.1"));
    let differ = [(xff, "192.0.2.1"), ("Forwarded", "for=6.6.6.6")];
    assert_eq!(found(PROXY, &differ), Err(Unclear));
    let empty = [(xff, "192.0.2.1"), ("Forwarded", "")];
    assert_eq!(found(PROXY, &empty), Err(NobodyNamed));
}

#[test]
fn long_headers_and_long_chains_are_refused() {
    let long = "6.6.6.6, ".repeat(HEADER_BYTES_MAX / 9 + 1) + "192.0.2.1";
    let line = [("X-Forwarded-For", &*long)];
    assert_eq!(found(PROXY, &line), Err(Unclear));
    let chain = "192.0.2.1".to_owned() + &", 10.0.0.9".repeat(HOPS_MAX);
    let line = [("X-Forwarded-For", &*chain)];
    assert_eq!(found(PROXY, &line), Err(NobodyNamed));
    let mut odd = HeaderMap::new();
    odd.insert(X_FORWARDED_FOR, HeaderValue::from_bytes(b"\xff").unwrap());
    let peer = Some(PROXY.parse().unwrap());
    assert_eq!(origin(peer, &odd, &trusted()), Err(Unclear));
}
